/** Where a character, as a reader sees it, ends, and what counts as a part of a word. */

/** Letters, digits and their marks. Joiners count, for they stand inside words. */
const WORD = /^[\p{L}\p{N}\p{M}\u200c\u200d]$/u
const SPACE = /^\s$/u
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u

/** Whether a UTF-16 unit of ASCII is a letter or a digit. */
export function isAlphanumeric(unit: number): boolean {
  return isDigit(unit) || isLetter(unit)
}

export function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39
}

/** ASCII letters. */
export function isLetter(unit: number): boolean {
  return (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a)
}

export function isHex(unit: number): boolean {
  return isDigit(unit) || (unit >= 0x41 && unit <= 0x46) || (unit >= 0x61 && unit <= 0x66)
}

/** Whether the character at a place, of any script, is part of a word; false outside of the text. */
export function isWordAt(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  if (unit < 0x80) return isAlphanumeric(unit)
  return at >= 0 && at < text.length && WORD.test(characterAt(text, at))
}

/** Whether the character before a place is part of a word. */
export function isWordBefore(text: string, at: number): boolean {
  return isWordAt(text, isLow(text.charCodeAt(at - 1)) && isHigh(text.charCodeAt(at - 2)) ? at - 2 : at - 1)
}

export function isSpaceAt(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d)
  return at < text.length && SPACE.test(text.charAt(at))
}

/** Whether there is more in a text than marks, spaces and punctuation. */
export function hasLetterOrDigit(text: string): boolean {
  return LETTER_OR_DIGIT.test(text)
}

/** The words of a text: whatever stands between characters that are none. */
export function wordRanges(text: string): { start: number; end: number }[] {
  const words: { start: number; end: number }[] = []
  let start = -1
  for (let i = 0; i <= text.length;) {
    const isWord = isWordAt(text, i)
    if (isWord && start < 0) start = i
    else if (!isWord && start >= 0) {
      words.push({ start, end: i })
      start = -1
    }
    i += isWord ? characterAt(text, i).length : 1
  }
  return words
}

/** The code point at a place, as a string; at the second half of a pair, that half. */
export function characterAt(text: string, at: number): string {
  return isHigh(text.charCodeAt(at)) && isLow(text.charCodeAt(at + 1)) ? text.slice(at, at + 2) : text.charAt(at)
}

export function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}

const ZWJ = '\u200d'
/** Combining marks with variation selectors, the joiners, skin tones, and the tags that spell a flag. */
const EXTENDS = /^(?:\p{M}|\u200c|\u200d|[\u{1f3fb}-\u{1f3ff}]|[\u{e0020}-\u{e007f}])$/u
const PICTOGRAPH = /^\p{Extended_Pictographic}$/u

/**
 * The end of the character that ends, or is cut, at `end`: behind the marks, variation selectors and joiners of its last
 * letter, and behind a picture that is joined to it. At most `limit`.
 *
 * A normalizer that strips accents leaves a mark without a piece, so that an entity ends before it. Reference: Unicode
 * Standard Annex 29, GB9 and GB11.
 */
export function endOfCharacter(text: string, end: number, limit: number): number {
  if (end === 0) return end
  if (isHigh(text.charCodeAt(end - 1)) && isLow(text.charCodeAt(end))) end++
  while (end < limit) {
    const char = characterAt(text, end)
    if (char < '\u0300' && char.length === 1) break // no mark, no joiner: the common case
    if (!EXTENDS.test(char) && !(text.charAt(end - 1) === ZWJ && PICTOGRAPH.test(char))) break
    end += char.length
  }
  return Math.min(end, Math.max(limit, 0))
}
