/** What attention in integers does with rows four at a time, or with the part of a row that belongs to one head. */
import { define, procedure, f32, f32x4, i32, i32x4, load, local, range, shuffle, store, v128, when } from './code.ts'
import type { I32, V128, Variable } from './code.ts'
import { at4, largestOf, SMALLEST } from './rows.ts'

/** All bits set in the first `count` lanes of four. */
export const firstLanes = (count: I32): V128 => i32x4.lt(i32x4.lanes(0, 1, 2, 3), i32x4.splat(count))

/** max |x| of `rows` rows of `width` numbers from `x` on, and SMALLEST at least; NaN if there is one. */
export const largestOfRows = define(
  'largestOfRows',
  { x: 'i32', stride: 'i32', rows: 'i32', width: 'i32' },
  'f32',
  ({ x, stride, rows, width }) => {
    const max = local.v128(v128.zero())
    const whole = local.i32(i32.and(width, -4))
    const mask = local.v128(firstLanes(i32.sub(width, whole)))
    const magnitude = (at: I32) => v128.and(load.v128(at), i32x4.const(0x7fffffff))
    range(0, rows, 1, () => {
      range(0, whole, 4, i => max.set(i32x4.max(max, magnitude(at4(x, i)))))
      when(i32.ne(whole, width), () => max.set(i32x4.max(max, v128.and(mask, magnitude(at4(x, whole))))))
      x.set(i32.add(x, stride))
    })
    return f32.max(f32.fromBits(largestOf(max)), f32.const(SMALLEST))
  },
)

/** to = from · factor, for exactly `width` numbers. */
export const copyScaled = procedure(
  'copyScaled',
  { from: 'i32', to: 'i32', width: 'i32', factor: 'f32' },
  ({ from, to, width, factor }) => {
    const factors = local.v128(f32x4.splat(factor))
    const whole = local.i32(i32.and(width, -4))
    range(0, whole, 4, i => store.v128(at4(to, i), f32x4.mul(load.v128(at4(from, i)), factors)))
    range(whole, width, 1, i => store.f32(at4(to, i), f32.mul(load.f32(at4(from, i)), factor)))
  },
)

export type Four<T> = readonly [T, T, T, T]
export const each4 = <T>(make: (i: 0 | 1 | 2 | 3) => T): Four<T> => [make(0), make(1), make(2), make(3)]

/** Word i of each of four vectors, for i = 0 … 3. */
export function transposed(rows: Four<V128>): Four<Variable<'v128'>> {
  const [a, b, c, d] = each4(i => local.v128(rows[i]))
  const pairs = (x: V128, y: V128) =>
    [local.v128(shuffle(x, [0, 4, 1, 5], y)), local.v128(shuffle(x, [2, 6, 3, 7], y))] as const
  const quarters = (x: V128, y: V128) => [shuffle(x, [0, 1, 4, 5], y), shuffle(x, [2, 3, 6, 7], y)] as const
  const [[ab0, ab1], [cd0, cd1]] = [pairs(a, b), pairs(c, d)]
  const words = [...quarters(ab0, cd0), ...quarters(ab1, cd1)] as const
  return each4(i => local.v128(words[i]))
}
