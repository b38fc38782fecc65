/** The operations that go row by row: a task is a block of rows, and each row is done in rows.ts. */
import { DTYPE, type Scheme } from '../layout.ts'
import { procedure, f32, f32x4, fillZero, i32, load, local, range, store, when, type I32 } from './code.ts'
import { args, eachRow, kernel, pointer } from './record.ts'
import { addRow, normaliseRow, quantiseRow8 } from './rows.ts'

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

/**
 * The rows of three tables, added and normalised. Each is read in the type that its file has, so that a table of float16
 * or int8 is never expanded. `indices` holds ids, positions and types, `rows` of each.
 */
export const embed = procedure('embed', kernel, ({ op, task }) => {
  const arg = args('embed', op)
  const { y, yStride: stride, width, rows, indices } = arg
  const tables = ([0, 1, 2] as const).map(n => ({
    data: arg[`table${n}`],
    stride: arg[`stride${n}`],
    dtype: arg[`dtype${n}`],
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
      addRow({ y: to, row: from, width: i32.shr(stride, 2), dtype: table.dtype, scale })
    }
    normaliseRow({ y: to, width, padded: i32.shr(stride, 2), weight, bias, epsilon })
  })
})

/**
 * Weights as the file stores them → panels (linear.ts). Row n of W becomes output n mod width of panel n / width. Float
 * weights are made int8 here where the scheme wants that; int8 weights keep their numbers.
 *
 * In a panel, a step holds one unit of each output: one float32, two int8 (w8a16) or four (w8a7).
 */
export const pack = (scheme: Scheme, panelWidth: number) =>
  procedure(`pack_${scheme}_${panelWidth}`, kernel, ({ op, task, scratch }) => {
    const arg = args('pack', op)
    const { source, sourceStride, dtype, width, firstOutput, panels, panelBytes } = arg
    const { columns, columnBytes, sourceScales, bias, sums, pairLimit } = arg
    const unit = scheme === 'w8a16' ? 2 : 4
    const elements = scheme === 'f32' ? 1 : unit

    eachRow(arg, task, row => {
      const from = pointer(source, row, sourceStride)
      const scale = local.f32(load.f32(pointer(sourceScales, row, 4)))
      const ready = local.i32(scratch) // where the row stands in its final type
      if (scheme !== 'f32') ready.set(i32.add(scratch, i32.mul(width, 4)))
      const isI8 = i32.eq(dtype, DTYPE.I8)
      const widen = () => {
        fillZero(scratch, i32.mul(width, 4))
        addRow({ y: scratch, row: from, width, dtype, scale })
      }
      const quantise = () => {
        widen()
        scale.set(quantiseRow8({ x: scratch, width, q: ready, pairLimit }))
      }
      if (scheme === 'f32') widen()
      else when(isI8, () => ready.set(from), quantise)

      const output = local.i32(i32.add(firstOutput, row))
      const panel = local.i32(i32.div(output, panelWidth))
      const place = local.i32(i32.rem(output, panelWidth))
      const to = local.i32(i32.add(pointer(panels, panel, panelBytes), i32.mul(place, unit)))
      range(0, i32.div(width, elements), 1, step => {
        const word = pointer(ready, step, unit)
        const at = pointer(to, step, unit * panelWidth)
        if (unit === 2) store.i16(at, load.u16(word))
        else store.i32(at, load.i32(word))
      })

      const column = local.i32(i32.add(pointer(columns, panel, columnBytes), i32.mul(place, 4)))
      store.f32(column, load.f32(pointer(bias, row, 4)))
      if (scheme !== 'f32') {
        const [sum, absolute, pair] = [local.i32(0), local.i32(0), local.i32(0)]
        const magnitude = (at: I32) => {
          const value = local.i32(load.s8(at))
          sum.set(i32.add(sum, value))
          when(i32.lt(value, 0), () => value.set(i32.sub(0, value)))
          return value
        }
        range(0, width, 2, k => {
          const at = local.i32(i32.add(ready, k))
          const both = local.i32(i32.add(magnitude(at), magnitude(i32.add(at, 1))))
          absolute.set(i32.add(absolute, both))
          when(i32.lt(pair, both), () => pair.set(both))
        })
        store.f32(column, scale, 4 * panelWidth)
        store.i32(column, sum, 8 * panelWidth)
        store.i32(pointer(sums, row, 4), scheme === 'w8a16' ? absolute : pair)
      }
    })
  })

/** A float table → int8 with a scale a row, a quarter of the memory. */
export const packTable = procedure('packTable', kernel, ({ op, task, scratch }) => {
  const arg = args('packTable', op)
  const { source, sourceStride, dtype, width, q, scales, sourceScales } = arg
  eachRow(arg, task, row => {
    fillZero(scratch, i32.mul(width, 4))
    const from = pointer(source, row, sourceStride)
    addRow({ y: scratch, row: from, width, dtype, scale: load.f32(pointer(sourceScales, row, 4)) })
    const to = pointer(scales, row, 4)
    store.f32(to, quantiseRow8({ x: scratch, width, q: pointer(q, row, width), pairLimit: f32.const(256) }))
  })
})
