/** Packs weights into panels, and tables into int8, when a model is loaded. */
import { STORED } from '../layout.ts'
import type { Format } from '../tiles.ts'
import { procedure, f32, fillZero, i32, load, local, range, store, when, type I32 } from './code.ts'
import { args, eachRow, kernel, pointer } from './record.ts'
import { addRow, quantiseRow8 } from './rows.ts'

/**
 * Weights in their stored type → panels (linear.ts). Row n of W becomes output n mod width of panel n / width. Float
 * weights become int8 if the format needs that; int8 weights keep their numbers.
 *
 * In a panel, a step holds one unit of each output: one float32, two int8 (w8a16) or four (bytes).
 */
export const pack = (format: Format, panelWidth: number) =>
  procedure(`pack_${format}_${panelWidth}`, kernel, ({ op, task, scratch }) => {
    const arg = args('pack', op)
    const { source, sourceStride, stored, width, firstOutput, panels, panelBytes } = arg
    const { columns, columnBytes, sourceScales, bias, sums, pairLimit } = arg
    const unit = format === 'w8a16' ? 2 : 4
    const elements = format === 'f32' ? 1 : unit

    eachRow(arg, task, row => {
      const from = pointer(source, row, sourceStride)
      const scale = local.f32(load.f32(pointer(sourceScales, row, 4)))
      const ready = local.i32(scratch) // the row in its final type
      if (format !== 'f32') ready.set(i32.add(scratch, i32.mul(width, 4)))
      const isI8 = i32.eq(stored, STORED.I8)
      const widen = () => {
        fillZero(scratch, i32.mul(width, 4))
        addRow({ y: scratch, row: from, width, stored, scale })
      }
      const quantise = () => {
        widen()
        scale.set(quantiseRow8({ x: scratch, width, q: ready, pairLimit }))
      }
      if (format === 'f32') widen()
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
      if (format !== 'f32') {
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
        store.i32(pointer(sums, row, 4), format === 'w8a16' ? absolute : pair)
      }
    })
  })

/** A float table → int8 with one scale per row, in a quarter of the memory. */
export const packTable = procedure('packTable', kernel, ({ op, task, scratch }) => {
  const arg = args('packTable', op)
  const { source, sourceStride, stored, width, q, scales, sourceScales } = arg
  eachRow(arg, task, row => {
    fillZero(scratch, i32.mul(width, 4))
    const from = pointer(source, row, sourceStride)
    addRow({ y: scratch, row: from, width, stored, scale: load.f32(pointer(sourceScales, row, 4)) })
    const to = pointer(scales, row, 4)
    store.f32(to, quantiseRow8({ x: scratch, width, q: pointer(q, row, width), pairLimit: f32.const(256) }))
  })
})
