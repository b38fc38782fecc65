/** LayerNorm(x + residual), row by row (Ba 2016). */
import { procedure, f32x4, i32, load, local, range, store } from './code.ts'
import { args, eachRow, kernel } from './record.ts'
import { normaliseRow } from './rows.ts'

/** y = x + residual, then normalised in place. */
export const addNorm = procedure('addNorm', kernel, ({ op, task }) => {
  const arg = args('addNorm', op)
  const { x, residual, y, stride, width, weight, bias, epsilon } = arg
  eachRow(arg, task, row => {
    const offset = local.i32(i32.mul(row, stride))
    range(0, stride, 16, i => {
      const at = local.i32(i32.add(offset, i))
      store.v128(i32.add(y, at), f32x4.add(load.v128(i32.add(x, at)), load.v128(i32.add(residual, at))))
    })
    normaliseRow({ y: i32.add(y, offset), width, padded: i32.shr(stride, 2), weight, bias, epsilon })
  })
})
