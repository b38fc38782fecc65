/**
 * Cuts a long text at places where the text before cannot change the result after. These are behind white space, punctuation
 * or an ideograph, if no combining mark follows. So a text is normalized and split in parts, in memory that does not grow with it.
 */
import { isPairAt } from './aligned-text.ts'
import { DECOMPOSES, IDEOGRAPH, loadFlags, MARK, PUNCTUATION, REMOVED, SPACED } from './unicode.ts'

/** The least UTF-16 units of a stretch; only the last may be shorter. */
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
    if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) continue // the second half of a pair, or a lone surrogate
    const flag = flags[text.codePointAt(at)!]!
    // QUIRK: clean_text drops some white space as control characters, and the words around it join.
    if ((before & cuts) !== 0 && ((before | flag) & changes) === 0) return at
    before = flag
    if (isPairAt(text, at)) at++
  }
  return end
}
