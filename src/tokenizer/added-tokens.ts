/**
 * Added tokens: strings that are found in the text before any other step, each of which becomes one piece.
 * A `[SEP]` typed in a text becomes the real separator, as in the reference implementation, unless special tokens are
 * taken literally. The longest token at each place wins, and no later match may overlap it.
 */
import { isPairAt } from './aligned-text.ts'
import { isWhitespace, isWordCharacter } from './unicode.ts'

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

  /** `spell` gives the string to look for. A token that normalization makes empty is never found. */
  constructor(tokens: readonly AddedToken[], spell: (token: AddedToken) => string = token => token.content) {
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
    return Array.from(this.segments(text, literal))
  }

  /** Cuts `text` up. The segments cover it in order, and none is empty. Two may overlap because of the quirk below. */
  *segments(text: string, literal: boolean): Generator<Segment, void, undefined> {
    let covered = 0
    let spaceUntil = 0 // end of the white space that the last token with rstrip took
    for (let i = 0; i < text.length;) {
      const found = this.#starts[text.charCodeAt(i) & 0xff] === 1 ? this.#longestAt(text, i) : undefined
      if (found === undefined) {
        i++
        continue
      }
      let { start, end } = found
      i = end
      // QUIRK: a rejected match still hides the matches that overlap it.
      if (literal && found.added.special) continue
      if (found.added.singleWord && (isWordBefore(text, start) || isWordAt(text, end))) continue
      if (found.added.lstrip) {
        while (start > covered && isWhitespace(text.charCodeAt(start - 1))) start--
        // QUIRK: if the token before has already taken this one's leading white space, only a token with lstrip gives way.
        start = Math.max(start, covered)
        if (start >= end) continue
      }
      if (found.added.rstrip) end = spaceUntil = end < spaceUntil ? spaceUntil : endOfSpace(text, end)
      if (covered < start) yield { start: covered, end: start }
      yield { start, end, added: found.added }
      covered = end
    }
    if (covered < text.length) yield { start: covered, end: text.length }
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

function endOfSpace(text: string, start: number): number {
  let end = start
  while (end < text.length && isWhitespace(text.charCodeAt(end))) end++
  return end
}

function isWordBefore(text: string, end: number): boolean {
  if (end === 0) return false
  const start = end > 1 && isPairAt(text, end - 2) ? end - 2 : end - 1
  return isWordAt(text, start)
}

function isWordAt(text: string, start: number): boolean {
  const c = text.codePointAt(start)
  return c !== undefined && isWordCharacter(c)
}
