/** Builds an {@link Encoding} piece by piece. */
import { endOfCharacter, isPairAt } from './aligned-text.ts'
import type { PieceSink } from './compact.ts'
import type { Encoding } from './encoding.ts'

export class EncodingBuilder implements Encoding, PieceSink {
  readonly ids: number[] = []
  readonly tokens: string[] = []
  readonly offsets: (readonly [number, number])[] = []
  readonly typeIds: number[] = []
  readonly wordIds: (number | null)[] = []
  readonly specialTokensMask: number[] = []

  get length(): number {
    return this.ids.length
  }

  add(id: number, token: string, start: number, end: number, typeId: number, wordId: number): void {
    this.ids.push(id)
    this.tokens.push(token)
    this.offsets.push([start, end])
    this.typeIds.push(typeId)
    this.wordIds.push(wordId)
    this.specialTokensMask.push(0)
  }

  addSpecial(id: number, token: string, typeId: number): void {
    this.ids.push(id)
    this.tokens.push(token)
    this.offsets.push([0, 0])
    this.typeIds.push(typeId)
    this.wordIds.push(null)
    this.specialTokensMask.push(1)
  }

  build(): Encoding {
    const { ids, tokens, offsets, typeIds, wordIds, specialTokensMask } = this
    return { ids, tokens, offsets, typeIds, wordIds, specialTokensMask }
  }
}

/**
 * Converts offsets from UTF-16 units of `text` to code points, from piece `first` on. A lone surrogate counts as one, as in
 * a Python string that holds one. Starts and ends increase, so one pass is enough, unless added tokens overlap.
 */
export function countCodePoints(text: string, offsets: (readonly [number, number])[], first: number): void {
  const starts = new CodePointCounter(text)
  const ends = new CodePointCounter(text)
  for (let i = first; i < offsets.length; i++) {
    const [start, end] = offsets[i]!
    offsets[i] = [starts.upTo(start), ends.upTo(end)]
  }
}

class CodePointCounter {
  readonly #text: string
  #at = 0
  #count = 0

  constructor(text: string) {
    this.#text = text
  }

  upTo(end: number): number {
    for (; this.#at < end; this.#count++) this.#at = endOfCharacter(this.#text, this.#at)
    for (; this.#at > end; this.#count--) this.#at -= isPairAt(this.#text, this.#at - 2) ? 2 : 1
    return this.#count
  }
}
