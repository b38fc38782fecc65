/**
 * y = x·Wᵀ + b, which takes nearly all of the time. x: [T, K], W: [N, K], y: [T, N]
 *
 * The ladder:
 *
 * 1. naive         for t, for n: y[t][n] = b[n] + Σₖ x[t][k]·W[n][k]        two loads for every multiplication
 *
 * 2. panels        Eight rows of W, two vectors' worth, are stored side by side, k by k. One load fetches the weights of four
 *                  outputs, and the loop over k reads memory in a straight line. Packed once, when the model is loaded.
 *
 * 3. tile          R rows of x against one panel: R·2 vectors of sums stay in registers for the whole loop over k. A step
 *                  loads two vectors of W and R numbers of x for 2·R vector multiplications: loads no longer limit.
 *                  (Tiles are generated, since the R that fits into sixteen registers depends on the engine's compiler.)
 *
 * 4. one pointer   The R rows of a tile of x are laid out word by word too (operand.ts). A step reads them behind one pointer
 *                  instead of R, so little is left in the loop but the arithmetic: two additions and a jump.
 *
 * 5. order         All row tiles of a block take a panel in turn. It comes from memory once and then stays in the first-level
 *                  cache (in the second, if it is long), while the block of x stays in the second.
 *
 * 6. integers      `w8a16`: int8 weights, int16 activations. `i32x4.dot_i16x8_s` makes eight multiplications, f32 four,
 *                  and W is a quarter of the size. `bytes`: int8 · one byte, four products a lane (relaxed SIMD).
 *                  From 32 rows on, w8a16 widens a panel to int16 once, and not again in each of its tiles.
 *
 * 7. epilogue      Bias, scales and GELU are applied while the tile is in registers or in the first-level cache.
 *
 * The loop over k is not unrolled. V8 before version 12 loads all that a turn reads before it multiplies, and runs out of
 * registers (docs/kernels.md says what that costs). Behind one pointer, unrolling has nothing left to save.
 */
import { ROW_SCALE_BYTES } from '../layout.ts'
import type { Format, TileShape } from '../tiles.ts'
import { procedure, discard, doWhile, f32x4, i16x8, i32, i32x4, load, local, range, store, v128, when } from './code.ts'
import type { V128 } from './code.ts'
import { geluTile } from './gelu.ts'
import { args, kernel } from './record.ts'

/** How a tile multiplies. In every format, a step takes four bytes of each row of x: a word. */
export interface Arithmetic {
  readonly name: string
  readonly format: Format
  /** Rows and vectors (of four outputs) of a tile. */
  readonly rows: number
  readonly vectors: number
  /** Whether the module has fused multiply-adds. */
  readonly fuses: boolean
  /** Bytes of W in a step, for four outputs. */
  readonly weightBytes: 8 | 16
  /** sum + x·w. `x` is the same four bytes in all lanes. */
  multiplyAdd(sum: V128, x: V128, w: V128): V128
  /** sum + x·w + x′·w′: two steps in one turn of the loop, if they have something to share. */
  readonly multiplyAddTwo?: (sum: V128, x: readonly [V128, V128], w: readonly [V128, V128]) => V128
}

export const f32Portable = {
  name: 'f32',
  format: 'f32',
  weightBytes: 16,
  multiplyAdd: (sum, x, w) => f32x4.add(sum, f32x4.mul(x, w)),
} as const satisfies Partial<Arithmetic>

export const f32Relaxed = {
  ...f32Portable,
  multiplyAdd: (sum, x, w) => f32x4.relaxedMultiplyAdd(x, w, sum),
} as const satisfies Partial<Arithmetic>

/** x: two int16 of a row; w: the same two k of four outputs, int8 widened to int16 by the load. */
export const w8a16 = {
  name: 'w8a16',
  format: 'w8a16',
  weightBytes: 8,
  multiplyAdd: (sum, x, w) => i32x4.add(sum, i32x4.dotI16(w, x)),
} as const satisfies Partial<Arithmetic>

