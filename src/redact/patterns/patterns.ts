/**
 * Finding text that has a form is not a model's job. Each pattern is a scanner written by hand: it looks at a bounded number of
 * characters from each place where it may begin, so its time grows with the text, whatever the text is.
 */
import { wrong } from '../../ner/options.ts'
import { show } from '../../values.ts'
import { findCards } from './card.ts'
import { findDates } from './date.ts'
import { findEmails } from './email.ts'
import { findIbans } from './iban.ts'
import { findIps } from './ip.ts'
import { findMacs, findUuids } from './hex.ts'
import { findPhones } from './phone.ts'
import { findSsns } from './ssn.ts'
import { findUrls } from './url.ts'
import type { Span } from './scan.ts'

export const PATTERNS = ['EMAIL', 'URL', 'IP', 'CARD', 'IBAN', 'PHONE', 'SSN', 'MAC', 'UUID', 'DATE'] as const
export type PatternName = (typeof PATTERNS)[number]

/** A part of a text that has a form: `[start, end)` in UTF-16 units. */
export interface PatternSpan extends Span {
  readonly label: PatternName
}

const SCANNERS: Readonly<Record<PatternName, (text: string) => Span[]>> = {
  EMAIL: findEmails,
  URL: findUrls,
  IP: findIps,
  CARD: findCards,
  IBAN: findIbans,
  PHONE: findPhones,
  SSN: findSsns,
  MAC: findMacs,
  UUID: findUuids,
  DATE: findDates,
}

/**
 * All text of the given forms, by place. Where two overlap, the one that begins first is kept, of these the longest: the URL,
 * and not the address in it.
 *
 * @throws OptionError `OPTION_VALUE` for what is no string, or a pattern that does not exist
 */
export function findPatterns(text: string, patterns: readonly PatternName[] = PATTERNS): PatternSpan[] {
  if (typeof text !== 'string') throw wrong('text', 'a string', show(text), 'Pass one text at a time.')
  if (!Array.isArray(patterns) || !patterns.every(name => PATTERNS.includes(name as PatternName))) {
    throw wrong('patterns', `a list of ${PATTERNS.join(', ')}`, show(patterns), 'Correct it, or leave it out for all.')
  }
  const found = patterns.flatMap((label: PatternName) => SCANNERS[label](text).map(span => ({ label, ...span })))
  found.sort((a, b) => a.start - b.start || b.end - a.end)
  let end = 0
  return found.filter(span => {
    if (span.start < end) return false
    end = span.end
    return true
  })
}
