/**
 * The vocabulary: id → piece, and piece → id by a hash over UTF-16 units. So a piece is found inside a text without a
 * substring. The hash is FNV-1a over the units: the hash of a longer piece continues that of a shorter one. So one pass over
 * a word gives the hash of every piece that could start there.
 *
 * Each vocabulary starts its hashes from a random seed, so nobody can write a file whose pieces collide.
 */
export class Vocabulary {
  /** One more than the highest id. */
  readonly length: number
  /** The longest piece, in UTF-16 units. */
  readonly longest: number
  /** The number of different pieces. */
  readonly size: number
  /** A string with every piece in it: piece `id` is `row[starts[id]..ends[id])`. */
  readonly #row: string
  readonly #starts: Int32Array
  /** −1 if an id has no piece. */
  readonly #ends: Int32Array
  readonly #tokens: (string | undefined)[]
  readonly #slots: Int32Array // id + 1, or 0: open addressing, at most half full
  readonly #hashes: Int32Array // by id
  /** The units of the row. Comparing numbers beats comparing strings. */
  readonly #units: Uint16Array
  /** The hash of the empty string. */
  readonly #seed = (Math.random() * 2 ** 32) | 0

  /** `pieces`: by id, undefined if an id has none; or all in one row. */
  constructor(pieces: readonly (string | undefined)[] | PieceRow) {
    const pieceRow = 'row' in pieces ? pieces : rowOf(pieces)
    const { row, starts, ends } = pieceRow
    this.#row = row
    this.#starts = starts
    this.#ends = ends
    this.length = starts.length
    this.#tokens = new Array<string | undefined>(starts.length)
    this.#units = new Uint16Array(row.length)
    this.#hashes = new Int32Array(starts.length)
    this.longest = hashAll(pieceRow, this.#seed, this.#units, this.#hashes)
    this.#slots = new Int32Array(2 ** Math.max(4, Math.ceil(Math.log2(2 * starts.length + 1))))
    this.size = insertAll(pieceRow, this.#units, this.#hashes, this.#slots)
  }

  /** The piece of an id; undefined if it has none. Its string is made when it is first asked for: most never are. */
  token(id: number): string | undefined {
    return (this.#tokens[id] ??= this.#slice(id))
  }

  #slice(id: number): string | undefined {
    const end = this.#ends[id] ?? -1
    return end < 0 ? undefined : this.#row.slice(this.#starts[id], end)
  }

  /** This vocabulary with further tokens, if it lacks any. Each id is free, or belongs to a piece that has another too. */
  with(added: readonly { readonly id: number; readonly content: string }[]): Vocabulary {
    const fresh = added.filter(({ id, content }) => this.token(id) !== content)
    if (fresh.length === 0) return this
    const tokens = Array.from(this.#starts, (_, id) => this.token(id))
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
    const spelling = this.#units
    let at = this.#starts[id]!
    if (this.#ends[id]! - at !== prefix.length + end - start) return false
    for (const unit of prefix) if (spelling[at++] !== unit) return false
    for (let i = start; i < end; i++) if (spelling[at++] !== units[i]) return false
    return true
  }
}

/** Pieces as parts of one string. */
export interface PieceRow {
  readonly row: string
  /** By id. */
  readonly starts: Int32Array
  /** By id; −1 if it has no piece. */
  readonly ends: Int32Array
}

function rowOf(tokens: readonly (string | undefined)[]): PieceRow {
  const [starts, ends] = [new Int32Array(tokens.length), new Int32Array(tokens.length)]
  for (let id = 0, at = 0; id < tokens.length; id++) {
    const token = tokens[id]
    starts[id] = at
    ends[id] = token === undefined ? -1 : (at += token.length)
  }
  return { row: tokens.join(''), starts, ends } // undefined joins as nothing
}

/*
 * The next two run once, over 30,000 pieces, in code that no compiler has seen before. So each is one plain loop, without calls.
 */

/** Writes the units and the hash of every piece. Returns the length of the longest. */
function hashAll({ row, starts, ends }: PieceRow, seed: number, units: Uint16Array, hashes: Int32Array): number {
  let longest = 0
  for (let id = 0; id < starts.length; id++) {
    const start = starts[id]!
    const end = ends[id]!
    if (end - start > longest) longest = end - start
    let hash = seed
    for (let at = start; at < end; at++) {
      const unit = row.charCodeAt(at)
      units[at] = unit
      hash = imul(hash ^ unit, FNV_PRIME)
    }
    hashes[id] = hash
  }
  return longest
}

/** Inserts every piece; of equal ones, the last. Returns the number of different pieces. */
function insertAll({ starts, ends }: PieceRow, units: Uint16Array, hashes: Int32Array, slots: Int32Array): number {
  const mask = slots.length - 1
  let size = 0
  for (let id = starts.length - 1; id >= 0; id--) {
    if (ends[id]! < 0) continue
    const hash = hashes[id]!
    let slot = (hash ^ (hash >>> 15)) & mask // spread
    for (;;) {
      const other = slots[slot]! - 1
      if (other < 0) {
        slots[slot] = id + 1
        size++
        break
      }
      if (hashes[other] === hash && isSame(units, starts[id]!, ends[id]!, starts[other]!, ends[other]!)) break
      slot = (slot + 1) & mask
    }
  }
  return size
}

function isSame(units: Uint16Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false
  for (let i = 0; i < end - start; i++) if (units[start + i] !== units[otherStart + i]) return false
  return true
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
