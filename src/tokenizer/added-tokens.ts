/**
 * Added tokens: strings that are found in the text before anything else is done with it, and become one piece each.
 * `[SEP]` typed in a text becomes the real separator, as in the reference implementation, unless it is to be taken
 * literally. At each place the longest token counts, and what one has taken no other can.
 */
import { isPairAt } from './aligned-text.ts'
import { isWhitespace, isWordCharacter } from './unicode.ts'

export interface AddedToken {
  readonly id: number
  readonly content: string
  /** Left out by `decode`, and not looked for where special tokens are taken literally. */
  readonly special: boolean
  /** Found only where no word character (letter, mark, digit, underscore) stands beside it. */
  readonly singleWord: boolean
  /** Takes the white space before it. */
  readonly lstrip: boolean
  /** Takes the white space after it. */
  readonly rstrip: boolean
  /** Looked for, normalized, in the normalized text; otherwise, as it is, in the original. */
  readonly normalized: boolean
}

/** A part of the text: an added token, or what stands between two. */
export interface Segment {
  readonly start: number
  readonly end: number
  readonly added?: AddedToken
}

interface Node {
  readonly next: Map<number, Node>
  added?: AddedToken
}

/** Finds added tokens in a string. */
export class AddedTokenFinder {
  readonly #root: Node = { next: new Map() }
  /** 1 at the low byte of a unit that some token starts with: nearly every unit of a text is passed over by this. */
  readonly #starts = new Uint8Array(256)

  /** `spell` gives what is looked for; a token of which normalization leaves nothing is never found. */
  constructor(tokens: readonly AddedToken[], spell: (token: AddedToken) => string = token => token.content) {
    for (const token of tokens) {
      const content = spell(token)
      if (content === '') continue
      let node = this.#root
      for (let i = 0; i < content.length; i++) {
        const unit = content.charCodeAt(i)
        let next = node.next.get(unit)
        if (next === undefined) node.next.set(unit, (next = { next: new Map() }))
        node = next
      }
      node.added ??= token // of two that are spelled alike; the reference takes either, from one run to the next
      this.#starts[content.charCodeAt(0) & 0xff] = 1
    }
  }

  get isEmpty(): boolean {
    return this.#root.next.size === 0
  }

  /** Cuts `text` up. The segments cover it in order, and none is empty; for the quirk below, two may overlap. */
  split(text: string, literal: boolean): Segment[] {
    const segments: Segment[] = []
    let covered = 0
    for (let i = 0; i < text.length;) {
      const found = this.#starts[text.charCodeAt(i) & 0xff] === 1 ? this.#longestAt(text, i) : undefined
      if (found === undefined) {
        i++
        continue
      }
      let { start, end } = found
      i = end
      // QUIRK: a match that is then turned down still hides the ones that overlap it.
      if (literal && found.added.special) continue
      if (found.added.singleWord && (isWordBefore(text, start) || isWordAt(text, end))) continue
      if (found.added.lstrip) {
        while (start > covered && isWhitespace(text.charCodeAt(start - 1))) start--
        // QUIRK: of a token that begins with white space that the one before has taken, only a token with lstrip gives way.
        start = Math.max(start, covered)
        if (start >= end) continue
      }
      if (found.added.rstrip) while (end < text.length && isWhitespace(text.charCodeAt(end))) end++
      if (covered < start) segments.push({ start: covered, end: start })
      segments.push({ start, end, added: found.added })
      covered = end
    }
    if (covered < text.length) segments.push({ start: covered, end: text.length })
    return segments
  }

  #longestAt(text: string, start: number): Required<Segment> | undefined {
    let longest: Required<Segment> | undefined
    let node = this.#root.next.get(text.charCodeAt(start))
    for (let end = start + 1; node !== undefined; end++) {
      if (node.added !== undefined) longest = { start, end, added: node.added }
      node = end < text.length ? node.next.get(text.charCodeAt(end)) : undefined
    }
    return longest
  }
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
