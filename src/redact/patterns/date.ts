/**
 * Dates in ISO form.
 *
 * Takes: YYYY-MM-DD of a day that exists (ISO 8601, RFC 3339), with the time behind T or a space if there is one: hh:mm,
 * seconds with fractions, Z or an offset.
 * Refuses on purpose: days that do not exist (2023-02-29), 20240131, weeks, months alone, and every other way of writing a
 * date: they differ from place to place, and a model or a finder of your own knows more of them.
 */
import { isDigit } from '../characters.ts'
import { numberAt, runEnd, scan, standsAlone, type Span } from './scan.ts'

export function findDates(text: string): Span[] {
  return scan(text, isDigit, at => (isDigit(text.charCodeAt(at - 1)) ? undefined : endOfDate(text, at)))
}

const DAY = 10 // characters of 2024-01-31
const FRACTION = 9

function endOfDate(text: string, start: number): number | undefined {
  const end = start + DAY
  if (!isDay(text, start)) return undefined
  const time = endOfTime(text, end)
  if (time !== undefined && standsAlone(text, start, time)) return time
  const goesOn = text.charAt(end) === '-' && isDigit(text.charCodeAt(end + 1))
  const isRest = text.charAt(start - 1) === '-' && isDigit(text.charCodeAt(start - 2))
  return standsAlone(text, start, end) && !goesOn && !isRest ? end : undefined
}

function isDay(text: string, start: number): boolean {
  const isForm =
    runEnd(text, start, isDigit, 5) === start + 4 &&
    text.charAt(start + 4) === '-' &&
    runEnd(text, start + 5, isDigit, 3) === start + 7 &&
    text.charAt(start + 7) === '-' &&
    runEnd(text, start + 8, isDigit, 2) === start + DAY
  if (!isForm || isDigit(text.charCodeAt(start + DAY))) return false
  const [year, month, day] = [
    numberAt(text, start, start + 4),
    numberAt(text, start + 5, start + 7),
    numberAt(text, start + 8, start + DAY),
  ]
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** `from`: behind the day. */
function endOfTime(text: string, from: number): number | undefined {
  if (!'Tt '.includes(text.charAt(from) || '-')) return undefined
  let end = endOfMinutes(text, from + 1)
  if (end === undefined) return undefined
  if (text.charAt(end) === ':' && isPair(text, end + 1, 60)) {
    end += 3
    const digits = '.,'.includes(text.charAt(end) || '-') ? runEnd(text, end + 1, isDigit, FRACTION) : end
    if (digits > end + 1) end = digits
  }
  if ('Zz'.includes(text.charAt(end) || '-')) return end + 1
  return ('+-'.includes(text.charAt(end) || ' ') ? endOfMinutes(text, end + 1) : undefined) ?? end
}

/** hh:mm */
function endOfMinutes(text: string, from: number): number | undefined {
  return isPair(text, from, 24) && text.charAt(from + 2) === ':' && isPair(text, from + 3, 59) ? from + 5 : undefined
}

function isPair(text: string, from: number, most: number): boolean {
  return runEnd(text, from, isDigit, 3) === from + 2 && numberAt(text, from, from + 2) <= most
}
