/**
 * Placeholders, as we write them and as language models give them back.
 *
 *     [PER_1]                                            ours
 *     (PER_1)  <per 1>  【PER_1】  [**PER_1**]  \[PER\_1\]  enclosed: any bracket, any case, spaces, line breaks, bold, escapes
 *     [PER1]  [PER-1]  [PER_1s]  [PERS_1]                  no joint or another one, a plural
 *     PER_1                                              bare: to the letter, and as a word of its own
 *
 * A form is decided by the 64 UTF-16 units from its beginning; a longer one is not a placeholder. So a stream has to hold
 * back no more than these, and cuts of its chunks change nothing.
 */
import { characterAt, isDigit, isSpaceAt, isWordAt, isWordBefore } from './characters.ts'
import { labelKey } from './names.ts'

export const LONGEST = 64

export interface Form {
  /** Offset behind it. */
  readonly end: number
  /** Label and number or hash in one spelling, `PER_1`. With a plural in the label, also without it. */
  readonly keys: readonly string[]
  /** The keys' labels. */
  readonly labels: readonly string[]
  readonly number: string
  /** A plural or possessive inside of it, which stays behind the name. */
  readonly suffix: string
  /** Whether it is spelt exactly as we spell one: `[PER_1]`. */
  readonly isExact: boolean
  /** A bare one to the letter, without escapes and plural. */
  readonly bare?: string
}

/** Says that the text so far does not tell whether there is one. */
export const MORE = Symbol('more of the text')

export interface Place {
  /** Does not end within a surrogate pair, unless it is final. */
  readonly text: string
  readonly at: number
  /** Whether the text ends where it ends, and does not go on in another chunk. */
  readonly isFinal: boolean
}

/** A place behind which nothing may be looked at. */
export interface Window {
  readonly limit: number
  /** The meaning of arriving at `limit`: the text ends there, it may go on, or the form is too long. */
  readonly atLimit: 'end' | 'more' | 'long'
}

export function windowOf({ text, at, isFinal }: Place): Window {
  if (text.length - at >= LONGEST) return { limit: at + LONGEST, atLimit: 'long' }
  return { limit: text.length, atLimit: isFinal ? 'end' : 'more' }
}

export function placeholder(label: string, number: number | string): string {
  return `[${label}_${number}]`
}

const OPENING = '[({<【［（｛＜〔〖⟦⟨〈《「『«‹'
const CLOSING = '])}>】］）｝＞〕〗⟧⟩〉》」』»›'
/** Between the parts of a placeholder, and around them. Apostrophes come before a possessive. */
const BETWEEN = new Set("_-#:*`~'’＿－＃：")
const BACKSLASH = '\\'

/** The placeholder that begins at a place, if there is one. */
export function readForm(place: Place): Form | typeof MORE | undefined {
  const { text, at } = place
  const unit = text.charAt(at)
  if (OPENING.includes(unit)) return readEnclosed(place, at, '')
  if (unit === BACKSLASH) return readEscaped(place)
  return isWordAt(text, at) && !isWordBefore(text, at) && text.charAt(at - 1) !== '_' ? readBare(place) : undefined
}

/** `\[PER\_1\]`, as Markdown has it: the backslash belongs to the bracket, if both have one. */
function readEscaped(place: Place): Form | typeof MORE | undefined {
  const { text, at } = place
  const { limit, atLimit } = windowOf(place)
  if (at + 1 >= limit) return atLimit === 'more' ? MORE : undefined
  return OPENING.includes(text.charAt(at + 1)) ? readEnclosed(place, at + 1, BACKSLASH) : undefined
}

function readEnclosed(place: Place, open: number, escape: string): Form | typeof MORE | undefined {
  const { text } = place
  const { limit, atLimit } = windowOf(place)
  for (let i = open + 1; i < limit;) {
    const char = characterAt(text, i)
    if (CLOSING.includes(char)) {
      const content = text.slice(open + 1, i)
      if (escape !== '' && !content.endsWith(escape)) return undefined
      return formOf(content, i + 1, text.charAt(open) + char)
    }
    if (char !== BACKSLASH && !BETWEEN.has(char) && !isWordAt(text, i) && !isSpaceAt(text, i)) return undefined
    i += char.length
  }
  return atLimit === 'more' ? MORE : undefined
}

