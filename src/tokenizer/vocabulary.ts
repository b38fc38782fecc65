/**
 * The vocabulary: id → piece, and piece → id by a hash over UTF-16 units, so that looking a piece up inside of a text
 * needs no substring. The hash is FNV-1a taken unit by unit: that of a longer piece continues that of a shorter one, so
 * one pass over a word gives the hash of every piece that could start there.
 */
export class Vocabulary {
  /** By id; undefined where an id has no piece. */
  readonly tokens: readonly (string | undefined)[]
  /** The longest piece, in UTF-16 units. */
  readonly longest: number
  readonly #slots: Int32Array // id + 1, or 0: open addressing, at most half full
  readonly #hashes: Int32Array // by id
  /** All pieces in one row: that of an id is `spelling[starts[id]..starts[id + 1])`. Comparing numbers beats comparing strings. */
  readonly #spelling: Uint16Array
  readonly #starts: Int32Array

  constructor(tokens: readonly (string | undefined)[]) {
    this.tokens = tokens
    this.#hashes = new Int32Array(tokens.length)
    this.#slots = new Int32Array(2 ** Math.max(4, Math.ceil(Math.log2(2 * tokens.length + 1))))
    this.#starts = new Int32Array(tokens.length + 1)
    const row = tokens.join('') // undefined joins as nothing
    this.#spelling = new Uint16Array(row.length)
    this.longest = this.#spell(row)
    for (let id = tokens.length - 1; id >= 0; id--) if (tokens[id] !== undefined) this.#insert(id)
  }

  /** Writes spelling, starts and hashes, and gives the length of the longest piece. */
  #spell(row: string): number {
    const tokens = this.tokens
    const [spelling, starts, hashes] = [this.#spelling, this.#starts, this.#hashes]
    let longest = 0
    for (let id = 0, at = 0; id < tokens.length; id++) {
      const length = tokens[id]?.length ?? 0
      if (length > longest) longest = length
      let hash = FNV_OFFSET
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

  #insert(id: number): void {
    const tokens = this.tokens
    const [hashes, slots] = [this.#hashes, this.#slots]
    const hash = hashes[id]!
    const mask = slots.length - 1
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const other = slots[slot]! - 1
      if (other < 0) {
        slots[slot] = id + 1
        return
      }
      if (hashes[other] === hash && tokens[other] === tokens[id]) return
    }
  }

  /** This vocabulary, with further tokens where it does not have them. */
  with(added: readonly { readonly id: number; readonly content: string }[]): Vocabulary {
    if (added.every(({ id }) => this.tokens[id] !== undefined)) return this
    const tokens = this.tokens.slice()
    for (const { id, content } of added) tokens[id] ??= content
    return new Vocabulary(tokens)
  }

  /** The id of a piece. QUIRK: where a vocab.txt has a piece twice, the last one counts. */
  idOf(token: string): number | undefined {
    const units = Uint16Array.from({ length: token.length }, (_, i) => token.charCodeAt(i))
    const id = this.find(hashOf(token), NO_UNITS, units, 0, units.length)
    return id < 0 ? undefined : id
  }

  /** The id of the piece `prefix` + `units[start..end)`, whose hash this is; −1 where there is none. */
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

const FNV_OFFSET = 0x811c9dc5 | 0
const FNV_PRIME = 0x01000193
const { imul } = Math

/** The hash of a string, or of a string that continues one whose hash is `seed`. */
export function hashOf(text: string, seed = FNV_OFFSET): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = imul(hash ^ text.charCodeAt(i), FNV_PRIME)
  return hash
}

/** {@link hashOf} by one more unit. */
export function hashOn(hash: number, unit: number): number {
  return imul(hash ^ unit, FNV_PRIME)
}

/** FNV's low bits alone depend too little on the first letters. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15)
}
