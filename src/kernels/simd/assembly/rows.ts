/**
 * Works on one row at a time: reads it in its stored type, turns it into integers, normalises it.
 * Rows are padded with zeros to a multiple of 16 elements, so no loop has a tail.
 */
import { STORED } from '../layout.ts'
import {
  define,
  procedure,
  f32,
  f32x4,
  i16x8,
  i32,
  i32x4,
  i8x16,
  load,
  local,
  range,
  shuffle,
  store,
  v128,
  when,
} from './code.ts'
import type { F32, I32, V128, Variable } from './code.ts'
import { constants, horner } from './math.ts'

/** float16 → float32: five exponent bits become eight. Multiplying by 2¹¹² moves the exponent, of subnormals too. */
function widenF16(bits: V128): V128 {
  const half = local.v128(bits)
  const magnitude = local.v128(v128.and(half, i32x4.const(0x7fff)))
  const sign = i32x4.shl(v128.and(half, i32x4.const(0x8000)), 16)
  const value = f32x4.mul(i32x4.shl(magnitude, 13), f32x4.const(2 ** 112))
  // Infinity and NaN have the largest exponent in both types. Here 31 became 143, so the missing bits are set.
  const special = v128.and(i32x4.lt(i32x4.const(0x7bff), magnitude), i32x4.const(0x7f800000))
  return v128.or(v128.or(value, special), sign)
}

/** y += row, of `width` elements of type `stored` (layout.ts); `scale` is used for int8 alone. */
export const addRow = procedure(
  'addRow',
  { y: 'i32', row: 'i32', width: 'i32', stored: 'i32', scale: 'f32' },
  ({ y, row, width, stored, scale }) => {
    const each = (bytes: number, read: (at: I32) => V128) => {
      range(0, width, 4, i => {
        const at = local.i32(i32.add(y, i32.mul(i, 4)))
        const from = local.i32(i32.add(row, i32.mul(i, bytes)))
        store.v128(at, f32x4.add(load.v128(at), read(from)))
      })
    }
    const scales = local.v128(f32x4.splat(scale))
    when(i32.eq(stored, STORED.F32), () => each(4, at => load.v128(at)))
    when(i32.eq(stored, STORED.F16), () => each(2, at => widenF16(load.widen16(at))))
    when(i32.eq(stored, STORED.BF16), () => each(2, at => i32x4.shl(load.widen16(at), 16)))
    when(i32.eq(stored, STORED.I8), () =>
      each(1, at => f32x4.mul(f32x4.fromI32(i32x4.lowS16(i16x8.lowS8(load.zero32(at)))), scales)),
    )
  },
)

/** The largest of four int32. */
export function largestOf(vector: V128): Variable<'i32'> {
  const pairs = local.v128(i32x4.max(vector, shuffle(vector, [2, 3, 0, 1])))
  return local.i32(i32x4.lane(i32x4.max(pairs, shuffle(pairs, [1, 0, 3, 2])), 0))
}

/** max |x|, compared as bit patterns: their order as integers is that of the numbers, with NaN above all. */
export function largestMagnitude(x: I32, width: I32): Variable<'f32'> {
  const max = local.v128(v128.zero())
  range(0, width, 4, i =>
    max.set(i32x4.max(max, v128.and(load.v128(i32.add(x, i32.mul(i, 4))), i32x4.const(0x7fffffff)))),
  )
  return local.f32(f32.fromBits(largestOf(max)))
}

/**
 * Writes round(x · factor) + offset as int32, to the nearest, ties to even. Adding 1.5·2²³ leaves no room for a fraction. So
 * the addition itself rounds, and the integer is in the low bits, if |x · factor| < 2²².
 */
export function roundBy(factor: V128, offset: V128 = i32x4.const(0)): (x: V128) => V128 {
  const [magic, back] = [local.v128(f32x4.const(12582912)), local.v128(i32x4.sub(offset, i32x4.const(0x4b400000)))]
  return x => i32x4.add(f32x4.add(f32x4.mul(x, factor), magic), back)
}

