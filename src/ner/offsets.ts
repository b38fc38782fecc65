/** UTF-16 offsets → code point offsets, for those who hand them to Python. */

/** Rewrites `start` and `end` of every span, which lie in any order, in one pass over the text. */
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

/** Code points in `text.slice(start, end)`; a surrogate without its other half counts as one. */
export function codePoints(text: string, start: number, end: number): number {
  let count = 0
  for (let i = start; i < end; count++) i += text.codePointAt(i)! > 0xffff && i + 1 < end ? 2 : 1
  return count
}
