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
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE)
    if (end < 0) {
      rest.push(chunk)
      held += chunk.length
      if (held > MOST_BYTES) throw tooLong(`${name}, line ${number + 1}`)
      continue
    }
    const block = Buffer.concat([...rest, chunk.subarray(0, end)])
    rest = [chunk.subarray(end + 1)]
    held = chunk.length - end - 1
    yield* linesOf(block)
  }
  const block = Buffer.concat(rest)
  if (block.length > 0) yield* linesOf(block, '')

  function* linesOf(block: Buffer, ending = '\n'): Generator<Line> {
    for (const line of decodeLines(block, name, number)) {
      bytes += Buffer.byteLength(line) + 1
      checked(line, `${name}, line ${number + 1}`)
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

/** Lines that stand before a wrong byte come through. */
function* decodeLines(block: Buffer, name: string, linesBefore: number): Generator<string> {
  const good = isUtf8(block) ? block : block.subarray(0, startOfBadLine(block))
  const lines = decode(good, linesBefore === 0).split('\n')
  // In front of a bad line stands a line break, which ends the last good one.
  if (good !== block) lines.pop()
  yield* lines
  if (good !== block) throw notUtf8(name, linesBefore + lines.length + 1, linesBefore === 0 && hasUtf16Mark(block))
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
