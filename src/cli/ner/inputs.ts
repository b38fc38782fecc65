/** Reads texts out of arguments, files or standard input: whole, by line, or out of JSON objects. */
import { createReadStream, fstatSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { OptionError, SourceError } from '../../errors.ts'
import { codePoints } from '../../ner/offsets.ts'
import type { NerFlags } from './flags.ts'
import { checkSize, readLines, readText, type Line } from './lines.ts'

/** One text on its way to its entities. */
export interface Item {
  readonly text: string
  /** With `--lines`: what ended the line. */
  readonly ending?: string
  /** The file it came from, if files were named. */
  readonly file?: string
  /** With `--jsonl`: the line as it stands in the input. */
  readonly json?: string
  /** Why a line has no entities, unless that ends the run; `text` is empty then. */
  readonly error?: SourceError
  /** With `error`: the line's number, from 1. */
  readonly line?: number
  /** Bytes of all inputs that have been read once this text is through. */
  readonly bytes: number
}

/** The options that say where texts come from. */
export type InputFlags = Pick<NerFlags, 'file' | 'lines' | 'jsonl' | 'onError' | 'maxChars' | 'offsetUnit'>

export interface Inputs {
  readonly items: AsyncIterable<Item>
  /** Whether there is just one text, whatever it holds. */
  readonly isSingle: boolean
  /** Bytes in all inputs; undefined if that is not known before they end. */
  readonly bytes: number | undefined
}

export async function openInputs(words: readonly string[], flags: InputFlags): Promise<Inputs> {
  const byLine = flags.lines === true || flags.jsonl !== undefined
  if (words.length > 0) {
    const text = words.join(' ')
    const bytes = Buffer.byteLength(text)
    // An argument is read as a line or an object too, so that --lines and --jsonl can be tried out.
    return { items: itemsOf([argument(text)], flags), isSingle: !byLine, bytes }
  }
  const paths = flags.file ?? ['-']
  const sizes = await Promise.all(paths.map(sizeOf))
  // Before a model is loaded: what is too long for a text is known by its size.
  for (const [i, path] of byLine ? [] : paths.entries())
    checkSize(sizes[i] ?? 0, path === '-' ? 'standard input' : path)
  return {
    items: itemsOf(
      paths.map((path, i) => fileInput(path, sizes[i], flags.file !== undefined)),
      flags,
    ),
    isSingle: !byLine && paths.length === 1,
    bytes: sizes.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0),
  }
}

interface Input {
  readonly name: string
  readonly file?: string
  open(): AsyncIterable<Uint8Array>
}

function argument(text: string): Input {
  return {
    name: 'the text',
    async *open() {
      yield await Promise.resolve(Buffer.from(text))
    },
  }
}

function fileInput(path: string, size: number | undefined, isNamed: boolean): Input {
  const isStandard = path === '-'
  return {
    name: isStandard ? 'standard input' : path,
    ...(isNamed ? { file: path } : {}),
    open: () =>
      isStandard ? process.stdin : createReadStream(path, { highWaterMark: size === undefined ? 65536 : 262144 }),
  }
}

/** The size in bytes, if it is known. Fails at once for a file that is not there, before a model is loaded. */
async function sizeOf(path: string): Promise<number | undefined> {
  const info = path === '-' ? fstatSync(0) : await stat(path)
  if (info.isDirectory()) {
    throw new OptionError({
      code: 'OPTION_FILE',
      subject: path === '-' ? 'standard input' : path,
      expected: 'a file with text',
      found: 'a folder',
      nextStep: 'Name the files in it; a model folder is named with --model.',
    })
  }
  return info.isFile() ? info.size : undefined
}

async function* itemsOf(inputs: readonly Input[], flags: InputFlags): AsyncGenerator<Item> {
  const { lines, jsonl } = flags
  let before = 0
  for (const input of inputs) {
    const origin = input.file === undefined ? {} : { file: input.file }
    if (lines !== true && jsonl === undefined) {
      const text = await readText(input.open(), input.name)
      checkChars(text, flags, input.name)
      before += Buffer.byteLength(text)
      yield { text, bytes: before, ...origin }
      continue
    }
    let bytes = 0
    for await (const line of readLines(input.open(), input.name)) {
      bytes = line.bytes
      // Blank lines between objects mean nothing, as in all readers of JSON lines.
      if (jsonl !== undefined && line.error === undefined && line.text.trim() === '') continue
      yield { ...itemOf(line, flags, input.name), bytes: before + bytes, ...origin }
    }
    before += bytes
  }
}

function itemOf(line: Line, flags: InputFlags, name: string): Omit<Item, 'bytes'> {
  let object: object | undefined
  try {
    if (line.error) throw line.error
    if (flags.jsonl !== undefined) object = objectOf(line, name)
    const text = object === undefined ? line.text : fieldOf(object, flags.jsonl ?? '', line, name)
    checkChars(text, flags, `${name}, line ${line.number}`)
    return object === undefined ? { text, ending: line.ending } : { text, json: line.text }
  } catch (error) {
    if (!(error instanceof SourceError) || (flags.onError ?? 'fail') === 'fail') throw error
    return { text: '', error, line: line.number, ...(object === undefined ? {} : { json: line.text }) }
  }
}

function checkChars(text: string, { maxChars, offsetUnit }: InputFlags, subject: string): void {
  if (maxChars === undefined || text.length <= maxChars) return
  const found = offsetUnit === 'codepoint' ? codePoints(text, 0, text.length) : text.length
  if (found <= maxChars) return
  throw new SourceError({
    code: 'SOURCE_MAX_CHARS',
    subject,
    expected: `a text of at most ${maxChars} characters`,
    found: `${found}`,
    nextStep: 'Cut the text, or raise --max-chars.',
  })
}

function objectOf(line: Line, name: string): object {
  let value: unknown
  try {
    value = JSON.parse(line.text)
  } catch (cause) {
    throw wrongLine(line, name, 'one JSON object', 'something that is no JSON', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongLine(
      line,
      name,
      'one JSON object',
      Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`,
    )
  }
  return value
}

/** The text in a key of exactly this name, or else at the end of a path whose keys are parted by dots. */
function fieldOf(object: object, field: string, line: Line, name: string): string {
  let text: unknown = object
  for (const key of Object.hasOwn(object, field) ? [field] : field.split('.')) {
    const isObject = typeof text === 'object' && text !== null && !Array.isArray(text) && Object.hasOwn(text, key)
    text = isObject ? (text as Record<string, unknown>)[key] : undefined
  }
  if (typeof text === 'string') return text
  const expected = `a text in field ${JSON.stringify(field)}`
  throw wrongLine(
    line,
    name,
    expected,
    text === undefined ? 'no such field' : text === null ? 'null' : `a ${typeof text}`,
  )
}

function wrongLine(line: Line, name: string, expected: string, found: string, cause?: unknown): SourceError {
  return new SourceError({
    code: 'SOURCE_JSONL',
    subject: `${name}, line ${line.number}`,
    expected,
    found,
    nextStep: 'Each line has to be an object with the text in the field that --jsonl names.',
    ...(cause === undefined ? {} : { cause }),
  })
}
