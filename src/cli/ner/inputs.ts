/** Reads texts out of arguments, files or standard input: whole, by line, or out of JSON objects. */
import { createReadStream, fstatSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { OptionError, SourceError } from '../../errors.ts'
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
  /** Bytes of all inputs that have been read once this text is through. */
  readonly bytes: number
}

/** The options that say where texts come from. */
export type InputFlags = Pick<NerFlags, 'file' | 'lines' | 'jsonl'>

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

async function* itemsOf(inputs: readonly Input[], { lines, jsonl }: InputFlags): AsyncGenerator<Item> {
  let before = 0
  for (const input of inputs) {
    const origin = input.file === undefined ? {} : { file: input.file }
    if (lines !== true && jsonl === undefined) {
      const text = await readText(input.open(), input.name)
      before += Buffer.byteLength(text)
      yield { text, bytes: before, ...origin }
      continue
    }
    let bytes = 0
    for await (const line of readLines(input.open(), input.name)) {
      bytes = line.bytes
      if (jsonl === undefined) yield { text: line.text, ending: line.ending, bytes: before + bytes, ...origin }
      // Blank lines between objects mean nothing, as in all readers of JSON lines.
      else if (line.text.trim() !== '') {
        const text = fieldOf(line, jsonl, input.name)
        yield { text, json: line.text, bytes: before + bytes, ...origin }
      }
    }
    before += bytes
  }
}

function fieldOf(line: Line, field: string, name: string): string {
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
  const text = new Map<string, unknown>(Object.entries(value)).get(field)
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
