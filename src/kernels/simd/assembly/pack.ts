/** Packs weights into panels, and tables into int8, when a model is loaded. */
import { STORED } from '../layout.ts'
import type { Format } from '../tiles.ts'
import {
  f32,
  fillZero,
  i16x8,
  i32,
  i32x4,
  i8x16,
  load,
  local,
  procedure,
  range,
  store,
  v128,
  when,
  type V128,
} from './code.ts'
import { args, eachRow, kernel, pointer } from './record.ts'
import { addRow, largestOf, quantiseRow8 } from './rows.ts'

/**
 * Weights in their stored type → panels (linear.ts). Row n of W becomes output n mod width of panel n / width. Float
 * weights become int8 if the format needs that; int8 weights keep their numbers.
 *
 * In a panel, a step holds one unit of each output: one float32, two int8 (w8a16) or four (bytes). Sixteen bytes of the row
 * are one vector, whose lanes are its next units.
 */
export const pack = (format: Format, panelWidth: number) =>
  procedure(`pack_${format}_${panelWidth}`, kernel, ({ op, task, scratch }) => {
    const arg = args('pack', op)
    const { source, sourceStride, stored, width, firstOutput, panels, panelBytes } = arg
    const { columns, columnBytes, sourceScales, bias, sums, pairLimit } = arg
    const unit = format === 'w8a16' ? 2 : 4
    const elementBytes = format === 'f32' ? 4 : 1

    eachRow(arg, task, row => {
      const from = pointer(source, row, sourceStride)
      const scale = local.f32(load.f32(pointer(sourceScales, row, 4)))
      const ready = local.i32(from) // the row in its final type
      const widen = () => {
        fillZero(scratch, i32.mul(width, 4))
        addRow({ y: scratch, row: from, width, stored, scale })
        ready.set(scratch)
      }
      const quantise = () => {
        widen()
        ready.set(i32.add(scratch, i32.mul(width, 4)))
        scale.set(quantiseRow8({ x: scratch, width, q: ready, pairLimit }))
      }
      when(i32.ne(stored, format === 'f32' ? STORED.F32 : STORED.I8), format === 'f32' ? widen : quantise)

      const output = local.i32(i32.add(firstOutput, row))
      const panel = local.i32(i32.div(output, panelWidth))
      const place = local.i32(i32.rem(output, panelWidth))
      const to = local.i32(i32.add(pointer(panels, panel, panelBytes), i32.mul(place, unit)))
      const integers = format === 'f32' ? undefined : sumsOf(format)
      range(0, i32.mul(width, elementBytes), 16, i => {
        const words = local.v128(load.v128(i32.add(ready, i)))
        const put = unit === 2 ? store.lane16 : store.lane32
        for (let lane = 0; lane < 16 / unit; lane++) put(to, words, lane, lane * unit * panelWidth)
        to.set(i32.add(to, 16 * panelWidth))
        integers?.add(words)
      })

      const column = local.i32(i32.add(pointer(columns, panel, columnBytes), i32.mul(place, 4)))
      store.f32(column, load.f32(pointer(bias, row, 4)))
      if (integers) {
        store.f32(column, scale, 4 * panelWidth)
        store.i32(column, integers.sum(), 8 * panelWidth)
        store.i32(pointer(sums, row, 4), integers.largest())
      }
    })
  })

/** Adds a row of int8 up, sixteen at a time. `largest` is the sum of its magnitudes (w8a16), or that of its largest pair. */
function sumsOf(format: 'w8a16' | 'bytes') {
  const [total, largest] = [local.v128(v128.zero()), local.v128(v128.zero())]
  return {
    add: (row: V128) => {
      total.set(i32x4.add(total, i32x4.addPairsI16(i16x8.addPairsS8(row))))
      const pairs = i16x8.addPairsU8(i8x16.abs(row))
      largest.set(format === 'w8a16' ? i32x4.add(largest, i32x4.addPairsI16(pairs)) : i16x8.max(largest, pairs))
    },
    sum: () => i32x4.sum(total),
    largest: () =>
      format === 'w8a16' ? i32x4.sum(largest) : largestOf(i32x4.max(i32x4.lowS16(largest), i32x4.highS16(largest))),
  }
}

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