/** The smallest range of a row: 1/SMALLEST is still far from infinity. */
export const SMALLEST = 2 ** -100

export const at4 = (base: I32, i: I32) => i32.add(base, i32.mul(i, 4))

export function across(vector: V128, pick: (a: F32, b: F32) => F32): Variable<'f32'> {
  const first = pick(f32x4.lane(vector, 0), f32x4.lane(vector, 1))
  return local.f32(pick(first, pick(f32x4.lane(vector, 2), f32x4.lane(vector, 3))))
}

/**
 * Makes int8 weights: q = round(x / scale), scale = max|x| / 127. The scale is larger if numbers that are added in int16 would
 * exceed a limit (bounds.ts): the magnitudes of a pair; or the positive ones, or the negative ones, of four, which are a pair and
 * that of the next step. Returns the scale.
 */
export const quantiseRow8 = define(
  'quantiseRow8',
  { x: 'i32', width: 'i32', q: 'i32', pairLimit: 'f32', quadLimit: 'f32' },
  'f32',
  ({ x, width, q, pairLimit, quadLimit }) => {
    const [pairs, quads, zero] = [local.v128(v128.zero()), local.v128(v128.zero()), local.v128(v128.zero())]
    const withNeighbour = (parts: V128) => f32x4.add(parts, shuffle(parts, [1, 0, 3, 2]))
    range(0, width, 8, i => {
      const from = local.i32(at4(x, i))
      const steps = [local.v128(load.v128(from)), local.v128(load.v128(from, 16))] as const
      for (const step of steps) pairs.set(f32x4.pmax(pairs, withNeighbour(local.v128(f32x4.abs(step)))))
      const parts = (pick: (a: V128, b: V128) => V128) =>
        withNeighbour(local.v128(f32x4.add(pick(steps[0], zero), pick(steps[1], zero))))
      quads.set(f32x4.pmax(quads, f32x4.pmax(parts(f32x4.pmax), f32x4.sub(zero, parts(f32x4.pmin)))))
    })
    const scale = local.f32(f32.div(largestMagnitude(x, width), f32.const(127)))
    scale.set(f32.max(scale, f32.div(across(pairs, f32.max), pairLimit)))
    scale.set(f32.max(scale, f32.div(across(quads, f32.max), quadLimit)))
    const factor = local.v128(f32x4.splat(f32.div(f32.const(1), f32.max(scale, f32.const(SMALLEST)))))
    const round = roundBy(factor)
    range(0, width, 16, i => {
      const from = local.i32(at4(x, i))
      const quarter = (n: number) => round(load.v128(from, 16 * n))
      const low = i16x8.narrow(quarter(0), quarter(1))
      store.v128(i32.add(q, i), i8x16.narrow(low, i16x8.narrow(quarter(2), quarter(3))))
    })
    return scale
  },
)

/**
 * y = (y − mean) / √(variance + ε) · weight + bias, in place (Ba 2016). It takes three passes over a row that is in the
 * first-level cache. The mean is subtracted before squaring, so no digits cancel. The padding behind `width` is zero, and so are
 * weight and bias there: only the variance has to leave it out.
 */
export const normaliseRow = procedure(
  'normaliseRow',
  { y: 'i32', width: 'i32', padded: 'i32', weight: 'i32', bias: 'i32', epsilon: 'f32' },
  ({ y, width, padded, weight, bias, epsilon }) => {
    const count = local.f32(f32.fromI32(width))
    const total = local.v128(v128.zero())
    range(0, padded, 4, i => total.set(f32x4.add(total, load.v128(at4(y, i)))))
    const mean = local.f32(f32.div(f32x4.sum(total), count))
    const means = local.v128(f32x4.splat(mean))

    const squares = local.v128(v128.zero())
    const whole = local.i32(i32.and(width, -4))
    range(0, whole, 4, i => {
      const off = local.v128(f32x4.sub(load.v128(at4(y, i)), means))
      squares.set(f32x4.add(squares, f32x4.mul(off, off)))
    })
    const square = local.f32(f32x4.sum(squares))
    range(whole, width, 1, i => {
      const off = local.f32(f32.sub(load.f32(at4(y, i)), mean))
      square.set(f32.add(square, f32.mul(off, off)))
    })
    const deviation = f32.sqrt(f32.add(f32.div(square, count), epsilon))
    const factor = local.v128(f32x4.splat(f32.div(f32.const(1), deviation)))
    range(0, padded, 4, i => {
      const at = local.i32(at4(y, i))
      const unit = f32x4.mul(f32x4.sub(load.v128(at), means), factor)
      store.v128(at, f32x4.add(f32x4.mul(unit, load.v128(at4(weight, i))), load.v128(at4(bias, i))))
    })
  },
)

