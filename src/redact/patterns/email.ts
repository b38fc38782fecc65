/**
 * E-mail addresses.
 *
 * Takes: `local@domain`: in the local part letters and digits of any script and !#$%&'*+/=?^_`{|}~.- (RFC 5322 dot-atom, RFC
 * 6531), 64 characters at most; in the domain labels of 1 to 63 letters, digits and hyphens, the last of two letters or
 * more.
 * Refuses on purpose: quoted local parts ("a b"@x.org), domains without a dot (root@localhost) or in brackets, addresses
 * spelt out (ada at example dot org).
 */
import { characterAt, isAlphanumeric, isLetter, isWordAt, isWordBefore } from '../characters.ts'
import type { Span } from './scan.ts'

const LONGEST_LOCAL = 64
const LONGEST_DOMAIN = 253
const LONGEST_LABEL = 63
const ATOM = "!#$%&'*+/=?^_`{|}~.-"
const HYPHEN = '-'
const DOT = '.'

export function findEmails(text: string): Span[] {
  const found: Span[] = []
  let last = 0
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const start = startOfLocal(text, at, last)
    const end = start === undefined ? undefined : endOfDomain(text, at + 1)
    if (start === undefined || end === undefined) continue
    found.push({ start, end })
    last = end
  }
  return found
}

function startOfLocal(text: string, at: number, last: number): number | undefined {
  let start = at
  const first = Math.max(last, at - LONGEST_LOCAL - 1)
  while (start > first && (ATOM.includes(text.charAt(start - 1)) || isWordBefore(text, start))) start--
  if (at - start > LONGEST_LOCAL) return undefined
  // Marks that Markdown or quotes put before an address are no part of it.
  while (start < at && !isWordAt(text, start) && text.charAt(start) !== '_' && text.charAt(start) !== '+') start++
  return start < at && text.charAt(at - 1) !== DOT ? start : undefined
}

function endOfDomain(text: string, from: number): number | undefined {
  let end: number | undefined
  let label = from
  let isFirst = true
  for (let i = from; i - from <= LONGEST_DOMAIN;) {
    if (isWordAt(text, i) || text.charAt(i) === HYPHEN) {
      i += characterAt(text, i).length
      continue
    }
    if (!isLabel(text, label, i)) break
    if (!isFirst && isTopLevel(text, label, i)) end = i
    if (text.charAt(i) !== DOT) break
    isFirst = false
    label = ++i
  }
  return end
}

function isLabel(text: string, from: number, to: number): boolean {
  return to > from && to - from <= LONGEST_LABEL && text.charAt(from) !== HYPHEN && text.charAt(to - 1) !== HYPHEN
}

/** Two letters or more, or a name of another script as DNS has it. */
function isTopLevel(text: string, from: number, to: number): boolean {
  if (to - from < 2) return false
  if (text.slice(from, from + 4).toLowerCase() === 'xn--') return true
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80 ? !isLetter(unit) : isAlphanumeric(unit)) return false
  }
  return true
}
