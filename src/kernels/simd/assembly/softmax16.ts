/**
 * Softmax to integers, four rows at a time (attention16.ts): p = round(2ᵗ · s) with t = (score − largest) · factor, and s so
 * that Σ p ≤ total and max p ≤ 2¹⁵ − 1. The result is divided by Σ p, so most of the rounding of P cancels.
 *
 * In two steps. First e = round(32767 · 2ᵗ), in place; then p = (e·m + 2¹⁴) >> 15, with one m for each row:
 *
 *   m   = min(32767, ⌊2¹⁵ · 31/32 · (total − n) / E⌋)        E = Σ 32767 · 2ᵗ, added up in float32
 *   Σ p ≤ Σ e · m/2¹⁵ + n/2 ≤ (E′ + n/2) · m/2¹⁵ + n/2 ≤ (total − n) + n = total
 *
 * E′ is the exact sum, E′ ≤ E · 32/31, since each lane of E makes n/4 additions of relative error 2⁻²⁴: for n = 2²⁰ that is
 * 1/64. At least one p is not 0: with total = 2¹⁷ + 16·n, the key with the largest score has m ≥ 13.
 *
 * 2ᵗ = 2ⁿ·2ᶠ with n = round(t), written into the exponent bits, and a polynomial of degree 4 for 2ᶠ, |f| ≤ 1/2, off by at most
 * 2.9e-6, a tenth of P's last bit. All of it is multiplications and additions of float32, rounded one by one: the same on every engine.
 */
import { define, procedure, f32, f32x4, i16x8, i32, i32x4, load, local, range, store, v128 } from './code.ts'
import type { I32, V128 } from './code.ts'
import { each4, transposed } from './fours.ts'
import { constants, horner } from './math.ts'
import { across, at4 } from './rows.ts'

/** The most that the weights of a row of `keys` keys add up to. */
export const totalOf = (keys: I32) => i32.add(i32.shl(keys, 4), 1 << 17)

const LARGEST = 32767
/** 32767 · 2ᶠ: a fit with the least relative error, exact at f = 0. */
const POWER_OF_TWO = [1, 0.6931241750717163, 0.24024099111557007, 0.055906426161527634, 0.009582806378602982]
/** 32767 · 2ᵗ is 0 in integers long before. */
const SMALLEST_EXPONENT = -24

/** scores → round(32767 · 2ᵗ) as int16, in place and packed, for `keys` scores; zero up to `padded`. Returns their sum. */
const exponentials = define(
  'exponentials16',
  { row: 'i32', keys: 'i32', padded: 'i32', factor: 'f32' },
  'f32',
  ({ row, keys, padded, factor }) => {
    range(keys, padded, 1, i => store.f32(at4(row, i), f32.const(-Infinity)))
    const largest = [local.v128(load.v128(row)), local.v128(load.v128(row, 16))] as const
    range(8, padded, 8, i => {
      const at = local.i32(at4(row, i))
      for (const [j, lanes] of largest.entries()) lanes.set(f32x4.pmax(lanes, load.v128(at, 16 * j)))
    })
    const most = local.v128(f32x4.splat(across(f32x4.pmax(largest[0], largest[1]), f32.max)))
    // Not 0, which would make a NaN of −∞, the score of what is no key.
    const factors = local.v128(f32x4.splat(f32.max(factor, f32.const(2 ** -120))))
    const [lowest, magic] = constants([SMALLEST_EXPONENT, 12582912])
    const series = constants(POWER_OF_TWO.map(c => Math.fround(c * LARGEST)))
    const bits = local.v128(i32x4.const(0x4b400000)) // those of magic
    const sum = local.v128(v128.zero())
    const power = (score: V128) => {
      const t = local.v128(f32x4.pmax(f32x4.mul(f32x4.sub(score, most), factors), lowest))
      const shifted = local.v128(f32x4.add(t, magic)) // n in its lowest bits
      const f = local.v128(f32x4.sub(t, f32x4.sub(shifted, magic)))
      const value = local.v128(i32x4.add(horner(series, f), i32x4.shl(shifted, 23)))
      sum.set(f32x4.add(sum, value))
      return i32x4.sub(f32x4.add(value, magic), bits) // round(value)
    }
    const to = local.i32(row)
    range(0, padded, 8, i => {
      const at = local.i32(at4(row, i))
      const low = local.v128(power(load.v128(at)))
      store.v128(to, i16x8.narrow(low, power(load.v128(at, 16))))
      to.set(i32.add(to, 16))
    })
    return f32x4.sum(sum)
  },
)

/**
 * Four rows of scores → P as words of two keys, row beside row, and what the results have to be multiplied by: valueScale / Σ p.
 * A factor that is NaN makes it NaN.
 */
export const softmaxFour = procedure(
  'softmaxFour16',
  { scores: 'i32', stride: 'i32', keys: 'i32', factors: 'i32', to: 'i32', valueScale: 'f32', outFactors: 'i32' },
  ({ scores, stride, keys, factors, to, valueScale, outFactors }) => {
    const padded = local.i32(i32.and(i32.add(keys, 7), -8))
    const budget = f32.mul(f32.fromI32(i32.sub(totalOf(keys), keys)), f32.const((2 ** 15 * 31) / 32))
    const budgets = local.f32(budget)
    const rows = each4(i => {
      const row = local.i32(i === 0 ? scores : i32.add(scores, i32.mul(stride, i)))
      const sum = exponentials({ row, keys, padded, factor: load.f32(factors, 4 * i) })
      const m = local.v128(i16x8.splat(f32.toI32(f32.min(f32.const(LARGEST), f32.div(budgets, sum)))))
      return { row, m }
    })
    const ones = local.v128(i16x8.splat(1))
    const sums = local.v128(v128.zero()) // one lane for each row
    range(0, padded, 8, () => {
      const words = transposed(each4(i => i16x8.multiplyFractions(load.v128(rows[i].row), rows[i].m)))
      for (const [i, word] of words.entries()) {
        sums.set(i32x4.add(sums, i32x4.dotI16(word, ones)))
        store.v128(to, word, 16 * i)
      }
      for (const { row } of rows) row.set(i32.add(row, 16))
      to.set(i32.add(to, 64))
    })
    const scale = f32x4.div(f32x4.splat(valueScale), f32x4.fromI32(sums))
    store.v128(outFactors, f32x4.add(scale, f32x4.mul(load.v128(factors), f32x4.const(0))))
  },
)
