/**
 * Surrogates: plausible other names of the same shape. Names are put together out of small lists, in the case of the name
 * and with as many words; what has a form gets another value of that form, out of ranges that are kept for examples if there
 * are any.
 */
import { isDigit } from './characters.ts'
import { labelKey } from './names.ts'
import { luhnDigit } from './patterns/card.ts'
import { ibanDigits } from './patterns/iban.ts'
import { ORGANISATIONS, OTHERS, PEOPLE, PLACES, type WordList } from './surrogate-words.ts'

const LISTS = new Map<string, WordList>([
  ...['PER', 'PERSON'].map(label => [label, PEOPLE] as const),
  ...['LOC', 'LOCATION', 'GPE', 'FAC'].map(label => [label, PLACES] as const),
  ...['ORG', 'ORGANIZATION', 'ORGANISATION', 'CORPORATION', 'COMPANY'].map(label => [label, ORGANISATIONS] as const),
])

/** Every word of the lists, in lower case: what a text must not have if its names are to be told from surrogates. */
export const SURROGATE_WORDS: ReadonlySet<string> = new Set(
  [PEOPLE, PLACES, ORGANISATIONS, OTHERS].flatMap(({ first, last, single }) =>
    [...first, ...last, ...single].map(word => word.toLowerCase()),
  ),
)

type Maker = (n: number, surface: string) => string

/** `n` from 0: values of one form, all different. */
const FORMS = new Map<string, Maker>([
  ['EMAIL', n => `person${n + 1}@example.com`],
  ['URL', n => `https://example.com/${n + 1}`],
  ['IP', (n, surface) => (surface.includes(':') ? `2001:db8::${(n + 1).toString(16)}` : ipv4(n))],
  ['CARD', card],
  ['IBAN', iban],
  ['PHONE', n => `+44 7700 9${padded(n % 100_000, 5)}${n < 100_000 ? '' : Math.floor(n / 100_000)}`],
  ['SSN', n => `9${padded(Math.floor(n / 9999) % 100, 2)}-00-${padded(1 + (n % 9999), 4)}`],
  ['MAC', n => ['02', '00', ...bytes(n, 4)].join(':')],
  ['UUID', n => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`],
  ['DATE', n => new Date(Date.UTC(2001, 0, 1 + n)).toISOString().slice(0, 10)],
])

/** The `n`th surrogate for a name, from 0. Different for each `n`. */
export function surrogate(label: string, surface: string, n: number): string {
  const key = labelKey(label)
  const form = FORMS.get(key)
  return form ? form(n, surface) : inCaseOf(surface, compose(LISTS.get(key) ?? OTHERS, wordsIn(surface), n))
}

function wordsIn(surface: string): number {
  return Math.min(surface.trim().split(/\s+/u).length, 4)
}

/** When the names of so many words are used up, the next have one word more. */
function compose(list: WordList, words: number, n: number): string {
  const { first, last, single } = list
  if (words === 1) return n < single.length ? single[n]! : compose(list, 2, n - single.length)
  const all = first.length ** (words - 1) * last.length
  if (n >= all) return compose(list, words + 1, n - all)
  // The last word changes fastest. It shifts the others, for a list of people of one given name would not be plausible.
  const family = n % last.length
  let rest = Math.floor(n / last.length)
  const before = Array.from({ length: words - 1 }, () => {
    const place = (rest + 7 * family) % first.length
    rest = Math.floor(rest / first.length)
    return first[place]!
  })
  return [...before, last[family]!].join(' ')
}

function inCaseOf(surface: string, name: string): string {
  if (surface.length > 1 && surface === surface.toUpperCase() && surface !== surface.toLowerCase())
    return name.toUpperCase()
  return surface === surface.toLowerCase() && surface !== surface.toUpperCase() ? name.toLowerCase() : name
}

/** RFC 5737: three networks for documentation; then 240.0.0.0/4, which nobody has. */
function ipv4(n: number): string {
  const network = ['192.0.2', '198.51.100', '203.0.113'][Math.floor(n / 254)]
  if (network !== undefined) return `${network}.${1 + (n % 254)}`
  const rest = n - 762
  return [240 + ((rest >> 24) & 7), (rest >> 16) & 255, (rest >> 8) & 255, rest & 255].join('.')
}

/** Of a bank that issues none (4000 00…), in the groups of the card that it stands for. */
function card(n: number, surface: string): string {
  const length = Array.from(surface).filter(char => isDigit(char.charCodeAt(0))).length
  const digits = `400000${padded(n, Math.max(length, 13) - 7)}`
  const all = digits + luhnDigit(digits)
  let at = 0
  const grouped = Array.from(surface, char => (isDigit(char.charCodeAt(0)) ? (all[at++] ?? '') : char)).join('')
  return grouped + all.slice(at)
}

/** An account of the same country and length, which no bank has: zeros before its number. */
function iban(n: number, surface: string): string {
  const compact = surface.replaceAll(/[^\p{L}\p{N}]/gu, '').toUpperCase()
  const country = compact.slice(0, 2)
  const account = padded(n + 1, Math.max(compact.length, 15) - 4)
  return (country + ibanDigits(country, account) + account).replaceAll(/.{4}(?=.)/g, '$& ')
}

function bytes(n: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => ((n >>> (8 * (count - 1 - i))) & 255).toString(16).padStart(2, '0'))
}

function padded(n: number, width: number): string {
  return String(n).padStart(width, '0')
}
