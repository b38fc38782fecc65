/**
 * Numbers of payment cards.
 *
 * Takes: 13 to 19 digits (ISO/IEC 7812) that begin as the cards of an issuer do and have its length, with the right last
 * digit (Luhn); in one piece, or in groups of 3 digits and more, the first of 4, with one kind of gap (space or hyphen).
 * Refuses on purpose: digits of no issuer and with a wrong last digit (order numbers), groups with gaps of two kinds, parts
 * of longer words.
 */
import { isDigit, isWordAt, isWordBefore } from '../characters.ts'
import { isGap, runEnd, type Span } from './scan.ts'

const SHORTEST = 13
const LONGEST = 19

/** First digits, from … to, and the lengths that go with them. */
const ISSUERS: readonly (readonly [from: number, to: number, lengths: readonly number[]])[] = [
  [4, 4, [13, 16, 19]], // Visa
  [51, 55, [16]], // Mastercard
  [2221, 2720, [16]],
  [34, 34, [15]], // American Express
  [37, 37, [15]],
  [300, 305, [14]], // Diners Club
  [36, 36, [14]],
  [38, 39, [14]],
  [6011, 6011, [16, 17, 18, 19]], // Discover
  [644, 659, [16, 17, 18, 19]],
  [3528, 3589, [16, 17, 18, 19]], // JCB
  [62, 62, [16, 17, 18, 19]], // UnionPay
  [2200, 2204, [16, 17, 18, 19]], // Mir
  [50, 50, [13, 14, 15, 16, 17, 18, 19]], // Maestro
  [56, 58, [13, 14, 15, 16, 17, 18, 19]],
  [60, 69, [13, 14, 15, 16, 17, 18, 19]],
]

export function findCards(text: string): Span[] {
  const found: Span[] = []
  for (let at = 0; at < text.length;) {
    if (!isDigit(text.charCodeAt(at))) {
      at++
      continue
    }
    const end = endOfCard(text, at)
    if (end !== undefined) found.push({ start: at, end })
    at = end ?? runEnd(text, at, isDigit)
  }
  return found
}

/** `start`: the beginning of a group of digits. */
function endOfCard(text: string, start: number): number | undefined {
  if (isWordBefore(text, start) || isDecimal(text, start)) return undefined
  const gap = text.charAt(runEnd(text, start, isDigit, LONGEST + 1))
  let digits = ''
  let best: number | undefined
  for (let at = start; ; at++) {
    const end = runEnd(text, at, isDigit, LONGEST + 1)
    const isGroup = at === start ? end - at === 4 || end - at >= SHORTEST : end - at >= 3
    if (!isGroup) return best
    digits += text.slice(at, end)
    if (digits.length > LONGEST) return best
    if (isCard(digits) && !isWordAt(text, end)) best = end
    if (!isGap(text.charCodeAt(end)) || text.charAt(end) !== gap) return best
    at = end
  }
}

/** The digits behind a decimal point. */
function isDecimal(text: string, start: number): boolean {
  return text.charAt(start - 1) === '.' && isDigit(text.charCodeAt(start - 2))
}

function isCard(digits: string): boolean {
  if (digits.length < SHORTEST || luhnDigit(digits.slice(0, -1)) !== digits.slice(-1)) return false
  return ISSUERS.some(([from, to, lengths]) => {
    const prefix = Number(digits.slice(0, String(from).length))
    return prefix >= from && prefix <= to && lengths.includes(digits.length)
  })
}

/** The digit that makes a number right: ISO/IEC 7812-1, annex B. */
export function luhnDigit(digits: string): string {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 0x30
    sum += i % 2 === 1 ? digit : digit < 5 ? 2 * digit : 2 * digit - 9
  }
  return String((10 - (sum % 10)) % 10)
}
