/**
 * softmax(Q·Kᵀ/√D)·V, once per head and sequence (Vaswani 2017 §3.2).
 *
 * naive            for every query, n scores, a softmax, and a weighted sum over n values: all in steps of one number
 * this             1. K and V of each head are packed into panels, like weights: Q·Kᵀ and P·V become the product of linear.ts
 *                  2. a task takes 16 query rows of one head: their scores stay in the second-level cache from the first
 *                     product through the softmax to the second; T × T scores never exist
 * gain             a quarter of a forward pass at 128 tokens, compared with products of whole matrices and a softmax between
 */
import { PACKING, QUERY_ROWS } from '../layout.ts'
import { procedure, fillZero, i32, load, local, range, store, when } from './code.ts'
import { clearPadding, headToPack, plus, queriesOf, times } from './heads.ts'
import type { Arithmetic, multiply } from './linear.ts'
import { args, kernel } from './record.ts'
import { softmaxRow } from './rows.ts'
import { copyRow, placeInTiles } from './operand.ts'

/** Task: one head of one sequence. Kᵀ: panels of keys, d by d. V: panels of dimensions, key by key. */
export const packHeads = (panelWidth: number) =>
  procedure(`packHeads_${panelWidth}`, kernel, ({ op, task }) => {
    const { stride, headSize, tokens, size, to, key, value } = headToPack(op, task, panelWidth, PACKING.f32)

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
    to.set(i32.add(to, size.values))
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

/** Task: one head of up to 16 query rows of one sequence. */
export function attention(math: Arithmetic, product: ReturnType<typeof multiply>) {
  return procedure(`attention_${4 * math.vectors}`, kernel, ({ op, task, scratch }) => {
    const panelWidth = 4 * math.vectors
    const arg = args('attention', op)
    const { qkv, stride } = arg
    const { head, headSize, first, tokens, from, size, packed, column } = queriesOf(op, task, panelWidth, PACKING.f32)
    const rows = local.i32(i32.min(QUERY_ROWS, i32.sub(tokens, from)))
    const row = plus(first, from)
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
    const values = plus(packed, size.values)
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
