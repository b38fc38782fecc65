/**
 * softmax(Q·Kᵀ/√D)·V, once per head and sequence (Vaswani 2017 §3.2).
 *
 * naive            for every query, n scores, a softmax, and a weighted sum over n values: all in steps of one number
 * this             1. K and V of each head are packed into panels, like weights: Q·Kᵀ and P·V become the product of linear.ts
 *                  2. a task takes 16 query rows of one head: their scores stay in the second-level cache from the first
 *                     product through the softmax to the second; T × T scores never exist
 * gain             a quarter of a forward pass at 128 tokens, compared with products of whole matrices and a softmax between
 */
import { QUERY_ROWS, SPAN_BYTES } from '../layout.ts'
import { procedure, fillZero, i32, load, local, range, store, when, type I32 } from './code.ts'
import type { Arithmetic, multiply } from './linear.ts'
import { args, kernel } from './record.ts'
import { softmaxRow } from './rows.ts'
import { copyRow, placeInTiles } from './operand.ts'

const plus = (a: I32, b: I32) => local.i32(i32.add(a, b))
const times = (a: I32, b: I32) => local.i32(i32.mul(a, b))
const roundUp = (value: I32, to: number) => local.i32(i32.and(i32.add(value, to - 1), -to))

/** Sizes of the packed K and V of one head, as both kernels and the host compute them. D and n are rounded up to multiples of 4. */
function packedSizes(headSize: I32, tokens: I32, panelWidth: number) {
  const depth = roundUp(headSize, 4)
  const keys = roundUp(tokens, 4)
  const keyPanels = local.i32(i32.div(i32.add(tokens, panelWidth - 1), panelWidth))
  const valuePanels = local.i32(i32.div(i32.add(headSize, panelWidth - 1), panelWidth))
  const keyPanelBytes = times(depth, 4 * panelWidth)
  const valuePanelBytes = times(keys, 4 * panelWidth)
  const keyBytes = times(keyPanels, keyPanelBytes)
  const bytes = plus(keyBytes, i32.mul(valuePanels, valuePanelBytes))
  return { depth, keys, keyPanels, valuePanels, keyPanelBytes, valuePanelBytes, keyBytes, bytes }
}

/** Task: one head of one sequence. Kᵀ: panels of keys, d by d. V: panels of dimensions, key by key. */
export const packHeads = (panelWidth: number) =>
  procedure(`packHeads_${panelWidth}`, kernel, ({ op, task }) => {
    const { qkv, stride, width, heads, headSize, spans } = args('packHeads', op)
    const span = plus(spans, i32.mul(i32.div(task, heads), SPAN_BYTES))
    const head = local.i32(i32.rem(task, heads))
    const tokens = local.i32(load.i32(span, 4))
    const size = packedSizes(headSize, tokens, panelWidth)
    const to = plus(load.i32(span, 8), i32.mul(head, size.bytes))
    const query = plus(i32.add(qkv, i32.mul(load.i32(span), stride)), i32.mul(i32.mul(head, headSize), 4))
    const key = plus(query, i32.mul(width, 4))
    const value = plus(query, i32.mul(width, 8))

    fillZero(to, size.bytes)
    range(0, tokens, 1, j => {
      const panel = times(i32.div(j, panelWidth), size.keyPanelBytes)
      const at = plus(i32.add(to, panel), i32.mul(i32.rem(j, panelWidth), 4))
      range(0, headSize, 1, d => {
        store.f32(at, load.f32(i32.add(key, i32.mul(d, 4))))
        at.set(i32.add(at, 4 * panelWidth))
      })
      key.set(i32.add(key, stride))
    })
    to.set(i32.add(to, size.keyBytes))
    range(0, tokens, 1, j => {
      const row = plus(to, i32.mul(j, 4 * panelWidth))
      range(0, headSize, 4, d => {
        const panel = times(i32.div(d, panelWidth), size.valuePanelBytes)
        const at = plus(i32.add(row, panel), i32.mul(i32.rem(d, panelWidth), 4))
        store.v128(at, load.v128(i32.add(value, i32.mul(d, 4))))
      })
      value.set(i32.add(value, stride))
    })
  })

