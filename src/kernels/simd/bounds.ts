/** How large integers may be, so that no sum of their products can overflow: weights when they are made, activations by them. */
import type { TileShape } from './tiles.ts'
import type { Reading } from './layout.ts'

/** What an activation may be, as an integer: its largest value, and how the engine reads it. */
export interface Activations {
  readonly limit: number
  readonly reading: Reading
}

export interface Bounds {
  /** Float weights become integers of which no two neighbours exceed this sum of magnitudes. */
  readonly pairLimit: number
  /** `largest`: of Σₖ|w[k]| over the rows of W in w8a16, and of |w[k]| + |w[k+1]|, k even, in bytes. */
  readonly activations: (largest: number) => Activations
}

const [INT16, INT32] = [2 ** 15 - 1, 2 ** 31 - 1]
/**
 * Where two products of bytes are added in int16, weights and activations share its 15 bits. With pairs of weights up to this
 * sum, activations have some 216 steps, not 127; and weights lose little, since most rows whose largest weight is 127 hold no pair
 * much above it. The error of the whole is flat around this value (docs/kernels.md).
 */
const PAIR_LIMIT = 150
/** Of any int8. */
const ANY_PAIR = 256

/**
 * The integers that sums have room for. w8a16: every partial sum of Σₖ q[k]·w[k] is at most limit · Σₖ|w[k]| in magnitude, so
 * with limit = ⌊(2³¹ − 1) / Σₖ|w[k]|⌋ it stays in int32. Bytes in pairs: q[k]·w[k] + q[k+1]·w[k+1] is at most
 * limit · (|w[k]| + |w[k+1]|), so with limit = ⌊(2¹⁵ − 1) / largest pair⌋ it stays in int16; one less, since rounding can miss the
 * limit by one. Bytes, fused: 255 · 128 · 65536 < 2³¹, so all eight bits, up to that width.
 */
export function boundsOf({ arithmetic }: TileShape, bytes: Reading): Bounds {
  switch (arithmetic) {
    case 'f32':
      return { pairLimit: ANY_PAIR, activations: () => ({ limit: 0, reading: 'seven' }) }
    case 'w8a16': {
      const limit = (largest: number) => Math.min(INT16, Math.floor(INT32 / largest))
      return { pairLimit: ANY_PAIR, activations: largest => ({ limit: limit(largest), reading: 'seven' }) }
    }
    case 'bytesFused':
      return { pairLimit: ANY_PAIR, activations: () => ({ limit: bytes === 'seven' ? 127 : 255, reading: bytes }) }
    case 'bytesPairs': {
      const seven = { limit: 127, reading: 'seven' } as const
      if (bytes !== 'unsigned') return { pairLimit: ANY_PAIR, activations: () => seven }
      return {
        pairLimit: PAIR_LIMIT,
        activations: largest => {
          const limit = Math.min(255, Math.floor(INT16 / largest) - 1)
          return limit > 127 ? { limit, reading: 'unsigned' } : seven
        },
      }
    }
  }
}
