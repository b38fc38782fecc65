/**
 * Forms in hexadecimal: MAC addresses and UUIDs.
 *
 * MAC takes: six pairs with colons or with hyphens (IEEE 802), three groups of four with points. Refuses on purpose: gaps of
 * two kinds, more or fewer pairs (EUI-64, fingerprints of keys), twelve digits in one piece.
 * UUID takes: 8-4-4-4-12 digits (RFC 9562) of any version, in either case. Refuses on purpose: 32 digits in one piece, which
 * may be any hash.
 */
import { isHex } from '../characters.ts'
import { runEnd, scan, standsAlone, type Span } from './scan.ts'

export function findMacs(text: string): Span[] {
  return findGroups(text, [
    [':', [2, 2, 2, 2, 2, 2]],
    ['-', [2, 2, 2, 2, 2, 2]],
    ['.', [4, 4, 4]],
  ])
}

export function findUuids(text: string): Span[] {
  return findGroups(text, [['-', [8, 4, 4, 4, 12]]])
}

type Groups = readonly [gap: string, digits: readonly number[]]

/** Groups of so many digits each, with one gap between them, that are not a part of more such groups. */
function findGroups(text: string, kinds: readonly Groups[]): Span[] {
  return scan(text, isHex, at => {
    if (isHex(text.charCodeAt(at - 1))) return undefined
    for (const [gap, digits] of kinds) {
      const end = endOfGroups(text, at, gap, digits)
      if (end === undefined || !standsAlone(text, at, end)) continue
      const goesOn = text.charAt(end) === gap && isHex(text.charCodeAt(end + 1))
      const isRest = text.charAt(at - 1) === gap && isHex(text.charCodeAt(at - 2))
      if (!goesOn && !isRest) return end
    }
    return undefined
  })
}

function endOfGroups(text: string, start: number, gap: string, digits: readonly number[]): number | undefined {
  let at = start
  for (const [i, count] of digits.entries()) {
    if (i > 0 && text.charAt(at++) !== gap) return undefined
    const end = runEnd(text, at, isHex, count + 1)
    if (end - at !== count) return undefined
    at = end
  }
  return at
}
