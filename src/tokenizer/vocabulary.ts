/**
 * The vocabulary: id → piece, and piece → id by a hash over UTF-16 units. So a piece is found inside a text without a
 * substring. The hash is FNV-1a over the units: the hash of a longer piece continues that of a shorter one. So one pass over
 * a word gives the hash of every piece that could start there.
 *
 * Each vocabulary starts its hashes from a random seed, so nobody can write a file whose pieces collide.
 */
export class Vocabulary {
  /** Pieces by id; undefined if an id has none. */
  readonly tokens: readonly (string | undefined)[]
  /** The longest piece, in UTF-16 units. */
  readonly longest: number
  /** The number of different pieces. */
  readonly size: number
  readonly #slots: Int32Array // id + 1, or 0: open addressing, at most half full
  readonly #hashes: Int32Array // by id
  /** All pieces in one row: piece `id` is `spelling[starts[id]..starts[id + 1])`. Comparing numbers beats comparing strings. */
  readonly #spelling: Uint16Array
  readonly #starts: Int32Array
  /** The hash of the empty string. */
  readonly #seed = (Math.random() * 2 ** 32) | 0

  constructor(tokens: readonly (string | undefined)[]) {
    this.tokens = tokens
    this.#hashes = new Int32Array(tokens.length)
    this.#slots = new Int32Array(2 ** Math.max(4, Math.ceil(Math.log2(2 * tokens.length + 1))))
    this.#starts = new Int32Array(tokens.length + 1)
    const row = tokens.join('') // undefined joins as nothing
    this.#spelling = new Uint16Array(row.length)
    this.longest = this.#spell(row)
    let size = 0
    for (let id = tokens.length - 1; id >= 0; id--) if (tokens[id] !== undefined && this.#insert(id)) size++
    this.size = size
  }

  /** Writes spelling, starts and hashes, and returns the length of the longest piece. */
  #spell(row: string): number {
    const tokens = this.tokens
    const [spelling, starts, hashes] = [this.#spelling, this.#starts, this.#hashes]
    let longest = 0
    for (let id = 0, at = 0; id < tokens.length; id++) {
      const length = tokens[id]?.length ?? 0
      if (length > longest) longest = length
      let hash = this.#seed
      for (const end = at + length; at < end; at++) {
        const unit = row.charCodeAt(at)
        spelling[at] = unit
        hash = imul(hash ^ unit, FNV_PRIME)
      }
      hashes[id] = hash
      starts[id + 1] = at
    }
    return longest
  }

  /** Inserts a piece; true if it was not there yet. */
  #insert(id: number): boolean {
    const tokens = this.tokens
    const [hashes, slots] = [this.#hashes, this.#slots]
    const hash = hashes[id]!
    const mask = slots.length - 1
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const other = slots[slot]! - 1
      if (other < 0) {
        slots[slot] = id + 1
        return true
      }
      if (hashes[other] === hash && tokens[other] === tokens[id]) return false
    }
  }

  /** This vocabulary with further tokens, if it lacks any. Each id is free, or belongs to a piece that has another too. */
  with(added: readonly { readonly id: number; readonly content: string }[]): Vocabulary {
    const fresh = added.filter(({ id, content }) => this.tokens[id] !== content)
    if (fresh.length === 0) return this
    const tokens = this.tokens.slice()
    for (const { id, content } of fresh) tokens[id] = content
    return new Vocabulary(tokens)
  }

  /** The id of a piece. QUIRK: if a vocab.txt has a piece twice, the last one counts. */
  idOf(token: string): number | undefined {
    const units = Uint16Array.from({ length: token.length }, (_, i) => token.charCodeAt(i))
    const id = this.find(this.hashOf(token), NO_UNITS, units, 0, units.length)
    return id < 0 ? undefined : id
  }

  /** The hash of a string, which {@link hashOn} continues. */
  hashOf(text: string): number {
    let hash = this.#seed
    for (let i = 0; i < text.length; i++) hash = hashOn(hash, text.charCodeAt(i))
    return hash
  }

  /** The id of the piece `prefix` + `units[start..end)`, whose hash this is; −1 if there is none. */
  find(hash: number, prefix: Uint16Array, units: Uint16Array, start: number, end: number): number {
    const slots = this.#slots
    const hashes = this.#hashes
    const mask = slots.length - 1
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot]! - 1
      if (id < 0 || (hashes[id] === hash && this.#isSpelled(id, prefix, units, start, end))) return id
    }
  }

  #isSpelled(id: number, prefix: Uint16Array, units: Uint16Array, start: number, end: number): boolean {
    const spelling = this.#spelling
    const starts = this.#starts
    let at = starts[id]!
    if (starts[id + 1]! - at !== prefix.length + end - start) return false
    for (const unit of prefix) if (spelling[at++] !== unit) return false
    for (let i = start; i < end; i++) if (spelling[at++] !== units[i]) return false
    return true
  }
}

export const NO_UNITS = new Uint16Array(0)

const FNV_PRIME = 0x01000193
const { imul } = Math

/** The hash of a string that is one unit longer. */
export function hashOn(hash: number, unit: number): number {
  return imul(hash ^ unit, FNV_PRIME)
}

/** Mixes high bits into the low ones: FNV's low bits alone depend too little on the first letters. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15)
}