/** `content`: what the brackets hold. */
function formOf(content: string, end: number, brackets: string): Form | undefined {
  const parts = split(content.normalize('NFKC'))
  const suffix = takeSuffix(content, parts)
  const last = parts.pop()
  if (last === undefined) return undefined
  const number = numberOf(last)
  if (number === undefined) return undefined
  const rest = last.slice(0, last.length - number.length)
  if (rest !== '') parts.push(rest)
  const label = labelKey(parts.join('_'))
  if (label === '') return undefined
  const isExact =
    brackets === '[]' && suffix === '' && /^[\p{L}\p{N}\p{M}_-]+$/u.test(content) && content.endsWith(`_${number}`)
  return form(label, number, { end, suffix, isExact })
}

function form(label: string, number: string, rest: Pick<Form, 'end' | 'suffix' | 'isExact' | 'bare'>): Form {
  const labels = label.length > 1 && label.endsWith('S') ? [label, label.slice(0, -1)] : [label]
  return { ...rest, labels, number, keys: labels.map(name => `${name}_${number}`) }
}

function split(content: string): string[] {
  const parts: string[] = []
  let part = ''
  for (const char of content) {
    if (isWordAt(char, 0)) part += char
    else if (part !== '') {
      parts.push(part)
      part = ''
    }
  }
  return part === '' ? parts : [...parts, part]
}

/** Takes `s` and `'s` off the end of the parts. */
function takeSuffix(content: string, parts: string[]): string {
  const last = parts.at(-1) ?? ''
  if (last === 's' && parts.length > 2) {
    parts.pop()
    const at = content.lastIndexOf('s')
    return "'’".includes(content.charAt(at - 1)) ? content.slice(at - 1, at + 1) : 's'
  }
  if (!last.endsWith('s') || numberOf(last) !== undefined || numberOf(last.slice(0, -1)) === undefined) return ''
  parts[parts.length - 1] = last.slice(0, -1)
  return 's'
}

const HASH_DIGITS = 12
const MOST_DIGITS = 9

/** The number at the end of a part, from 1 and without zeros before it, or the whole of a hash. */
function numberOf(part: string): string | undefined {
  if (part.length === HASH_DIGITS && isHash(part)) return part.toLowerCase()
  let from = part.length
  while (from > 0 && isDigit(part.charCodeAt(from - 1))) from--
  const number = part.slice(from)
  if (number === '' || number.startsWith('0') || number.length > MOST_DIGITS) return undefined
  return number
}

function isHash(part: string): boolean {
  return /^[0-9a-fA-F]{12}$/.test(part)
}

/** Letters, digits, `_`, `\_` and `-` up to `_` and a number, behind which the word ends. */
function readBare(place: Place): Form | typeof MORE | undefined {
  const { text, at } = place
  const { limit, atLimit } = windowOf(place)
  let digits = -1
  for (let i = at; i < limit;) {
    const char = characterAt(text, i)
    const unit = text.charCodeAt(i)
    if (digits >= 0 && !isDigit(unit)) {
      const isPlural = char === 's' && i > digits
      const behind = i + (isPlural ? 1 : 0)
      if (isPlural && behind >= limit && atLimit !== 'end') return atLimit === 'more' ? MORE : undefined
      if (i > digits && !isWordAt(text, behind) && text.charAt(behind) !== '_')
        return bareForm(text.slice(at, i), behind, isPlural)
      digits = -1
    }
    if (char === '_') digits = i + 1
    else if (!isWordAt(text, i) && char !== '-' && char !== BACKSLASH) return undefined
    i += char.length
  }
  if (atLimit === 'more') return MORE
  return atLimit === 'end' && digits >= 0 && limit > digits ? bareForm(text.slice(at, limit), limit, false) : undefined
}

/** `text`: without its plural. Case counts, so that a variable per_1 is left alone. */
function bareForm(text: string, end: number, isPlural: boolean): Form | undefined {
  const spelt = text.replaceAll(BACKSLASH, '')
  const border = spelt.lastIndexOf('_')
  const number = numberOf(spelt.slice(border + 1))
  const label = labelKey(spelt.slice(0, border))
  if (number === undefined || label === '') return undefined
  const rest = { end, number, suffix: isPlural ? 's' : '', isExact: false, bare: spelt }
  return { ...rest, labels: [label], keys: [`${label}_${number}`] }
}
