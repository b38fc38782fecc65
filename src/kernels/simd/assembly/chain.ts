/**
 * Measures a dot-and-add by itself, in a chain: each waits for the one before it. An engine's baseline compiler, which is all that
 * has run when a model is loaded, makes much the same of it as the optimising one. (Not so for a tile: in baseline code, the work
 * around the instructions takes longer than they do.)
 */
import { define, i32x4, local, range, v128 } from './code.ts'
import type { Arithmetic } from './linear.ts'

const SUMS = 4
/** Dot-and-adds for each sum in a turn. */
const LENGTH = 16

export function chain(math: Pick<Arithmetic, 'name' | 'multiplyAdd'>) {
  return define(`chain_${math.name}`, { turns: 'i32' }, 'i32', ({ turns }) => {
    const w = local.v128(i32x4.splat(turns))
    const sums = Array.from({ length: SUMS }, () => local.v128(i32x4.splat(turns)))
    range(0, turns, 1, () => {
      for (let i = 0; i < LENGTH; i++) {
        // Each multiplies the sum before it, so nothing can be moved out of the loop.
        for (const [j, sum] of sums.entries()) sum.set(math.multiplyAdd(sum, sums.at(j - 1) ?? sum, w))
      }
    })
    return i32x4.lane(sums.reduce<ReturnType<typeof v128.zero>>(i32x4.add, v128.zero()), 0)
  })
}
