/**
 * A compact encoding of a text, at 20 bytes a piece. It has five rows of numbers instead of one object per piece.
 * It suits texts of any length. The spelling of a piece is looked up by its id.
 */

/** n pieces, without special tokens. Rows may be longer than n. */
export interface CompactEncoding {
  readonly length: number
  readonly ids: Int32Array // [n]
  readonly typeIds: Int32Array // [n]
  /** `[starts[i], ends[i])` in the text, UTF-16 units. */
  readonly starts: Int32Array // [n]
  readonly ends: Int32Array // [n]
  readonly wordIds: Int32Array // [n]
}

/** Receives the pieces of a text one by one. */
export interface PieceSink {
  readonly length: number
  add(id: number, token: string, start: number, end: number, typeId: number, wordId: number): void
}

export class CompactBuilder implements CompactEncoding, PieceSink {
  length = 0
  ids: Int32Array
  typeIds: Int32Array
  starts: Int32Array
  ends: Int32Array
  wordIds: Int32Array

  /** `units`: the length of the text, in UTF-16. */
  constructor(units: number) {
    const capacity = Math.ceil(units / UNITS_A_PIECE) + 16
    this.ids = new Int32Array(capacity)
    this.typeIds = new Int32Array(capacity)
    this.starts = new Int32Array(capacity)
    this.ends = new Int32Array(capacity)
    this.wordIds = new Int32Array(capacity)
  }

  add(id: number, _: string, start: number, end: number, typeId: number, wordId: number): void {
    const i = this.length++
    if (i === this.ids.length) this.#grow()
    this.ids[i] = id
    this.typeIds[i] = typeId
    this.starts[i] = start
    this.ends[i] = end
    this.wordIds[i] = wordId
  }

  /** Grows one row at a time, so at most one row is in memory twice. */
  #grow(): void {
    const capacity = Math.ceil(this.ids.length * 1.5)
    const grown = (row: Int32Array): Int32Array => {
      const larger = new Int32Array(capacity)
      larger.set(row)
      return larger
    }
    this.ids = grown(this.ids)
    this.typeIds = grown(this.typeIds)
    this.starts = grown(this.starts)
    this.ends = grown(this.ends)
    this.wordIds = grown(this.wordIds)
  }
}

/** A guess at the characters per piece. English prose has about four and a half. */
const UNITS_A_PIECE = 4
