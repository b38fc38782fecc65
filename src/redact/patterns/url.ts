/**
 * URLs.
 *
 * Takes: any scheme of letters, digits, + . - before `://` (https, ftp, postgres …), and `www.` without one, up to white
 * space, a control character, `"`, `<`, `>` or a backquote; without punctuation at the end, and without a bracket that was
 * not opened in it.
 * Refuses on purpose: names of hosts alone (example.com, readme.md), `mailto:` (its address is one), `data:`, relative URLs.
 */
import { isAlphanumeric, isLetter, isSpaceAt, isWordAt, isWordBefore } from '../characters.ts'
import type { Span } from './scan.ts'

const LONGEST_SCHEME = 32
const MARK = '://'
const WWW = 'www.'

export function findUrls(text: string): Span[] {
  const found: Span[] = []
  const lower = text.toLowerCase().length === text.length ? text.toLowerCase() : text
  let mark = text.indexOf(MARK)
  let www = lower.indexOf(WWW)
  for (let last = 0; mark >= 0 || www >= 0;) {
    const isMark = mark >= 0 && (www < 0 || mark < www)
    const at = isMark ? mark : www
    const start = isMark ? startOfScheme(text, mark, last) : startOfHost(text, www, last)
    const body = isMark ? at + MARK.length : at + WWW.length
    const end = start === undefined ? undefined : endOfUrl(text, body)
    if (start !== undefined && end !== undefined) {
      found.push({ start, end })
      last = end
    }
    const next = Math.max(last, body)
    if (mark >= 0 && mark < next) mark = text.indexOf(MARK, next)
    if (www >= 0 && www < next) www = lower.indexOf(WWW, next)
  }
  return found
}

function startOfScheme(text: string, mark: number, last: number): number | undefined {
  const first = Math.max(last, mark - LONGEST_SCHEME)
  let start = mark
  let letter: number | undefined
  for (; start > first; start--) {
    const unit = text.charCodeAt(start - 1)
    if (!isAlphanumeric(unit) && !'+.-'.includes(text.charAt(start - 1))) break
    if (isLetter(unit)) letter = start - 1
  }
  return letter
}

function startOfHost(text: string, www: number, last: number): number | undefined {
  return www >= last && !isWordBefore(text, www) && !'.@_-'.includes(text.charAt(www - 1) || ' ') ? www : undefined
}

const BRACKETS = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
])
const PUNCTUATION = '.,;:!?\'"*_~|\u2019\u201d\u00bb\u2026'

function endOfUrl(text: string, from: number): number | undefined {
  if (!isWordAt(text, from) && !'[/'.includes(text.charAt(from) || ' ')) return undefined
  let end = from
  const open = new Map<string, number>()
  for (; end < text.length && !isSpaceAt(text, end) && !isDelimiter(text, end); end++) {
    const char = text.charAt(end)
    const opening = BRACKETS.get(char)
    if (opening === undefined) {
      if ('([{'.includes(char)) open.set(char, (open.get(char) ?? 0) + 1)
      continue
    }
    const count = open.get(opening) ?? 0
    if (count === 0) break
    open.set(opening, count - 1)
  }
  while (end > from && (PUNCTUATION.includes(text.charAt(end - 1)) || '([{'.includes(text.charAt(end - 1)))) end--
  return end > from ? end : undefined
}

function isDelimiter(text: string, at: number): boolean {
  return text.charCodeAt(at) < 0x20 || '"<>`'.includes(text.charAt(at))
}