/** The task of the last head also clears the padding of its rows. */
export const clearPadding = procedure(
  'clearPadding',
  { op: 'i32', head: 'i32', row: 'i32', rows: 'i32' },
  ({ op, head, row, rows }) => {
    const { y, yStride, width, heads } = args('attention', op)
    const bytes = times(width, 4)
    when(i32.eq(i32.add(head, 1), heads), () => {
      const at = plus(i32.add(y, i32.mul(row, yStride)), bytes)
      range(0, rows, 1, () => {
        fillZero(at, i32.sub(yStride, bytes))
        at.set(i32.add(at, yStride))
      })
    })
  },
)

/** Task: one head of up to 16 query rows of one sequence. */
export function attention(math: Arithmetic, product: ReturnType<typeof multiply>) {
  return procedure(`attention_${4 * math.vectors}`, kernel, ({ op, task, scratch }) => {
    const panelWidth = 4 * math.vectors
    const arg = args('attention', op)
    const { qkv, stride, heads, headSize, blocks } = arg
    const block = plus(blocks, i32.mul(i32.div(task, heads), SPAN_BYTES))
    const head = local.i32(i32.rem(task, heads))
    const word = (n: number) => local.i32(load.i32(block, 4 * n))
    const [first, tokens, base, from] = [word(0), word(1), word(2), word(3)]
    const size = packedSizes(headSize, tokens, panelWidth)
    const packed = plus(base, i32.mul(head, size.bytes))
    const rows = local.i32(i32.min(QUERY_ROWS, i32.sub(tokens, from)))
    const row = plus(first, from)
    const column = times(i32.mul(head, headSize), 4)
    const padded = times(size.keyPanels, panelWidth)
    const scoreStride = times(padded, 4)

    // Scratch: the rows of Q in tiles, their scores, the softmax of the scores in tiles, and room for a result on a detour.
    const queryBytes = times(size.depth, 4)
    const scores = plus(scratch, i32.mul(rows, queryBytes))
    const keyBytes = times(size.keys, 4)
    const weights = plus(scores, i32.mul(rows, scoreStride))

    const query = plus(i32.add(qkv, i32.mul(row, stride)), column)
    range(0, rows, 1, i => {
      const { to, wordStride } = placeInTiles(scratch, queryBytes, i, rows, math.rows)
      copyRow({ x: i32.add(query, i32.mul(i, stride)), width: size.depth, q: to, wordStride })
    })
    product({
      x: scratch,
      xStride: queryBytes,
      rows,
      panel: packed,
      panelBytes: size.keyPanelBytes,
      count: size.keyPanels,
      y: scores,
      yStride: scoreStride,
    })

    const { scale } = arg
    range(0, rows, 1, i => {
      const { to, wordStride } = placeInTiles(weights, keyBytes, i, rows, math.rows)
      const from = i32.add(scores, i32.mul(i, scoreStride))
      softmaxRow({ row: from, count: tokens, padded, scale, to, wordStride, keys: size.keys })
    })

    // If a head does not fill its last panel, its result would run into the next head's. Then it is written to scratch first.
    const { y, yStride } = arg
    const context = plus(i32.add(y, i32.mul(row, yStride)), column)
    const values = plus(packed, size.keyBytes)
    const detour = i32.rem(headSize, panelWidth)
    const to = local.i32(context)
    const toStride = local.i32(yStride)
    when(detour, () => {
      to.set(i32.add(weights, i32.mul(rows, keyBytes)))
      toStride.set(i32.mul(size.valuePanels, 4 * panelWidth))
    })
    product({
      x: weights,
      xStride: keyBytes,
      rows,
      panel: values,
      panelBytes: size.valuePanelBytes,
      count: size.valuePanels,
      y: to,
      yStride: toStride,
    })
    when(detour, () => {
      range(0, rows, 1, i => {
        range(0, headSize, 1, d => {
          const offset = local.i32(i32.mul(d, 4))
          const from = i32.add(i32.add(to, i32.mul(i, toStride)), offset)
          store.f32(i32.add(i32.add(context, i32.mul(i, yStride)), offset), load.f32(from))
        })
      })
    })
    clearPadding({ op, head, row, rows })
  })
}