/**
 * x: four bytes of a row; w: the same four k of four outputs, int8. Two products are added in int16. With activations of 7 bits,
 * int16 holds 2·128·127 exactly, however the engine implements the instruction. If an engine reads more bits, as unsigned
 * (probe.ts), weights and activations are bounded together (bounds.ts).
 */
export const bytesPairs = {
  name: 'bytesPairs',
  format: 'bytes',
  weightBytes: 16,
  multiplyAdd: (sum, x, w) => i32x4.add(sum, i32x4.addPairsI16(i16x8.relaxedDot(w, x))),
} as const satisfies Partial<Arithmetic>

/**
 * Pairs of pairs: the products of two steps are added in int16, four of them, and extended to int32 once. With unsigned
 * activations, positive and negative weights pull apart, so the four are bounded by the larger of both sums (bounds.ts).
 */
export const bytesQuads = {
  ...bytesPairs,
  name: 'bytesQuads',
  multiplyAddTwo: (sum, [x, nextX], [w, nextW]) => {
    const four = i16x8.add(i16x8.relaxedDot(w, x), i16x8.relaxedDot(nextW, nextX))
    return i32x4.add(sum, i32x4.addPairsI16(four))
  },
} as const satisfies Partial<Arithmetic>

/** Bytes in one instruction, if the machine has one (AVX-VNNI, Arm's dot product). */
export const bytesFused = {
  name: 'bytesFused',
  format: 'bytes',
  weightBytes: 16,
  multiplyAdd: (sum, x, w) => i32x4.relaxedDotAdd(w, x, sum),
} as const satisfies Partial<Arithmetic>

/** How tiles of this arithmetic multiply. `fuses`: in a module that has fused multiply-adds. */
export function arithmetic(kind: TileShape['arithmetic'], fuses: boolean) {
  return { f32: fuses ? f32Relaxed : f32Portable, w8a16, bytesPairs, bytesQuads, bytesFused }[kind]
}

/** One tile: `rows` rows of x against one panel. */
function tile(math: Arithmetic, rows: number) {
  const all = (count: number) => Array.from({ length: count }, (_, i) => i)
  return procedure(
    `${math.name}_${rows}x${4 * math.vectors}`,
    { x: 'i32', panel: 'i32', panelEnd: 'i32', columns: 'i32', y: 'i32', yStride: 'i32' },
    ({ x, panel, panelEnd, columns, y, yStride }) => {
      const sums = all(rows).map(() =>
        all(math.vectors).map(j => local.v128(math.format === 'f32' ? load.v128(columns, 16 * j) : v128.zero())),
      )
      const loadW = math.weightBytes === 8 ? load.widen8 : load.v128

      const { multiplyAddTwo } = math
      const stepBytes = math.vectors * math.weightBytes
      const wOf = (step: number) =>
        all(math.vectors).map(j => local.v128(loadW(panel, step * stepBytes + j * math.weightBytes)))
      const xOf = (step: number, i: number) => local.v128(load.splat32(x, 4 * (step * rows + i)))
      doWhile(
        () => {
          const w = [wOf(0), ...(multiplyAddTwo ? [wOf(1)] : [])] as const
          for (const i of all(rows)) {
            const xs = [xOf(0, i), ...(multiplyAddTwo ? [xOf(1, i)] : [])] as const
            for (const j of all(math.vectors)) {
              const [sum, first, second] = [at(sums, i, j), at(w, 0, j), multiplyAddTwo && at(w, 1, j)]
              const [x0, x1] = xs
              if (multiplyAddTwo && x1 && second) sum.set(multiplyAddTwo(sum, [x0, x1], [first, second]))
              else sum.set(math.multiplyAdd(sum, x0, first))
            }
          }
          panel.set(i32.add(panel, w.length * stepBytes))
          x.set(i32.add(x, 4 * rows * w.length))
        },
        () => i32.ne(panel, panelEnd),
      )

      const out = local.i32(y)
      for (const i of all(rows)) {
        for (const j of all(math.vectors)) store.v128(out, at(sums, i, j), 16 * j)
        if (i + 1 < rows) out.set(i32.add(out, yStride))
      }
    },
  )
}

