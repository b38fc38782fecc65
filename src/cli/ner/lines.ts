/**
 * Bytes → lines, in memory that does not depend on how many there are. UTF-8 is read strictly: a wrong byte would shift
 * offsets and change names in silence, so it is an error that names the line.
 */
import { isUtf8 } from 'node:buffer'
import { SourceError } from '../../errors.ts'
import { gather } from '../input.ts'
import { longestText } from '../../limits.ts'

export interface Line {
  readonly text: string
  /** The end of the line: a line feed, with a carriage return before it or not, or nothing, at the end of a file. */
  readonly ending: string
  /** From 1. */
  readonly number: number
  /** Bytes up to and with this line. */
  readonly bytes: number
  /** Why the line is no text; then `text` is empty. */
  readonly error?: SourceError
}

/** Bytes of a text that is read on, at most: a UTF-16 unit has three at most. How many units there are is seen once it is read. */
const MOST_BYTES = 3 * longestText('entities')

const NEWLINE = 0x0a
// A mark at the beginning of the file is taken off by hand: a decoder would look for one in every block.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** `name`: what to call the input in a message. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Line> {
  let number = 0
  let bytes = 0
  let rest: Uint8Array[] = []
  let held = 0
  let isSkipping = false
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE)
    if (end < 0) {
      held += chunk.length
      if (isSkipping) bytes += chunk.length
      else rest.push(chunk)
      if (!isSkipping && held > MOST_BYTES) {
        // Told at once: an input without a line break may have no end. The remainder of the line is passed over.
        isSkipping = true
        rest = []
        bytes += held
        yield { text: '', ending: '\n', number: ++number, bytes, error: tooLong(`${name}, line ${number}`) }
      }
      continue
    }
    const from = isSkipping ? chunk.indexOf(NEWLINE) + 1 : 0
    bytes += from
    isSkipping = false
    const block = Buffer.concat([...rest, chunk.subarray(from, Math.max(from, end))])
    rest = [chunk.subarray(end + 1)]
    held = chunk.length - end - 1
    if (from <= end) yield* linesOf(block)
  }
  const block = Buffer.concat(rest)
  if (block.length > 0) yield* linesOf(block, '')

  function* linesOf(block: Buffer, ending = '\n'): Generator<Line> {
    for (const { line, length } of decodeLines(block, number === 0)) {
      bytes += length + 1
      const subject = `${name}, line ${number + 1}`
      if (line === undefined || line.length > longestText('entities')) {
        const isUtf16 = number === 0 && hasUtf16Mark(block)
        const error = line === undefined ? notUtf8(name, number + 1, isUtf16) : tooLong(subject)
        yield { text: '', ending, number: ++number, bytes, error }
        continue
      }
      const isCarried = line.endsWith('\r')
      const text = isCarried ? line.slice(0, -1) : line
      yield { text, ending: isCarried ? `\r${ending}` : ending, number: ++number, bytes }
    }
  }
}

/** The whole of an input as one text. */
export async function readText(chunks: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const block = await gather(chunks, MOST_BYTES, () => tooLong(name))
  if (isUtf8(block)) return checked(decode(block, true), name)
  const line = 1 + block.subarray(0, startOfBadLine(block)).filter(byte => byte === NEWLINE).length
  throw notUtf8(name, line, hasUtf16Mark(block))
}

/** The lines of a block and their bytes; `line` is undefined where they are no UTF-8. */
function* decodeLines(block: Buffer, isBeginning: boolean): Generator<{ line: string | undefined; length: number }> {
  if (isUtf8(block)) {
    for (const line of decode(block, isBeginning).split('\n')) yield { line, length: Buffer.byteLength(line) }
    return
  }
  for (let start = 0; start <= block.length;) {
    const newline = block.indexOf(NEWLINE, start)
    const bytes = block.subarray(start, newline < 0 ? block.length : newline)
    yield { line: isUtf8(bytes) ? decode(bytes, isBeginning && start === 0) : undefined, length: bytes.length }
    start += bytes.length + 1
  }
}

/** The mark that Windows programs put in front of UTF-16 text. */
function hasUtf16Mark([first, second]: Buffer): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}

function decode(block: Buffer, isBeginning: boolean): string {
  const text = decoder.decode(block)
  return isBeginning && text.startsWith('\ufeff') ? text.slice(1) : text
}

function startOfBadLine(block: Buffer): number {
  for (let start = 0; ;) {
    const newline = block.indexOf(NEWLINE, start)
    if (newline < 0 || !isUtf8(block.subarray(start, newline))) return start
    start = newline + 1
  }
}

function notUtf8(name: string, line: number, isUtf16: boolean): SourceError {
  return new SourceError({
    code: 'SOURCE_NOT_UTF8',
    subject: `${name}, line ${line}`,
    expected: 'text in UTF-8',
    found: 'a byte that is no part of it',
    nextStep: `Convert it first, e.g. iconv -f ${isUtf16 ? 'utf-16' : 'latin1'} -t utf-8.`,
  })
}

/** Of the whole of a file, where its size is known. */
export function checkSize(bytes: number, subject: string): void {
  if (bytes > MOST_BYTES) throw tooLong(subject)
}

function checked(text: string, subject: string): string {
  if (text.length > longestText('entities')) throw tooLong(subject)
  return text
}

function tooLong(subject: string): SourceError {
  const most = (longestText('entities') / 1e6).toFixed(1)
  return new SourceError({
    code: 'SOURCE_TEXT_TOO_LONG',
    subject,
    expected: `a text of at most ${most} million characters, ${most} MB of ASCII, for which there is memory`,
    found: 'a longer one',
    nextStep: 'Cut it into files or, for --lines, into lines; NODE_OPTIONS=--max-old-space-size=8192 makes more room.',
  })
}
