/** Converts UTF-16 offsets to code point offsets, which Python uses. */

/** Converts `start` and `end` of every span in place, in one pass over the text. Spans may come in any order. */
export function toCodePoints(text: string, spans: readonly { start: number; end: number }[]): void {
  const ends = [...new Set(spans.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b)
  const counted = new Map<number, number>()
  let at = 0
  let count = 0
  for (const end of ends) {
    count += codePoints(text, at, end)
    at = end
    counted.set(end, count)
  }
  for (const span of spans) {
    span.start = counted.get(span.start)!
    span.end = counted.get(span.end)!
  }
}

/** Counts the code points in `text.slice(start, end)`. A lone surrogate counts as one. */
export function codePoints(text: string, start: number, end: number): number {
  let count = 0
  for (let i = start; i < end; count++) i += text.codePointAt(i)! > 0xffff && i + 1 < end ? 2 : 1
  return count
}
