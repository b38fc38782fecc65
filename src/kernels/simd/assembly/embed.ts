/** LayerNorm(word[ids] + tokenType[typeIds] + position[positions]), row by row. */
import { procedure, fillZero, i32, load, local } from './code.ts'
import { args, eachRow, kernel, pointer } from './record.ts'
import { addRow, normaliseRow } from './rows.ts'

/**
 * Adds the rows of three tables, and normalises the sum. Each is read in its stored type, so a table of float16
 * or int8 is never expanded. `indices` holds ids, types and positions, `rows` of each.
 */
export const embed = procedure('embed', kernel, ({ op, task }) => {
  const arg = args('embed', op)
  const { y, yStride: stride, width, rows, indices } = arg
  const tables = ([0, 1, 2] as const).map(n => ({
    data: arg[`table${n}`],
    stride: arg[`stride${n}`],
    stored: arg[`stored${n}`],
    scales: arg[`scales${n}`],
  }))
  const { weight, bias, epsilon } = arg
  eachRow(arg, task, row => {
    const to = pointer(y, row, stride)
    fillZero(to, stride)
    for (const [n, table] of tables.entries()) {
      const index = local.i32(load.i32(pointer(indices, i32.add(row, n === 0 ? 0 : i32.mul(rows, n)), 4)))
      const scale = load.f32(pointer(table.scales, index, 4))
      const from = pointer(table.data, index, table.stride)
      addRow({ y: to, row: from, width: i32.shr(stride, 2), stored: table.stored, scale })
    }
    normaliseRow({ y: to, width, padded: i32.shr(stride, 2), weight, bias, epsilon })
  })
})
