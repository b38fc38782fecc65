/** Checks that the scanners share. */
import { isWordAt, isWordBefore } from '../characters.ts'

/** `[start, end)` in UTF-16 units. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Whether a span is not a part of a longer word. */
export function standsAlone(text: string, start: number, end: number): boolean {
  return (
    !isWordBefore(text, start) && !isWordAt(text, end) && text.charAt(start - 1) !== '_' && text.charAt(end) !== '_'
  )
}

/** The end of the characters from a place on that pass a check; at most `most` of them. */
export function runEnd(text: string, from: number, is: (unit: number) => boolean, most = Infinity): number {
  const last = Math.min(text.length, from + most)
  let end = from
  while (end < last && is(text.charCodeAt(end))) end++
  return end
}

/**
 * Spans that begin at the places which `begins` says. `read` gives the end of one, or undefined; it looks at a bounded
 * number of characters.
 */
export function scan(
  text: string,
  begins: (unit: number) => boolean,
  read: (at: number) => number | undefined,
): Span[] {
  const found: Span[] = []
  for (let at = 0; at < text.length;) {
    const end = begins(text.charCodeAt(at)) ? read(at) : undefined
    if (end !== undefined) found.push({ start: at, end })
    at = end ?? at + 1
  }
  return found
}

/** A number written in `[from, to)`, which holds digits alone. */
export function numberAt(text: string, from: number, to: number): number {
  return Number(text.slice(from, to))
}

/** Spaces, ordinary or not to be broken, and hyphens, also the one that is not to be broken. */
export function isGap(unit: number): boolean {
  return unit === 0x20 || unit === 0xa0 || unit === 0x202f || unit === 0x2d || unit === 0x2011
}
