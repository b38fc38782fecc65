/**
 * IP addresses.
 *
 * Takes: IPv4 as four numbers from 0 to 255; IPv6 as in RFC 4291 §2.2, with `::` and with an IPv4 address at its end. A port
 * and a length of prefix stay outside.
 * Refuses on purpose: numbers with zeros before them (010.0.0.1), more or fewer than four of them (1.2.3.4.5), IPv6 without
 * a digit (a::b is a path of code, `::` is nothing), zones (the `%eth0` stays outside).
 */
import { isAlphanumeric, isDigit, isHex } from '../characters.ts'
import { runEnd, scan, standsAlone, type Span } from './scan.ts'

const DOT = '.'
const COLON = 0x3a
/** Eight groups of four with colons, or six and an IPv4 address. */
const LONGEST = 45

export function findIps(text: string): Span[] {
  return scan(
    text,
    unit => isHex(unit) || unit === COLON,
    at => {
      const before = text.charCodeAt(at - 1)
      if (isAlphanumeric(before) || before === COLON) return undefined
      return endOfIpv6(text, at) ?? (isDigit(text.charCodeAt(at)) ? endOfIpv4(text, at) : undefined)
    },
  )
}

function endOfIpv4(text: string, start: number): number | undefined {
  if (text.charAt(start - 1) === DOT && isDigit(text.charCodeAt(start - 2))) return undefined
  const end = endOfQuad(text, start)
  if (end === undefined || !standsAlone(text, start, end)) return undefined
  return text.charAt(end) === DOT && isDigit(text.charCodeAt(end + 1)) ? undefined : end
}

function endOfQuad(text: string, start: number): number | undefined {
  let at = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charAt(at++) !== DOT) return undefined
    const end = runEnd(text, at, isDigit, 4)
    const digits = text.slice(at, end)
    if (digits === '' || Number(digits) > 255 || (digits.length > 1 && digits.startsWith('0'))) return undefined
    at = end
  }
  return at
}

function endOfIpv6(text: string, start: number): number | undefined {
  // The first group ends in a colon, or it is no address: most numbers are seen off here.
  if (text.charCodeAt(runEnd(text, start, isHex, 5)) !== COLON) return undefined
  let end = runEnd(text, start, isPartOfIp, LONGEST + 1)
  if (end - start > LONGEST) return undefined
  // A point or a colon at the end is the sentence's.
  while (end > start && text.charAt(end - 1) === DOT) end--
  if (text.charAt(end - 1) === ':' && text.charAt(end - 2) !== ':') end--
  return isIpv6(text.slice(start, end)) && standsAlone(text, start, end) ? end : undefined
}

function isPartOfIp(unit: number): boolean {
  return isHex(unit) || unit === COLON || unit === 0x2e
}

const GROUPS = 8

function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2 || !/[0-9]/.test(text)) return false
  const counts = halves.map((half, i) => groupsIn(half, i === halves.length - 1))
  const groups = counts.reduce((sum, count) => sum + count, 0)
  return halves.length === 2 ? groups < GROUPS : groups === GROUPS
}

/** How many groups of 16 bits a part holds; more than there can be if it is none. */
function groupsIn(part: string, isLast: boolean): number {
  if (part === '') return 0
  const groups = part.split(':')
  const last = groups.at(-1) ?? ''
  const hasQuad = isLast && last.includes(DOT)
  if (hasQuad && endOfQuad(last, 0) !== last.length) return GROUPS + 1
  const plain = hasQuad ? groups.slice(0, -1) : groups
  const isRight = plain.every(group => group.length >= 1 && group.length <= 4 && !group.includes(DOT))
  return isRight ? plain.length + (hasQuad ? 2 : 0) : GROUPS + 1
}
