/** Bounds integers so that no sum of their products overflows: first weights, then activations according to the weights. */
import type { TileShape } from './tiles.ts'
import type { Reading } from './layout.ts'

/** Activations as integers: their largest value, and how the engine reads them. */
export interface Activations {
  readonly limit: number
  readonly reading: Reading
}

export interface Bounds {
  /** The largest sum of the magnitudes of two neighbouring weights that were float. */
  readonly pairLimit: number
  /** `largest`: the largest Σₖ|w[k]| of a row of W in w8a16; the largest |w[k]| + |w[k+1]|, k even, in bytes. */
  readonly activations: (largest: number) => Activations
}

const [INT16, INT32] = [2 ** 15 - 1, 2 ** 31 - 1]
/**
 * The limit for pairs of bytes, whose two products are added in int16: weights and activations share its 15 bits. With this limit
 * activations have some 216 steps, not 127. Weights lose little: most rows whose largest weight is 127 have no pair much above
 * it. The total error is flat around this value (docs/kernels.md).
 */
const PAIR_LIMIT = 150
/** No limit: the largest sum that two int8 have. */
const ANY_PAIR = 256

/**
 * The bounds for a tile. `bytes`: how the engine reads activations of one byte.
 *
 * w8a16         Every partial sum of Σₖ q[k]·w[k] is at most limit · Σₖ|w[k]| in magnitude, so with
 *               limit = ⌊(2³¹ − 1) / Σₖ|w[k]|⌋ it stays in int32.
 * bytesPairs    q[k]·w[k] + q[k+1]·w[k+1] is at most limit · (|w[k]| + |w[k+1]|), so with limit = ⌊(2¹⁵ − 1) / largest pair⌋
 *               it stays in int16. The limit is one less, since rounding can miss it by one.
 * bytesFused    255 · 128 · 65536 < 2³¹: all eight bits, for up to 65536 inputs.
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

/** The largest |q| and |k| of attention in integers: the D products of a score stay in int32, D · limit² < 2³¹. */
export function scoreLimit(headSize: number): number {
  return Math.min(INT16, Math.floor(Math.sqrt(INT32 / headSize)))
}
