/**
 * Makes x the operand of a product (linear.ts). Rows become integers if the weights are. Tiles of R rows are laid out word
 * by word; a word is the four bytes of a row that one step takes:
 *
 *   word k of row i of a tile of r rows:  tile + 4·(k·r + i)        r = R; in the last tile, the rows that are left
 *
 * So a tile reads its rows behind one pointer. It costs one more pass over x, a hundredth of the product's work.
 */
import { READING, ROW_SCALE_BYTES } from '../layout.ts'
import type { Format } from '../tiles.ts'
import { procedure, f32, f32x4, i16x8, i32, i32x4, i8x16, load, local, range, store, v128, when } from './code.ts'
import type { I32, Variable } from './code.ts'
import { args, eachRow, kernel, pointer } from './record.ts'
import { across, at4, largestMagnitude, roundBy, SMALLEST, storeWords } from './rows.ts'

/** The address of row `row` of `rows` in tiles of `tileRows`, and the bytes from one of its words to the next. */
export function placeInTiles(base: I32, rowBytes: I32, row: Variable<'i32'>, rows: I32, tileRows: I32) {
  const place = local.i32(i32.rem(row, tileRows))
  const first = local.i32(i32.sub(row, place))
  const wordStride = local.i32(i32.shl(i32.min(tileRows, i32.sub(rows, first)), 2))
  return { to: local.i32(i32.add(i32.add(base, i32.mul(first, rowBytes)), i32.shl(place, 2))), wordStride }
}

export const copyRow = procedure(
  'copyRow',
  { x: 'i32', width: 'i32', q: 'i32', wordStride: 'i32' },
  ({ x, width, q, wordStride }) => {
    range(0, width, 4, i => storeWords(q, wordStride, load.v128(at4(x, i))))
  },
)

/**
 * w8a16: q = round(x · limit / max|x|) as int16. `limit` is (2³¹ − 1) / Σₖ|W[n][k]| (bounds.ts), so no sum of products leaves
 * int32, nor any part of it: |Σ q·w| ≤ Σ |q|·|w| ≤ limit · Σ|w| < 2³¹.
 * A NaN makes the scale NaN, and with it the whole row of the product.
 */
const quantiseRow16 = procedure(
  'quantiseRow16',
  { x: 'i32', width: 'i32', q: 'i32', wordStride: 'i32', rowScale: 'i32', limit: 'f32' },
  ({ x, width, q, wordStride, rowScale, limit }) => {
    const max = local.f32(f32.max(largestMagnitude(x, width), f32.const(SMALLEST)))
    store.f32(rowScale, f32.div(max, limit))
    const factor = local.v128(f32x4.splat(f32.div(limit, max)))
    const round = roundBy(factor)
    range(0, width, 8, i => {
      const from = local.i32(at4(x, i))
      const low = round(load.v128(from))
      storeWords(q, wordStride, i16x8.narrow(low, round(load.v128(from, 16))))
    })
  },
)

/**
 * Activations of one byte: q = round((x − lowest) · limit / (highest − lowest)), 0 … limit. The range always includes 0, and the
 * zero point is the q of x = 0. It adds zero · Σₖ W[n][k] to every sum, which the epilogue subtracts again, exactly.
 * `reading` (layout.ts): 7 bits with limit 127; or 8 with a limit up to 255 (bounds.ts), unsigned or less 128, as the
 * engine's instruction reads them.
 */
const quantiseRowBytes = procedure(
  'quantiseRowBytes',
  { x: 'i32', width: 'i32', q: 'i32', wordStride: 'i32', rowScale: 'i32', limit: 'f32', reading: 'i32' },
  ({ x, width, q, wordStride, rowScale, limit, reading }) => {
    const [low, high] = [local.v128(v128.zero()), local.v128(v128.zero())]
    const [broken, nothing] = [local.v128(v128.zero()), local.v128(v128.zero())]
    range(0, width, 4, i => {
      const value = local.v128(load.v128(at4(x, i)))
      // One instruction each; `min` and `max` would be seven and eight. They lose a NaN, but nothing · NaN keeps it.
      low.set(f32x4.pmin(low, value))
      high.set(f32x4.pmax(high, value))
      broken.set(f32x4.add(broken, f32x4.mul(value, nothing)))
    })
    const lowest = across(low, f32.min)
    const highest = across(high, f32.max)
    const extent = local.f32(f32.max(f32.sub(highest, lowest), f32.const(SMALLEST)))
    extent.set(f32.add(extent, f32x4.sum(broken)))
    store.f32(rowScale, f32.div(extent, limit))
    const factor = local.f32(f32.div(limit, extent))
    const zero = local.i32(f32.toI32(f32.nearest(f32.mul(f32.sub(f32.const(0), lowest), factor))))

    // Narrowing makes signed bytes, so 8 bits are stored 128 lower. Flipping the highest bit makes them unsigned.
    const floor = local.i32(0)
    const flip = local.i32(0)
    when(reading, () => floor.set(-128))
    when(i32.eq(reading, READING.unsigned), () => flip.set(128))
    store.i32(rowScale, i32.add(i32.add(zero, floor), flip), 4)
    const floors = local.v128(i8x16.splat(floor))
    const flips = local.v128(i8x16.splat(flip))
    const round = roundBy(local.v128(f32x4.splat(factor)), i32x4.splat(i32.add(zero, floor)))
    range(0, width, 16, i => {
      const from = local.i32(at4(x, i))
      const quarter = (n: number) => round(load.v128(from, 16 * n))
      // Narrowing saturates: x and the zero point are rounded separately, which can miss the ends by one.
      const low16 = i16x8.narrow(quarter(0), quarter(1))
      const bytes = i8x16.max(i8x16.narrow(low16, i16x8.narrow(quarter(2), quarter(3))), floors)
      storeWords(q, wordStride, v128.xor(bytes, flips))
    })
  },
)

/** The operation. Tasks: blocks of rows, each of whole tiles. */
export const operand = (format: Format) =>
  procedure(`operand_${format}`, kernel, ({ op, task }) => {
    const arg = args('operand', op)
    const { x, xStride, q, qStride, width, rows, tileRows, rowScales, limit } = arg
    const reading = format === 'bytes' ? arg.reading : undefined
    eachRow(arg, task, row => {
      const { to, wordStride } = placeInTiles(q, qStride, row, rows, tileRows)
      const from = pointer(x, row, xStride)
      const words = { x: from, width, q: to, wordStride }
      if (format === 'f32') {
        copyRow(words)
        return
      }
      const scaled = { ...words, rowScale: pointer(rowScales, row, ROW_SCALE_BYTES), limit }
      if (reading) quantiseRowBytes({ ...scaled, reading })
      else quantiseRow16(scaled)
    })
  })