/** Stores the next four words of a row of a tile (operand.ts), and moves `at` behind them. */
export function storeWords(at: Variable<'i32'>, wordStride: Variable<'i32'>, words: V128): void {
  const four = local.v128(words)
  for (let lane = 0; lane < 4; lane++) {
    store.lane32(at, four, lane)
    at.set(i32.add(at, wordStride))
  }
}

const SMALLEST_EXPONENT = -87.3 // e to this is the smallest normal float32

/**
 * Softmax: scores → eᵗ / Σ eᵗ with t = (score − largest) · scale, for `count` scores and their padding. The first `keys`, which are
 * the scores and up to three of padding, go to a row of a tile.
 *
 * eᵗ = 2ⁿ · eʳ with n = round(t / ln 2) and |r| ≤ ln 2 / 2: 2ⁿ is written into the exponent bits, and eʳ is its Taylor
 * polynomial of degree 6, off by at most r⁷/5040 = 1.2e-7.
 */
export const softmaxRow = procedure(
  'softmaxRow',
  { row: 'i32', count: 'i32', padded: 'i32', scale: 'f32', to: 'i32', wordStride: 'i32', keys: 'i32' },
  ({ row, count, padded, scale, to, wordStride, keys }) => {
    range(count, padded, 1, i => store.f32(at4(row, i), f32.const(-Infinity)))
    const largestLanes = local.v128(load.v128(row))
    range(4, padded, 4, i => {
      // One instruction; `max` would be eight. It may lose a NaN, but the exponential then meets it.
      largestLanes.set(f32x4.pmax(largestLanes, load.v128(at4(row, i))))
    })
    const most = local.v128(f32x4.splat(across(largestLanes, f32.max)))
    const scales = local.v128(f32x4.splat(scale))
    const total = local.v128(v128.zero())
    const [exponential, lowest] = [exponentialOf(), local.v128(f32x4.const(SMALLEST_EXPONENT))]
    range(0, padded, 4, i => {
      const at = local.i32(at4(row, i))
      const t = f32x4.mul(f32x4.sub(load.v128(at), most), scales)
      const power = local.v128(exponential(f32x4.pmax(t, lowest)))
      store.v128(at, power)
      total.set(f32x4.add(total, power))
    })
    // The padding does not count: it adds e⁻⁸⁷ to the sum, and its values are zero.
    const share = local.v128(f32x4.splat(f32.div(f32.const(1), f32x4.sum(total))))
    range(0, keys, 4, i => storeWords(to, wordStride, f32x4.mul(load.v128(at4(row, i)), share)))
  },
)

/** Writes eᵗ of four numbers. Its constants are set once. */
function exponentialOf(): (value: V128) => V128 {
  // ln 2 in two parts, the first with few enough bits that n times it is exact.
  const high = 0.693359375
  const [log2e, ln2High, ln2Low] = constants([Math.LOG2E, high, Math.LN2 - high])
  const series = constants([1, 1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720])
  return value => {
    const t = local.v128(value)
    const n = local.v128(f32x4.nearest(f32x4.mul(t, log2e)))
    const r = local.v128(f32x4.sub(f32x4.sub(t, f32x4.mul(n, ln2High)), f32x4.mul(n, ln2Low)))
    return i32x4.add(horner(series, r), i32x4.shl(f32x4.toI32(n), 23))
  }
}
