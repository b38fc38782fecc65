/**
 * A text in the normalizer, with the way back to the original. UTF-16 unit `i` came from the character at `sources[i]`.
 * However much is removed, split up or changed on the way, a piece of units `[i, j)` comes from
 * `original.slice(sources[i], sources[j - 1] + width of the character there)`.
 */
export class AlignedText {
  units: Uint16Array
  /** Indices in the original string, in UTF-16 units. They never decrease from one unit to the next. */
  sources: Int32Array
  length = 0

  constructor(capacity = 0) {
    this.units = new Uint16Array(capacity)
    this.sources = new Int32Array(capacity)
  }

  /** Empties it and makes room for `capacity` units. */
  reset(capacity: number): this {
    if (this.units.length < capacity || this.units.length > LARGEST_KEPT) {
      const room = Math.max(capacity, SMALLEST)
      this.units = new Uint16Array(room)
      this.sources = new Int32Array(room)
    }
    this.length = 0
    return this
  }

  /** Appends one code point that came from the character at `source`. */
  push(codePoint: number, source: number): void {
    if (this.length + 2 > this.units.length) this.#grow()
    if (codePoint > 0xffff) {
      this.units[this.length] = 0xd7c0 + (codePoint >> 10)
      this.sources[this.length++] = source
      codePoint = 0xdc00 | (codePoint & 0x3ff)
    }
    this.units[this.length] = codePoint
    this.sources[this.length++] = source
  }

  /** The code point whose first unit is at `i`. There are no lone surrogates in an aligned text. */
  codePointAt(i: number): number {
    const unit = this.units[i]!
    return (unit & 0xfc00) === 0xd800 ? ((unit & 0x3ff) << 10) + (this.units[i + 1]! & 0x3ff) + 0x10000 : unit
  }

  toString(start = 0, end = this.length): string {
    let text = ''
    for (let i = start; i < end; i += CHUNK) {
      const chunk: ArrayLike<number> = this.units.subarray(i, Math.min(i + CHUNK, end))
      text += String.fromCharCode.apply(null, chunk as number[])
    }
    return text
  }

  #grow(): void {
    const { units, sources } = this
    const capacity = 2 * units.length + 16
    this.units = new Uint16Array(capacity)
    this.units.set(units)
    this.sources = new Int32Array(capacity)
    this.sources.set(sources)
  }
}

const SMALLEST = 256

/** The most units that {@link AlignedText.reset} keeps room for: 384 kB. Larger arrays are released. */
const LARGEST_KEPT = 2 ** 16

/** The number of arguments in one call, well below every engine's limit. */
const CHUNK = 4096

/** Whether a character of two UTF-16 units starts at `i`. A lone surrogate is a character of one unit. */
export function isPairAt(text: string, i: number): boolean {
  return (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00
}

/** The end of the character that starts at `i`. */
export function endOfCharacter(text: string, i: number): number {
  return isPairAt(text, i) ? i + 2 : i + 1
}

/** Whether the text has no lone surrogate. */
export function isWellFormed(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xf800) !== 0xd800) continue
    if (!isPairAt(text, i)) return false
    i++
  }
  return true
}
