/**
 * One line of a CoNLL file → its columns. They stand apart by single tabs if the line has one (so a word may hold a space), else
 * by runs of spaces. Spaces around a column, and tabs, spaces and `\r` at the end of the line, belong to none.
 */

export interface Row {
  /** 0 for a blank line. */
  readonly columns: number
  readonly first: string
  readonly second: string
  /** The last column. */
  readonly tag: string
}

const TAB = 0x09
const SPACE = 0x20
const RETURN = 0x0d
const BLANK: Row = { columns: 0, first: '', second: '', tag: '' }

/** No list of columns is made: this runs for every word, and such lists would cost more than all of the scoring. */
export function splitLine(line: string): Row {
  const from = skipSpaces(line, 0)
  const to = endOf(line)
  if (from >= to) return BLANK
  const tab = line.indexOf('\t', from)
  const separator = tab >= 0 && tab < to ? TAB : SPACE
  let columns = 1
  let firstEnd = to
  let secondStart = to
  let secondEnd = to
  let lastStart = from
  for (let i = from; i < to; i++) {
    // Of a run of spaces, only the last one counts.
    if (line.charCodeAt(i) !== separator || (separator === SPACE && line.charCodeAt(i + 1) === SPACE)) continue
    if (columns === 1) {
      firstEnd = i
      secondStart = i + 1
    } else if (columns === 2) {
      secondEnd = i
    }
    columns++
    lastStart = i + 1
  }
  return {
    columns,
    first: trimmed(line, from, firstEnd),
    second: trimmed(line, secondStart, secondEnd),
    tag: trimmed(line, lastStart, to),
  }
}

/** Spaces only. Not `trim`: a no-break space may well be a word of the corpus. */
function trimmed(line: string, from: number, to: number): string {
  let end = to
  while (end > from && line.charCodeAt(end - 1) === SPACE) end--
  return line.slice(skipSpaces(line, from), end)
}

function skipSpaces(line: string, from: number): number {
  let i = from
  while (line.charCodeAt(i) === SPACE) i++
  return i
}

function endOf(line: string): number {
  let end = line.length
  for (; end > 0; end--) {
    const unit = line.charCodeAt(end - 1)
    if (unit !== SPACE && unit !== TAB && unit !== RETURN) break
  }
  return end
}

/** The lines of a text, in order. Line ends are `\n`, or `\r` in a file that has no other, as old Macs wrote them. */
export function* linesOf(text: string): Generator<string, void, undefined> {
  const lineEnd = text.includes('\n') ? '\n' : '\r'
  for (let start = text.startsWith('\uFEFF') ? 1 : 0; start < text.length;) {
    const found = text.indexOf(lineEnd, start)
    const end = found === -1 ? text.length : found
    yield text.slice(start, end)
    start = end + 1
  }
}