/**
 * Turns integer sums into numbers, in a tile that was just written: (sum − zero[t]·Σₖ W[n][k]) · scale[t]·scale[n] + b[n]. Columns
 * of a panel are stored as b, scale, Σₖ W, each for all outputs. Activations of w8a16 have no zero point.
 */
function scaleTile(math: Arithmetic) {
  const width = 16 * math.vectors
  return procedure(
    `scale_${math.format}`,
    { y: 'i32', yStride: 'i32', rows: 'i32', columns: 'i32', rowScales: 'i32' },
    ({ y, yStride, rows, columns, rowScales }) => {
      const perVector = Array.from({ length: math.vectors }, (_, j) => ({
        bias: local.v128(load.v128(columns, 16 * j)),
        scale: local.v128(load.v128(columns, width + 16 * j)),
        ...(math.format === 'bytes' ? { weights: local.v128(load.v128(columns, 2 * width + 16 * j)) } : {}),
      }))
      range(0, rows, 1, () => {
        const scaleOfRow = local.v128(load.splat32(rowScales))
        for (const [j, { bias, scale, weights }] of perVector.entries()) {
          const sum = load.v128(y, 16 * j)
          const exact = weights ? i32x4.sub(sum, i32x4.mul(load.splat32(rowScales, 4), weights)) : sum
          const number = f32x4.mul(f32x4.fromI32(exact), f32x4.mul(scaleOfRow, scale))
          store.v128(y, f32x4.add(number, bias), 16 * j)
        }
        y.set(i32.add(y, yStride))
        rowScales.set(i32.add(rowScales, ROW_SCALE_BYTES))
      })
    },
  )
}

function at<T>(matrix: readonly (readonly T[])[], i: number, j: number): T {
  const value = matrix[i]?.[j]
  if (value === undefined) throw new Error(`nothing at ${i}, ${j}`)
  return value
}

/** From this many rows on, w8a16 widens its weights to int16 once for all tiles, and not again in each. */
const WIDEN_FROM = 32

/** Widens a panel of int8 to int16. */
const widen = procedure('widen', { panel: 'i32', panelEnd: 'i32', to: 'i32' }, ({ panel, panelEnd, to }) => {
  range(panel, panelEnd, 16, from => {
    store.v128(to, load.widen8(from))
    store.v128(to, load.widen8(from, 8), 16)
    to.set(i32.add(to, 32))
  })
})

/**
 * Multiplies `rows` rows of x by `count` panels. columnBytes: from one panel's columns to the next's; 0 if all are zero.
 * In w8a16, `scratch` has room for a panel in int16, and panels may be read up to `panelsEnd`.
 */
