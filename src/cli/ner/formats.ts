/** How entities are printed: a format turns one text and its entities into characters, one after the other. */
import { labelOf, type Entity } from '../../ner/entity.ts'
import { Ledger } from '../../redact/ledger.ts'
import { redactWith } from '../../redact/redact.ts'
import { escapeControls, escapeHtml, escapeJson, isControl, showControls } from '../../escape.ts'
import { markAnsi, render } from '../../redact/render.ts'
import { stretches } from '../../redact/spans.ts'
import type { Tokenizer } from '../../tokenizer/tokenizer.ts'
import type { Format } from './flags.ts'
import type { Item } from './inputs.ts'
import { withField } from './json-line.ts'

export interface Printer {
  readonly begin?: string
  print(item: Item, entities: readonly Entity[]): string
  end?(): string
  /** If the work ends early: what makes the output whole. */
  abandon?(): string
}

export interface PrinterOptions {
  readonly isSingle: boolean
  readonly colour: boolean
  /** A terminal never gets a control character. A file or a pipe gets those of the text if the format copies it. */
  readonly isTerminal: boolean
  /** Finds the words of a text. */
  readonly tokenizer: Tokenizer
}

export function createPrinter(format: Format, options: PrinterOptions): Printer {
  const { isSingle, colour, isTerminal, tokenizer } = options
  switch (format) {
    case 'pretty':
      return pretty(colour)
    case 'json':
      return isSingle
        ? { print: (_, entities) => `${escapeJson(JSON.stringify(entities, undefined, 2))}\n` }
        : jsonList()
    case 'jsonl':
      return { print: (item, entities) => jsonLine(item, entities, isTerminal) }
    case 'conll':
      return { print: ({ text }, entities) => conll(text, entities, tokenizer) }
    case 'html':
      return {
        begin: '<!doctype html>\n<meta charset="utf-8">\n<title>Entities</title>\n',
        print: ({ text, file }, entities) =>
          `${file === undefined || isSingle ? '' : `<h2>${escapeHtml(escapeControls(file))}</h2>\n`}${render(text, entities, 'html')}\n`,
      }
    case 'redacted': {
      const ledger = new Ledger([], false) // One numbering for all lines and files of a run.
      return {
        print({ text }, entities) {
          const redacted = ended(redactWith(ledger, text, entities))
          return isTerminal ? showControls(redacted) : redacted
        },
      }
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

function jsonList(): Printer {
  let separator = ''
  return {
    begin: '[',
    print(_, entities) {
      const before = `${separator}\n  `
      separator = ','
      return before + escapeJson(JSON.stringify(entities))
    },
    end: () => '\n]\n',
    abandon: () => '\n]\n',
  }
}

/** With `--jsonl` the object as it was written, to the letter, with one more field: numbers and order stay what they are. */
function jsonLine({ text, file, json }: Item, entities: readonly Entity[], isTerminal: boolean): string {
  if (json === undefined) {
    return `${escapeJson(JSON.stringify({ ...(file === undefined ? {} : { file }), text, entities }))}\n`
  }
  const line = withField(json, 'entities', escapeJson(JSON.stringify(entities)))
  return `${isTerminal ? escapeJson(line) : line}\n`
}

/** A word and its IOB2 tag on each line, an empty line after each text. Words are those of the tokenizer. */
function conll(text: string, entities: readonly Entity[], tokenizer: Tokenizer): string {
  const sorted = [...entities].sort((a, b) => a.start - b.start)
  let next = 0
  let lines = ''
  let last: Entity | undefined
  for (const [start, end] of wordsOf(text, tokenizer)) {
    while (next < sorted.length && (sorted[next]?.end ?? 0) <= start) next++
    const entity = sorted[next]
    const isInside = entity !== undefined && entity.start < end
    lines += `${wordOf(text, start, end)} ${isInside ? tagOf(entity, entity === last) : 'O'}\n`
    last = isInside ? entity : undefined
  }
  return `${lines}\n`
}

/** A token's label is a tag already; a group's label gets its prefix here. Without spaces, which part columns. */
function tagOf(entity: Entity, goesOn: boolean): string {
  const label = escapeControls(labelOf(entity)).replaceAll(/\s/g, '_')
  if ('entity' in entity || label === 'O') return label
  return `${goesOn ? 'I' : 'B'}-${label}`
}

function wordsOf(text: string, tokenizer: Tokenizer): [start: number, end: number][] {
  const words: [number, number][] = []
  const { offsets, wordIds } = tokenizer.encode(text)
  let last: number | null = null
  for (const [i, [start, end]] of offsets.entries()) {
    const id = wordIds[i] ?? null
    const word = words.at(-1)
    if (id !== null && id === last && word) word[1] = end
    else if (id !== null) words.push([start, end])
    last = id
  }
  return words
}

/** Controls inside a word, which the tokenizer passes over, would break the columns. */
function wordOf(text: string, start: number, end: number): string {
  const visible = Array.from(text.slice(start, end), char =>
    char.trim() === '' || isControl(char.charCodeAt(0)) ? '' : char,
  )
  return visible.join('') || '_'
}
