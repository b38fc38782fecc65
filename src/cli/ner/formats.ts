/** How entities are printed: a format turns one text and its entities into characters, one after the other. */
import { labelOf, type Entity } from '../../ner/entity.ts'
import { toCodePoints } from '../../ner/offsets.ts'
import { Ledger } from '../../redact/ledger.ts'
import { redactWith } from '../../redact/redact.ts'
import { escapeControls, escapeHtml, escapeJson, isControl, showControls } from '../../escape.ts'
import { markAnsi, render } from '../../redact/render.ts'
import { stretches } from '../../redact/spans.ts'
import type { EncodeOptions, Tokenizer } from '../../tokenizer/tokenizer.ts'
import type { Format } from './flags.ts'
import type { Item } from './inputs.ts'
import { onlyFields, withField, withoutField } from './json-line.ts'

export interface Printer {
  readonly begin?: string
  /** In pieces if there may be so many entities that all of it would not fit into memory. */
  print(item: Item, entities: readonly Entity[]): string | Iterable<string>
  end?(): string
  /** If the work ends early: what makes the output whole. */
  abandon?(): string
}

export interface PrinterOptions {
  readonly isSingle: boolean
  readonly colour: boolean
  /** A terminal never gets a control character. A file or a pipe gets those of an object that --jsonl copies. */
  readonly isTerminal: boolean
  /** Finds the words of a text. */
  readonly tokenizer: Tokenizer
  readonly specialTokens?: EncodeOptions['specialTokens'] | undefined
  readonly fields?: readonly string[] | undefined
  readonly offsetUnit?: 'codepoint' | 'utf16' | undefined
}

export function createPrinter(format: Format, options: PrinterOptions): Printer {
  const { isSingle, colour, tokenizer } = options
  const counted = (text: string, entities: readonly Entity[]): readonly Entity[] => {
    if (options.offsetUnit !== 'codepoint') return entities
    const copies = entities.map(entity => ({ ...entity }))
    toCodePoints(text, copies)
    return copies
  }
  switch (format) {
    case 'pretty':
      return pretty(colour)
    case 'json':
      return isSingle ? { print: ({ text }, entities) => jsonPretty(counted(text, entities)) } : jsonList(counted)
    case 'jsonl':
      return { print: (item, entities) => jsonLine(item, counted(item.text, entities), options) }
    case 'conll':
      return { print: ({ text }, entities) => conll(text, entities, tokenizer, options) }
    case 'html':
      return {
        begin: '<!doctype html>\n<meta charset="utf-8">\n<title>Entities</title>\n',
        print: ({ text, file }, entities) =>
          `${file === undefined || isSingle ? '' : `<h2>${escapeHtml(escapeControls(file))}</h2>\n`}${render(text, entities, 'html')}\n`,
      }
    case 'redacted': {
      const ledger = new Ledger([], false) // One numbering for all lines and files of a run.
      // For eyes, as all formats are: a pipe may lead to a terminal. `bert-ner redact` gives the text itself.
      return { print: ({ text }, entities) => showControls(ended(redactWith(ledger, text, entities))) }
    }
  }
}

/** With exactly one line break at its end, whether the text had one or not. */
function ended(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}

/** The text with its entities marked, and at the end what marks there were, and how often. */
function pretty(colour: boolean): Printer {
  const counts = new Map<string, number>()
  let lastFile: string | undefined
  return {
    print({ text, file }, entities) {
      for (const entity of entities) counts.set(labelOf(entity), (counts.get(labelOf(entity)) ?? 0) + 1)
      const heading = file === lastFile || file === undefined ? '' : `==> ${escapeControls(file)} <==\n`
      lastFile = file
      return heading + ended(colour ? render(text, entities, 'ansi') : withBrackets(text, entities))
    },
    end() {
      if (counts.size === 0) return '\nno entities\n'
      const legend = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      const entry = ([label, count]: [string, number]) =>
        colour ? markAnsi(String(count), label) : `${escapeControls(label)} ${count}`
      return `\n${legend.map(entry).join('  ')}\n`
    },
  }
}

/** `[Berlin LOC]`: what `pretty` does without colours. */
function withBrackets(text: string, entities: readonly Entity[]): string {
  return stretches(text, entities)
    .map(part => (part.entity ? `[${showControls(part.text)} ${escapeControls(part.label)}]` : showControls(part.text)))
    .join('')
}

