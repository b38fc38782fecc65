/** When two surfaces are one name, and which part of an entity is its name. */
import { hasLetterOrDigit, isSpaceAt } from './characters.ts'

/** Format characters that nobody sees: soft hyphens, joiners, marks of direction. */
const INVISIBLE = /\p{Cf}/gu

/**
 * The same for all spellings of one name: those that differ in white space, line breaks, Unicode normal form (NFKC),
 * invisible format characters and, with `ignoreCase`, case.
 */
export function nameKey(surface: string, ignoreCase = false): string {
  const key = PLAIN.test(surface) ? surface : fold(surface)
  // By way of upper case, so that ß and SS, ς and σ meet.
  return ignoreCase ? key.toUpperCase().toLowerCase() : key
}

/** Nothing to fold: one word of ASCII. */
const PLAIN = /^[!-~]*$/

function fold(surface: string): string {
  return surface.replaceAll(INVISIBLE, '').normalize('NFKC').split(/\s+/u).filter(Boolean).join(' ')
}

/** The same for a label however a language model writes it: `B-PER`, `b_per`, `B PER`. */
export function labelKey(label: string): string {
  if (/^[A-Z]+$/.test(label)) return label
  return label
    .normalize('NFKC')
    .toUpperCase()
    .split(/[^\p{L}\p{N}\p{M}]+/u)
    .filter(Boolean)
    .join('_')
}

/** Characters of a label that a placeholder shows, so that it stays short enough to be read back. */
const LONGEST_LABEL = 40

/** A label as it stands in a placeholder: letters, digits, `-` and `_`. */
export function shownLabel(label: string): string {
  const shown = label.normalize('NFKC').replaceAll(/[^\p{L}\p{N}\p{M}_-]+/gu, '_')
  if (!hasLetterOrDigit(shown)) return 'X'
  return shown.length > LONGEST_LABEL
    ? Array.from(shown)
        .slice(0, LONGEST_LABEL / 2)
        .join('')
    : shown
}

const APOSTROPHES = "'\u2019\u02bc\uff07"

/**
 * The name inside of a span: without white space around it, and without a possessive, which belongs to the sentence.
 * Undefined if nothing is left.
 */
export function nameIn(text: string, start: number, end: number): [start: number, end: number] | undefined {
  while (start < end && isSpaceAt(text, start)) start++
  while (start < end && isSpaceAt(text, end - 1)) end--
  const last = text.charAt(end - 1)
  if (APOSTROPHES.includes(last) && /[sSxXzZ]/.test(text.charAt(end - 2))) end--
  else if (/[sS]/.test(last) && APOSTROPHES.includes(text.charAt(end - 2)) && end - start > 2) end -= 2
  return start < end ? [start, end] : undefined
}
