/** Bounds integers so that no sum of their products overflows: first weights, then activations according to the weights. */
import type { LinearPart } from '../kernels.ts'
import type { TileShape } from './tiles.ts'
import type { Reading } from './layout.ts'

/** Activations as integers: their largest value, and how the engine reads them. */
export interface Activations {
  readonly limit: number
  readonly reading: Reading
}

/** The largest sums of the weights of a matrix that share an integer, over all its rows. */
export interface LargestSums {
  /** w8a16: Σₖ|w[k]|. Bytes: |w[k]| + |w[k+1]|, k even. */
  readonly first: number
  /** Bytes: the positive ones of w[k], w[k+1], w[k+4], w[k+5], or the negative ones; of k, every other even number. */
  readonly second: number
}

export interface Bounds {
  /** What the weights of a row are scaled to: see LargestSums. `isInt8`: they were int8 before, and heed only `quadLimit`. */
  readonly weights: (isInt8: boolean) => { readonly pairLimit: number; readonly quadLimit: number }
  /** How the activations are bounded, and the tile that this leaves room for. */
  readonly activations: (largest: LargestSums) => Activations & { readonly tile: TileShape }
}

const [INT16, INT32] = [2 ** 15 - 1, 2 ** 31 - 1]
/**
 * The limit for pairs of bytes, whose two products are added in int16: weights and activations share its 15 bits. With this limit
 * activations have some 216 steps, not 127. Weights lose little: most rows whose largest weight is 127 have no pair much above
 * it. The total error is flat around this value (docs/kernels.md).
 */
const PAIR_LIMIT = 150
/**
 * The limits for pairs of pairs, whose four products are added in int16, of weights of one sign. Most rows have some 220 if their
 * largest weight is 127. Float weights are rounded anyway: they lose two thirds of a bit, and activations have 233 steps. A row of
 * int8 that has to shrink is rounded a second time, so fewer may: activations have 162 steps (docs/kernels.md has the errors).
 */
const QUAD_LIMIT = { float: 140, int8: 200 } as const
const unlimited = () => ({ pairLimit: Infinity, quadLimit: Infinity })

/**
 * The bounds for a tile. `bytes`: how the engine reads activations of one byte.
 *
 * w8a16         Every partial sum of Σₖ q[k]·w[k] is at most limit · Σₖ|w[k]| in magnitude, so with
 *               limit = ⌊(2³¹ − 1) / Σₖ|w[k]|⌋ it stays in int32.
 * bytesPairs    q[k]·w[k] + q[k+1]·w[k+1] is at most limit · (|w[k]| + |w[k+1]|), so with limit = ⌊(2¹⁵ − 1) / largest pair⌋
 *               it stays in int16. The limit is one less, since rounding can miss it by one.
 * bytesQuads    No q is negative, so the sum of four is at most limit · (sum of the positive w) and at least
 *               −limit · (sum of the negative ones), and so are those of its pairs.
 * bytesFused    255 · 128 · 65536 < 2³¹: all eight bits, for up to 65536 inputs.
 */
export function boundsOf(shape: TileShape, bytes: Reading): Bounds {
  const steps = (largest: number) => Math.min(255, Math.floor(INT16 / largest) - 1)
  const seven = { limit: 127, reading: 'seven' } as const
  switch (shape.arithmetic) {
    case 'f32':
      return { weights: unlimited, activations: () => ({ limit: 0, reading: 'seven', tile: shape }) }
    case 'w8a16': {
      const limit = (largest: number) => Math.min(INT16, Math.floor(INT32 / largest))
      return {
        weights: unlimited,
        activations: ({ first }) => ({ limit: limit(first), reading: 'seven', tile: shape }),
      }
    }
    case 'bytesFused': {
      const limit = bytes === 'seven' ? 127 : 255
      return { weights: unlimited, activations: () => ({ limit, reading: bytes, tile: shape }) }
    }
    case 'bytesPairs':
      return {
        weights: () => ({ pairLimit: bytes === 'unsigned' ? PAIR_LIMIT : Infinity, quadLimit: Infinity }),
        activations: ({ first }) => {
          const limit = steps(first)
          if (bytes !== 'unsigned' || limit <= 127) return { ...seven, tile: shape }
          return { limit, reading: bytes, tile: shape }
        },
      }
    case 'bytesQuads':
      return {
        // Rounding can add a half to each of four weights.
        weights: isInt8 => ({
          pairLimit: Infinity,
          quadLimit: bytes === 'unsigned' ? QUAD_LIMIT[isInt8 ? 'int8' : 'float'] : Math.floor(INT16 / 127) - 2,
        }),
        activations: ({ second }) =>
          bytes === 'unsigned' ? { limit: steps(second), reading: bytes, tile: shape } : { ...seven, tile: shape },
      }
  }
}

/**
 * Whether weights are multiplied in pairs of pairs, if there are such and activations are read as `reading`. With seven bits they
 * lose nothing. int8 weights gain: in pairs they would leave activations some 130 steps. Float weights lose a little, and a matrix that
 * widens (into GELU) loses most, so it stays in pairs (docs/kernels.md).
 */
export function takesQuads(parts: readonly LinearPart[], reading: Reading): boolean {
  const isWidening = parts.length === 1 && parts.some(({ weight: { shape } }) => (shape[0] ?? 0) > (shape[1] ?? 0))
  return reading === 'seven' || !isWidening || parts.every(({ weight }) => weight.stored === 'I8')
}

/** The largest |q| and |k| of attention in integers: the D products of a score stay in int32, D · limit² < 2³¹. */
export function scoreLimit(headSize: number): number {
  return Math.min(INT16, Math.floor(Math.sqrt(INT32 / headSize)))
}
