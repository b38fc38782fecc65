/** Packs weights into panels, and tables into int8, when a model is loaded. */
import { STORED } from '../layout.ts'
import type { Format } from '../tiles.ts'
import {
  define,
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
  shuffle,
  store,
  v128,
  when,
  type V128,
} from './code.ts'
import { args, eachRow, kernel, pointer } from './record.ts'
import { addRow, largestOf, quantiseRow8 } from './rows.ts'

/**
 * Weights in their stored type → panels (linear.ts). Row n of W becomes output n mod width of panel n / width. Float
 * weights become int8 if the format needs that. int8 weights keep their numbers, but for rows of bytes whose sums would be too large.
 *
 * In a panel, a step holds one unit of each output: one float32, two int8 (w8a16) or four (bytes). Sixteen bytes of the row
 * are one vector, whose lanes are its next units.
 */
export const pack = (format: Format, panelWidth: number) =>
  procedure(`pack_${format}_${panelWidth}`, kernel, ({ op, task, scratch }) => {
    const arg = args('pack', op)
    const { source, sourceStride, stored, width, firstOutput, panels, panelBytes } = arg
    const { columns, columnBytes, sourceScales, bias, sums, pairLimit, quadLimit } = arg
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
        scale.set(quantiseRow8({ x: scratch, width, q: ready, pairLimit, quadLimit }))
      }
      const bound = () => {
        const quad = local.f32(f32.fromI32(largestQuad({ row: from, width })))
        when(f32.lt(quadLimit, quad), () => {
          // Odd, so that no product is halfway between two integers: such would all be rounded up.
          const below = i32.sub(f32.toI32(f32.div(f32.mul(quadLimit, f32.const(2 ** 15)), quad)), 1)
          const factor = local.i32(i32.or(below, 1))
          shrink({ row: from, width, q: scratch, factor })
          scale.set(f32.div(f32.mul(scale, f32.const(2 ** 15)), f32.fromI32(factor)))
          ready.set(scratch)
        })
      }
      if (format === 'f32') when(i32.ne(stored, STORED.F32), widen)
      else when(i32.ne(stored, STORED.I8), quantise, format === 'bytes' ? bound : undefined)

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
        const largest = pointer(sums, row, 8)
        store.i32(largest, integers.largest())
        store.i32(largest, format === 'bytes' ? largestQuad({ row: ready, width }) : 0, 4)
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
    largest: () => (format === 'w8a16' ? i32x4.sum(largest) : largestOf16(largest)),
  }
}

const largestOf16 = (sums: V128) => largestOf(i32x4.max(i32x4.lowS16(sums), i32x4.highS16(sums)))

/** The largest sum of the positive, or of the negative, of four weights that are added in int16: a pair, and that of the next step. */
const largestQuad = define('largestQuad', { row: 'i32', width: 'i32' }, 'i32', ({ row, width }) => {
  const [largest, zero] = [local.v128(v128.zero()), local.v128(v128.zero())]
  const four = (pairs: V128) => i16x8.add(pairs, shuffle(pairs, [1, 0, 3, 2]))
  range(0, width, 16, i => {
    const weights = local.v128(load.v128(i32.add(row, i)))
    const positive = local.v128(i16x8.addPairsS8(i8x16.max(weights, zero)))
    const negative = local.v128(i16x8.sub(i16x8.addPairsS8(weights), positive))
    largest.set(i16x8.max(i16x8.max(largest, four(positive)), i16x8.sub(zero, four(negative))))
  })
  return largestOf16(largest)
})

/** q = round(row · factor / 2¹⁵), for a factor below 2¹⁵. */
const shrink = procedure(
  'shrink',
  { row: 'i32', width: 'i32', q: 'i32', factor: 'i32' },
  ({ row, width, q, factor }) => {
    const factors = local.v128(i16x8.splat(factor))
    range(0, width, 16, i => {
      const from = i32.add(row, i)
      const low = i16x8.multiplyFractions(load.widen8(from), factors)
      store.v128(i32.add(q, i), i8x16.narrow(low, i16x8.multiplyFractions(load.widen8(from, 8), factors)))
    })
  },
)

/** A float table → int8 with one scale per row, in a quarter of the memory. */
export const packTable = procedure('packTable', kernel, ({ op, task, scratch }) => {
  const arg = args('packTable', op)
  const { source, sourceStride, stored, width, q, scales, sourceScales } = arg
  eachRow(arg, task, row => {
    fillZero(scratch, i32.mul(width, 4))
    const from = pointer(source, row, sourceStride)
    addRow({ y: scratch, row: from, width, stored, scale: load.f32(pointer(sourceScales, row, 4)) })
    const to = pointer(scales, row, 4)
    store.f32(
      to,
      quantiseRow8({
        x: scratch,
        width,
        q: pointer(q, row, width),
        pairLimit: f32.const(Infinity),
        quadLimit: f32.const(Infinity),
      }),
    )
  })
})
