/**
 * Names that come again. A model that found a name once may pass it over in the next line, which would give it away: every
 * other place where it stands as a word of its own is replaced too.
 *
 * Names are looked up by their first word, so the time grows with the text and not with the number of names. Left out: names
 * of fewer than three letters or more than eight words, names that begin in lower case or do not begin and end in a letter
 * or a digit. In scripts without spaces between words, such as Chinese, a name is rarely a word of its own.
 */
import { wordRanges } from './characters.ts'
import type { Range } from './claims.ts'
import type { NameRecord } from './mapping.ts'
import { nameKey } from './names.ts'

const MOST_WORDS = 8
const FEWEST_LETTERS = 3

export interface Repeat extends Range {
  readonly name: NameRecord
}

export class Repeats {
  readonly #ignoreCase: boolean
  /** First word → number of words → whole name. */
  #index = new Map<string, Map<number, Map<string, NameRecord>>>()

  constructor(ignoreCase: boolean) {
    this.#ignoreCase = ignoreCase
  }

  add(name: NameRecord): void {
    const key = this.#key(name.name)
    const words = wordRanges(key)
    const first = words[0]
    if (!first || words.length > MOST_WORDS || first.start > 0 || words.at(-1)!.end < key.length) return
    const isName = (key.match(/\p{L}/gu)?.length ?? 0) >= FEWEST_LETTERS && !/^\p{Ll}/u.test(name.name.trim())
    if (!isName) return
    const firstWord = key.slice(0, first.end)
    const lengths = this.#index.get(firstWord) ?? new Map<number, Map<string, NameRecord>>()
    this.#index.set(firstWord, lengths)
    const names = lengths.get(words.length) ?? new Map<string, NameRecord>()
    lengths.set(words.length, names)
    if (!names.has(key)) names.set(key, name)
  }

  /** Every place of every name, the longest of those that begin at one word; none overlaps. */
  find(text: string): Repeat[] {
    if (this.#index.size === 0) return []
    const found: Repeat[] = []
    const words = wordRanges(text)
    for (let i = 0; i < words.length;) {
      const match = this.#longest(text, words, i)
      if (match) found.push(match.repeat)
      i += match?.words ?? 1
    }
    return found
  }

  clear(): void {
    this.#index = new Map()
  }

  #longest(text: string, words: readonly Range[], at: number): { repeat: Repeat; words: number } | undefined {
    const { start, end } = words[at]!
    const lengths = this.#index.get(this.#key(text.slice(start, end)))
    if (!lengths) return undefined
    for (let count = Math.min(MOST_WORDS, words.length - at); count > 0; count--) {
      const names = lengths.get(count)
      const last = words[at + count - 1]!
      if (!names || last.end - start > LONGEST_NAME) continue
      const name = names.get(this.#key(text.slice(start, last.end)))
      if (name) return { repeat: { start, end: last.end, name }, words: count }
    }
    return undefined
  }

  #key(surface: string): string {
    return nameKey(surface, this.#ignoreCase)
  }
}

/** UTF-16 units of a place, at most: words that are far apart are not one name. */
const LONGEST_NAME = 256