function jsonList(counted: (text: string, entities: readonly Entity[]) => readonly Entity[]): Printer {
  let separator = ''
  return {
    begin: '[',
    print({ text }, entities) {
      const before = `${separator}\n  `
      separator = ','
      return before + escapeJson(JSON.stringify(counted(text, entities)))
    },
    end: () => '\n]\n',
    abandon: () => '\n]\n',
  }
}

/** With `--jsonl` the object as it was written, to the letter, with one more field: numbers and order stay what they are. */
function* jsonLine(item: Item, entities: readonly Entity[], options: PrinterOptions): Generator<string> {
  const { text, file, json, error, line: number } = item
  const { fields, isTerminal } = options
  if (error) {
    const value = escapeJson(JSON.stringify({ code: error.code, message: error.message }))
    const whole = json === undefined ? undefined : withField(withoutField(json, 'entities'), 'error', value)
    const kept = whole !== undefined && fields ? onlyFields(whole, [...fields, 'error']) : whole
    const line = kept ?? `{"error":${value},"line":${number}}`
    yield `${isTerminal ? escapeJson(line) : line}\n`
    return
  }
  if (json === undefined && fields === undefined) {
    const before = escapeJson(JSON.stringify({ ...(file === undefined ? {} : { file }), text }))
    yield `${before.slice(0, -1)},"entities":[`
    for (const [i, entity] of entities.entries()) yield `${i === 0 ? '' : ','}${escapeJson(JSON.stringify(entity))}`
    yield ']}\n'
    return
  }
  const object = json ?? escapeJson(JSON.stringify({ ...(file === undefined ? {} : { file }), text }))
  const whole = withField(object, 'entities', escapeJson(JSON.stringify(entities)))
  const line = fields ? onlyFields(whole, fields) : whole
  yield `${isTerminal ? escapeJson(line) : line}\n`
}

/** As `JSON.stringify(entities, undefined, 2)`, one entity after the other. */
function* jsonPretty(entities: readonly Entity[]): Generator<string> {
  if (entities.length === 0) yield '['
  for (const [i, entity] of entities.entries()) {
    const json = escapeJson(JSON.stringify(entity, undefined, 2))
    yield `${i === 0 ? '[' : ','}\n  ${json.replaceAll('\n', '\n  ')}`
  }
  yield entities.length === 0 ? ']\n' : '\n]\n'
}

/** A word and its IOB2 tag on each line, an empty line after each text. Words are those of the tokenizer. */
function* conll(
  text: string,
  entities: readonly Entity[],
  tokenizer: Tokenizer,
  how: Pick<PrinterOptions, 'specialTokens'>,
): Generator<string> {
  const sorted = [...entities].sort((a, b) => a.start - b.start)
  let next = 0
  let last: Entity | undefined
  for (const [start, end] of wordsOf(text, tokenizer, how)) {
    while (next < sorted.length && (sorted[next]?.end ?? 0) <= start) next++
    const entity = sorted[next]
    const isInside = entity !== undefined && entity.start < end
    yield `${wordOf(text, start, end)} ${isInside ? tagOf(entity, entity === last) : 'O'}\n`
    last = isInside ? entity : undefined
  }
  yield '\n'
}

/** A token's label is a tag already; a group's label gets its prefix here. Without spaces, which part columns. */
function tagOf(entity: Entity, goesOn: boolean): string {
  const label = escapeControls(labelOf(entity)).replaceAll(/\s/g, '_')
  if ('entity' in entity || label === 'O') return label
  return `${goesOn ? 'I' : 'B'}-${label}`
}

function* wordsOf(
  text: string,
  tokenizer: Tokenizer,
  { specialTokens }: Pick<PrinterOptions, 'specialTokens'>,
): Generator<[start: number, end: number]> {
  const stretches = tokenizer.encodeCompact(text, specialTokens === undefined ? {} : { specialTokens })
  let next = stretches.next()
  while (!next.done) next = stretches.next()
  const { length, starts, ends, wordIds } = next.value
  for (let from = 0, to = 1; from < length; from = to++) {
    while (to < length && wordIds[to] === wordIds[from]) to++
    yield [starts[from] ?? 0, ends[to - 1] ?? 0]
  }
}

/** Controls inside a word, which the tokenizer passes over, would break the columns. */
function wordOf(text: string, start: number, end: number): string {
  const visible = Array.from(text.slice(start, end), char =>
    char.trim() === '' || isControl(char.charCodeAt(0)) ? '' : char,
  )
  return visible.join('') || '_'
}
