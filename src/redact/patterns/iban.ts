/**
 * International bank account numbers (ISO 13616).
 *
 * Takes: the code of a country in the registry, two digits that are right (ISO 7064, modulo 97), and as many letters and
 * digits as that country has; in one piece, or with a space or hyphen after every fourth; in upper or lower case.
 * Refuses on purpose: other lengths, other countries, wrong digits, gaps elsewhere, parts of longer words.
 */
import { isAlphanumeric, isDigit, isLetter } from '../characters.ts'
import { isGap, scan, standsAlone, type Span } from './scan.ts'

/** Characters in all, by country: SWIFT's registry, release 99. */
const LENGTHS = new Map(
  `AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18
  FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20
  LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18
  SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30`
    .split(/\s+/)
    .map(entry => [entry.slice(0, 2), Number(entry.slice(2))]),
)

export function findIbans(text: string): Span[] {
  return scan(text, isLetter, at => (isAlphanumeric(text.charCodeAt(at - 1)) ? undefined : endOfIban(text, at)))
}

function endOfIban(text: string, start: number): number | undefined {
  const length = LENGTHS.get(text.slice(start, start + 2).toUpperCase())
  if (length === undefined || !isDigit(text.charCodeAt(start + 2)) || !isDigit(text.charCodeAt(start + 3)))
    return undefined
  let compact = ''
  let at = start
  while (compact.length < length) {
    if (compact.length > 0 && compact.length % 4 === 0 && isGap(text.charCodeAt(at))) at++
    if (!isAlphanumeric(text.charCodeAt(at))) return undefined
    compact += text.charAt(at++)
  }
  const isOneCase = compact === compact.toUpperCase() || compact === compact.toLowerCase()
  const upper = compact.toUpperCase()
  const isRight = ibanDigits(upper.slice(0, 2), upper.slice(4)) === upper.slice(2, 4)
  return isOneCase && isRight && standsAlone(text, start, at) ? at : undefined
}

/** The two digits that make an account's number right. */
export function ibanDigits(country: string, account: string): string {
  let rest = 0
  const whole = `${account}${country}00`
  for (let i = 0; i < whole.length; i++) {
    const unit = whole.charCodeAt(i)
    // A is 10, B is 11 …
    rest = isDigit(unit) ? (rest * 10 + unit - 0x30) % 97 : (rest * 100 + unit - 0x37) % 97
  }
  return String(98 - rest).padStart(2, '0')
}
