/**
 * Phone numbers in international form (E.164, and E.123's spelling of it).
 *
 * Takes: + and 8 to 15 digits, the first not 0, with spaces, hyphens, points, slashes and brackets between them, two at most
 * in a row; what comes after the fifteenth digit's group stays outside.
 * Refuses on purpose: numbers without +, which cannot be told from other numbers: a finder with libphonenumber-js knows the
 * forms of each country; extensions (they stay outside).
 */
import { isDigit, isWordAt, isWordBefore } from '../characters.ts'
import { isGap, scan, type Span } from './scan.ts'

const FEWEST = 8
const MOST = 15
const PLUS = [0x2b, 0xff0b]

export function findPhones(text: string): Span[] {
  return scan(
    text,
    unit => PLUS.includes(unit),
    at => (isWordBefore(text, at) || text.charAt(at - 1) === '+' ? undefined : endOfPhone(text, at)),
  )
}

function endOfPhone(text: string, plus: number): number | undefined {
  let at = plus + 1
  if (text.charAt(at) === '(') at++
  if (!isDigit(text.charCodeAt(at)) || text.charAt(at) === '0') return undefined
  let digits = 0
  let end: number | undefined
  for (let gaps = 0; ; at++) {
    if (isDigit(text.charCodeAt(at))) {
      gaps = 0
      if (++digits > MOST) return end
      const isGroup = !isDigit(text.charCodeAt(at + 1))
      if (isGroup && digits >= FEWEST && !isWordAt(text, at + 1)) end = at + 1
    } else if (!isBetween(text, at) || ++gaps > 2) return end
  }
}

function isBetween(text: string, at: number): boolean {
  return at < text.length && (isGap(text.charCodeAt(at)) || './()'.includes(text.charAt(at)))
}
