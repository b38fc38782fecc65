/**
 * Social security numbers of the United States.
 *
 * Takes: ddd-dd-dddd, with hyphens or spaces, that can have been issued.
 * Refuses on purpose: areas 000, 666 and 900 to 999, group 00, serial 0000 (never issued); nine digits in one piece, which
 * may be anything.
 */
import { isDigit } from '../characters.ts'
import { isGap, runEnd, scan, standsAlone, type Span } from './scan.ts'

export function findSsns(text: string): Span[] {
  return scan(text, isDigit, at => (isDigit(text.charCodeAt(at - 1)) ? undefined : endOfSsn(text, at)))
}

function endOfSsn(text: string, start: number): number | undefined {
  const gap = text.charAt(start + 3)
  const end = start + 11
  const isForm =
    isGap(text.charCodeAt(start + 3)) &&
    text.charAt(start + 6) === gap &&
    runEnd(text, start, isDigit, 4) === start + 3 &&
    runEnd(text, start + 4, isDigit, 3) === start + 6 &&
    runEnd(text, start + 7, isDigit, 5) === end
  if (!isForm || !standsAlone(text, start, end) || isLonger(text, start, end, gap)) return undefined
  const [area, group, serial] = text.slice(start, end).split(gap)
  const isIssued = area !== '000' && area !== '666' && Number(area) < 900 && group !== '00' && serial !== '0000'
  return isIssued ? end : undefined
}

/** A part of a longer number in groups. */
function isLonger(text: string, start: number, end: number, gap: string): boolean {
  const isBefore = text.charAt(start - 1) === gap && isDigit(text.charCodeAt(start - 2))
  return isBefore || (text.charAt(end) === gap && isDigit(text.charCodeAt(end + 1)))
}
