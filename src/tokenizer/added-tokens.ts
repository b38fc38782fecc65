/**
 * Added tokens: strings that are found in the text before any other step, each of which becomes one piece.
 * A `[SEP]` typed in a text becomes the real separator, as in the reference implementation, unless special tokens are
 * taken literally. The longest token at each place wins, and no later match may overlap it.
 */
import { isPairAt } from './aligned-text.ts'
import { isWhitespace } from './unicode.ts'

export interface AddedToken {
  readonly id: number
  readonly content: string
  /** Left out by `decode`, and not looked for if special tokens are taken literally. */
  readonly special: boolean
  /** Found only if neither neighbour is a word character (letter, mark, digit, underscore). */
  readonly singleWord: boolean
  /** Takes the white space before it. */
  readonly lstrip: boolean
  /** Takes the white space after it. */
  readonly rstrip: boolean
  /** Whether its normalized form is looked for in the normalized text. If not, it is looked for as it is in the original. */
  readonly normalized: boolean
}

/** Whether a code point belongs to words: word-characters.ts. */
export type WordTest = (c: number) => boolean

/** A part of the text: an added token, or the text between two of them. */
export interface Segment {
  readonly start: number
  readonly end: number
  readonly added?: AddedToken
}

/**
 * Finds added tokens in a string. The tokens are sorted by their units, so those with a common beginning are neighbours. Each
 * step along the text narrows the range of candidates, as a step down a trie would. It takes no memory beyond the list.
 */
export class AddedTokenFinder {
  /** The strings to look for, sorted by their units. */
  readonly #spellings: readonly string[]
  readonly #tokens: readonly AddedToken[]
  /** 1 at the low byte of each unit that starts a token. This lets us skip nearly every unit of a text. */
  readonly #starts = new Uint8Array(256)

  readonly #isWordCharacter: WordTest | undefined

  /**
   * `isWordCharacter` is there if a token has `singleWord`. `spell` gives the string to look for. A token that normalization makes
   * empty is never found.
   */
  constructor(
    tokens: readonly AddedToken[],
    isWordCharacter: WordTest | undefined,
    spell: (token: AddedToken) => string = token => token.content,
  ) {
    this.#isWordCharacter = isWordCharacter
    const bySpelling = new Map<string, AddedToken>()
    for (const token of tokens) {
      const spelling = spell(token)
      // If two tokens have the same spelling, the reference takes either, and its choice varies from run to run.
      if (spelling !== '' && !bySpelling.has(spelling)) bySpelling.set(spelling, token)
    }
    const sorted = [...bySpelling].sort(([a], [b]) => (a < b ? -1 : 1))
    this.#spellings = sorted.map(([spelling]) => spelling)
    this.#tokens = sorted.map(([, token]) => token)
    for (const spelling of this.#spellings) this.#starts[spelling.charCodeAt(0) & 0xff] = 1
  }

  get isEmpty(): boolean {
    return this.#spellings.length === 0
  }

  /** {@link segments} as a list. */
  split(text: string, literal: boolean): Segment[] {
    const found: Segment[] = []
    const segments = this.segments(text, literal)
    for (let segment = segments.next(); segment; segment = segments.next()) found.push(segment)
    return found
  }

  /** Cuts `text` up. The segments cover it in order, and none is empty; for the quirk below, two may overlap. */
  segments(text: string, literal: boolean): Segments {
    const longestAt = (i: number) =>
      this.#starts[text.charCodeAt(i) & 0xff] === 1 ? this.#longestAt(text, i) : undefined
    return new Segments(text, literal, longestAt, this.#isWordCharacter)
  }

  #longestAt(text: string, start: number): Required<Segment> | undefined {
    const spellings = this.#spellings
    let longest: Required<Segment> | undefined
    let low = 0
    let high = spellings.length
    for (let end = start; end < text.length;) {
      const depth = end - start
      const unit = text.charCodeAt(end++)
      low = this.#firstFrom(unit, depth, low, high)
      high = this.#firstFrom(unit + 1, depth, low, high)
      if (low === high) break
      // Among those with a common beginning, the shortest comes first.
      if (spellings[low]?.length === depth + 1) longest = { start, end, added: this.#tokens[low]! }
    }
    return longest
  }

  /** The first spelling of `[low, high)` whose unit at `depth` is `unit` or greater. */
  #firstFrom(unit: number, depth: number, low: number, high: number): number {
    while (low < high) {
      const middle = (low + high) >>> 1
      // NaN if the spelling ends before `depth`. Such a spelling counts as lower.
      const other = this.#spellings[middle]!.charCodeAt(depth)
      if (other >= unit) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** The segments of a text, one by one. No generator, since texts are short and many. */
class Segments {
  readonly #text: string
  readonly #literal: boolean
  readonly #longestAt: (i: number) => Required<Segment> | undefined
  readonly #isWordCharacter: WordTest | undefined
  #at = 0
  #covered = 0
  /** Where the white space ends that the last token with rstrip took. */
  #spaceUntil = 0
  /** A token that was found behind a segment of text. */
  #found: Required<Segment> | undefined

  constructor(
    text: string,
    literal: boolean,
    longestAt: (i: number) => Required<Segment> | undefined,
    isWordCharacter: WordTest | undefined,
  ) {
    this.#text = text
    this.#literal = literal
    this.#longestAt = longestAt
    this.#isWordCharacter = isWordCharacter
  }

  /** Undefined at the end. */
  next(): Segment | undefined {
    this.#found ??= this.#find()
    const found = this.#found
    const start = this.#covered
    const end = found?.start ?? this.#text.length
    if (start < end) {
      this.#covered = end
      return { start, end }
    }
    this.#found = undefined
    if (found) this.#covered = found.end
    return found
  }

  #find(): Required<Segment> | undefined {
    const text = this.#text
    while (this.#at < text.length) {
      const found = this.#longestAt(this.#at)
      if (found === undefined) {
        this.#at++
        continue
      }
      let { start, end } = found
      const { added } = found
      this.#at = end
      // QUIRK: a match that is then turned down still hides the ones that overlap it.
      if (this.#literal && added.special) continue
      if (added.singleWord && (this.#isWordBefore(start) || this.#isWordAt(end))) continue
      if (added.lstrip) {
        while (start > this.#covered && isWhitespace(text.charCodeAt(start - 1))) start--
        // QUIRK: of a token that begins with white space that the one before has taken, only a token with lstrip gives way.
        start = Math.max(start, this.#covered)
        if (start >= end) continue
      }
      if (added.rstrip) end = this.#spaceUntil = end < this.#spaceUntil ? this.#spaceUntil : endOfSpace(text, end)
      return { start, end, added }
    }
    return undefined
  }

  #isWordBefore(end: number): boolean {
    if (end === 0) return false
    const start = end > 1 && isPairAt(this.#text, end - 2) ? end - 2 : end - 1
    return this.#isWordAt(start)
  }

  #isWordAt(start: number): boolean {
    const c = this.#text.codePointAt(start)
    return c !== undefined && this.#isWordCharacter?.(c) === true
  }
}

function endOfSpace(text: string, start: number): number {
  let end = start
  while (end < text.length && isWhitespace(text.charCodeAt(end))) end++
  return end
}