export function multiply(math: Arithmetic) {
  const [scale, applyGelu] = [scaleTile(math), geluTile(math.vectors, math.fuses)]
  const tiles = Array.from({ length: math.rows }, (_, i) => tile(math, i + 1))
  const wideTile = math.format === 'w8a16' ? tile({ ...math, weightBytes: 16 }, math.rows) : undefined
  return procedure(
    `multiply_${math.name}`,
    {
      x: 'i32',
      xStride: 'i32',
      rows: 'i32',
      panel: 'i32',
      panelBytes: 'i32',
      count: 'i32',
      columns: 'i32?',
      columnBytes: 'i32?',
      y: 'i32',
      yStride: 'i32',
      gelu: 'i32?',
      rowScales: 'i32?',
      scratch: 'i32?',
      panelsEnd: 'i32?',
    },
    ({
      x,
      xStride,
      rows,
      panel,
      panelBytes,
      count,
      columns,
      columnBytes,
      y,
      yStride,
      gelu,
      rowScales,
      scratch,
      panelsEnd,
    }) => {
      const tail = local.i32(i32.rem(rows, math.rows))
      const whole = local.i32(i32.sub(rows, tail))
      const [xs, ys, scales, panelEnd] = [local.i32(), local.i32(), local.i32(), local.i32()]
      const isWidened = local.i32(i32.ge(rows, WIDEN_FROM))
      const operands = { x: xs, columns, y: ys, yStride }
      const product = (of: number) => tiles[of - 1]?.({ ...operands, panel, panelEnd })
      const run = (of: number) => {
        if (wideTile && of === math.rows) {
          const end = i32.add(scratch, i32.shl(panelBytes, 1))
          const widened = () => wideTile({ ...operands, panel: scratch, panelEnd: end })
          when(isWidened, widened, () => product(of))
        } else product(of)
        // Functions of their own: if an engine inlined these in the tile, its loop would have too few registers.
        if (math.format !== 'f32') scale({ y: ys, yStride, rows: of, columns, rowScales: scales })
        when(gelu, () => applyGelu({ y: ys, stride: yStride, rows: of }))
      }
      // While tiles compute, they fetch the next panel, each a part of it. Otherwise widening would wait for memory.
      const ahead = local.i32()
      const share = local.i32(i32.and(i32.add(i32.div(i32.mul(panelBytes, math.rows), i32.add(rows, 1)), 64), -64))
      const fetchAhead = () => {
        const to = local.i32(i32.min(i32.add(ahead, share), panelsEnd))
        range(ahead, to, 64, line => discard(load.i32(line)))
        ahead.set(i32.add(ahead, share))
      }
      range(0, count, 1, () => {
        xs.set(x)
        ys.set(y)
        scales.set(rowScales)
        panelEnd.set(i32.add(panel, panelBytes))
        ahead.set(panelEnd)
        if (wideTile) when(isWidened, () => widen({ panel, panelEnd, to: scratch }))
        range(0, whole, math.rows, () => {
          run(math.rows)
          if (wideTile) when(isWidened, fetchAhead)
          xs.set(i32.add(xs, i32.mul(xStride, math.rows)))
          ys.set(i32.add(ys, i32.mul(yStride, math.rows)))
          scales.set(i32.add(scales, ROW_SCALE_BYTES * math.rows))
        })
        for (let rest = 1; rest < math.rows; rest++) when(i32.eq(tail, rest), () => run(rest))
        panel.set(panelEnd)
        columns.set(i32.add(columns, columnBytes))
        y.set(i32.add(y, 16 * math.vectors))
      })
    },
  )
}

/** The operation: a task is one block of rows against one group of panels. */
export function linear(math: Arithmetic, product: ReturnType<typeof multiply>) {
  return procedure(`linear_${math.name}`, kernel, ({ op, task, scratch }) => {
    const arg = args('linear', op)
    const { panelCount, panelGroup, panelBytes, columnBytes } = arg
    const groups = local.i32(i32.div(i32.sub(i32.add(panelCount, panelGroup), 1), panelGroup))
    const firstRow = local.i32(i32.mul(i32.div(task, groups), arg.rowBlock))
    const firstPanel = local.i32(i32.mul(i32.rem(task, groups), panelGroup))
    const { xStride, yStride } = arg
    product({
      x: i32.add(arg.x, i32.mul(firstRow, xStride)),
      xStride,
      rows: i32.min(arg.rowBlock, i32.sub(arg.rows, firstRow)),
      panel: i32.add(arg.panels, i32.mul(firstPanel, panelBytes)),
      panelBytes,
      count: i32.min(panelGroup, i32.sub(panelCount, firstPanel)),
      columns: i32.add(arg.columns, i32.mul(firstPanel, columnBytes)),
      columnBytes,
      y: i32.add(i32.add(arg.y, i32.mul(firstRow, yStride)), i32.mul(firstPanel, 16 * math.vectors)),
      yStride,
      gelu: arg.gelu,
      rowScales: i32.add(arg.rowScales, i32.mul(firstRow, ROW_SCALE_BYTES)),
      scratch,
      panelsEnd: i32.add(arg.panels, i32.mul(panelCount, panelBytes)),
    })
  })
}
