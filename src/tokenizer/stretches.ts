/**
 * Cuts a long text where nothing that stands before can change what comes after: behind white space, punctuation or an ideograph,
 * if no combining mark follows. So a text is normalized and split in parts, in memory that does not grow with it.
 */
import { isPairAt } from './aligned-text.ts'
import { DECOMPOSES, IDEOGRAPH, loadFlags, MARK, PUNCTUATION, REMOVED, SPACED } from './unicode.ts'

/** A stretch has at least so many UTF-16 units, but for the last. */
const LEAST = 2 ** 15

/** Texts up to this are not cut. */
export const SHORT = 2 * LEAST

/** The end of the stretch of `text.slice(start, end)` that begins at `start`. */
export function endOfStretch(text: string, start: number, end: number, splitsIdeographs: boolean): number {
  if (end - start <= SHORT) return end
  const flags = loadFlags()
  const cuts = PUNCTUATION | SPACED | (splitsIdeographs ? IDEOGRAPH : 0)
  const changes = REMOVED | MARK | DECOMPOSES
  let before = 0
  for (let at = start + LEAST; at < end; at++) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) continue // the second half of a pair, or a character of no kind
    const flag = flags[text.codePointAt(at)!]!
    // QUIRK: some white space is dropped by clean_text as a control character, and the words around it join.
    if ((before & cuts) !== 0 && ((before | flag) & changes) === 0) return at
    before = flag
    if (isPairAt(text, at)) at++
  }
  return end
}
