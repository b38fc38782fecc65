/**
 * softmax(Q·Kᵀ/√D)·V in integers, for Q, K and V that integers have made. Both products are `i32x4.dot_i16x8_s`, as in w8a16: twice
 * the multiplications of float32, and exact on every engine.
 *
 *   Q, K   int16 of at most limit = ⌊√((2³¹ − 1) / D)⌋, one scale for each query, and one for the keys of a head (bounds.ts).
 *          |Σ q·k| over D dimensions is at most D · limit² < 2³¹, and so is every part of it.
 *   P      int16 that add up to at most total = 2¹⁷ + 16·n for n keys (softmax16.ts). A query that looks at one key gives it 15
 *          bits. One that looks at all gives each less, and the errors of many small numbers cancel.
 *   V      int16 of at most ⌊(2³¹ − 1) / total⌋, so 13.9 bits for 512 keys: |Σ p·v| ≤ total · max|v| < 2³¹.
 *
 * Four query rows are a tile: words of two int16 from each, side by side (operand.ts). Where rows, keys or dimensions are no
 * multiple of a tile, the rest is what happens to be in memory: a row that is not copied, a key with p = 0, a dimension in which
 * Q and K are zero. In integers, zero times anything is zero.
 */
import { PACKING, QUERY_ROWS } from '../layout.ts'
import { procedure, doWhile, f32, f32x4, i16x8, i32, i32x4, interleave16, load, local, range, store, v128, when } from './code.ts' // prettier-ignore
import type { I32, V128 } from './code.ts'
import { clearPadding, headToPack, plus, queriesOf, times } from './heads.ts'
import { args, kernel } from './record.ts'
import { at4, roundBy } from './rows.ts'
import { copyScaled, each4, firstLanes, largestOfRows, transposed, type Four } from './fours.ts'
import { softmaxFour, totalOf } from './softmax16.ts'

/** Four rows → int16, each times its factor at `factors`. Word by word: word d of row i goes to to + d·wordStride + 4·i. */
const quantiseFour = procedure(
  'quantiseFour',
  { x: 'i32', stride: 'i32', last: 'i32', width: 'i32', factors: 'i32', to: 'i32', wordStride: 'i32' },
  ({ x, stride, last, width, factors, to, wordStride }) => {
    // A row behind the last one is the last one again.
    const from = each4(i => local.i32(i32.add(x, i32.mul(stride, i32.min(i, last)))))
    const round = each4(i => roundBy(local.v128(load.splat32(factors, 4 * i))))
    const eight = (i: 0 | 1 | 2 | 3) => i16x8.narrow(round[i](load.v128(from[i])), round[i](load.v128(from[i], 16)))
    const storeWords = (rows: Four<V128>) => {
      for (const word of transposed(rows)) {
        store.v128(to, word)
        to.set(i32.add(to, wordStride))
      }
    }
    range(0, i32.and(width, -8), 8, () => {
      storeWords(each4(eight))
      for (const row of from) row.set(i32.add(row, 32))
    })
    const rest = local.i32(i32.and(width, 7))
    when(rest, () => {
      const mask = local.v128(i16x8.narrow(firstLanes(rest), firstLanes(i32.sub(rest, 4))))
      storeWords(each4(i => v128.and(mask, eight(i))))
    })
  },
)

/**
 * Task: one head of one sequence. The scales of K and V; Kᵀ in panels of keys, two dimensions a word; V in panels of dimensions,
 * two keys a word.
 */
export const packHeads16 = (panelWidth: number) =>
  procedure(`packHeads16_${panelWidth}`, kernel, ({ op, task, scratch }) => {
    const { limit } = args('packHeads', op)
    const { stride, headSize, tokens, size, to, key, value } = headToPack(op, task, panelWidth, PACKING.int16)
    const rows = { stride, rows: tokens, width: headSize }

    const largestKey = local.f32(largestOfRows({ x: key, ...rows }))
    store.f32(to, f32.div(largestKey, limit))
    for (let i = 0; i < 4; i++) store.f32(scratch, f32.div(limit, largestKey), 4 * i)
    range(0, tokens, 4, j => {
      const panel = plus(i32.add(to, PACKING.int16.header), i32.mul(i32.div(j, panelWidth), size.keyPanelBytes))
      quantiseFour({
        x: i32.add(key, i32.mul(j, stride)),
        stride,
        last: i32.sub(i32.sub(tokens, j), 1),
        width: headSize,
        factors: scratch,
        to: i32.add(panel, i32.mul(i32.rem(j, panelWidth), 4)),
        wordStride: 4 * panelWidth,
      })
    })

    const largestValue = local.f32(largestOfRows({ x: value, ...rows }))
    const valueLimit = local.f32(f32.fromI32(i32.div(0x7fffffff, totalOf(tokens))))
    store.f32(to, f32.div(largestValue, valueLimit), 4)
    const round = roundBy(local.v128(f32x4.splat(f32.div(valueLimit, largestValue))))
    const eight = (at: I32) => local.v128(i16x8.narrow(round(load.v128(at)), round(load.v128(at, 16))))
    const pairs = plus(to, size.values)
    range(0, tokens, 2, j => {
      const next = times(stride, i32.lt(i32.add(j, 1), tokens)) // the last key's partner is itself
      range(0, size.depth, 8, d => {
        const at = local.i32(at4(value, d))
        const [even, odd] = [eight(at), eight(i32.add(at, next))]
        const panel = i32.add(pairs, i32.mul(i32.div(d, panelWidth), size.valuePanelBytes))
        const place = plus(panel, i32.mul(i32.rem(d, panelWidth), 4))
        store.v128(place, interleave16(even, odd, 'lower'))
        store.v128(place, interleave16(even, odd, 'upper'), 16)
      })
      pairs.set(i32.add(pairs, 4 * panelWidth))
      value.set(i32.add(i32.add(value, stride), stride))
    })
  })

/** Four rows of words of two int16 by `count` panels: y = fromI32(Σ x·w). */
const product16 = (vectors: number) =>
  procedure(
    `product16_4x${4 * vectors}`,
    { x: 'i32', panel: 'i32', panelBytes: 'i32', count: 'i32', y: 'i32', yStride: 'i32' },
    ({ x, panel, panelBytes, count, y, yStride }) => {
      const columns = Array.from({ length: vectors }, (_, j) => j)
      const sums = [0, 1, 2, 3].map(() => columns.map(() => local.v128(v128.zero())))
      const [at, end, out] = [local.i32(), local.i32(), local.i32()]
      doWhile(
        () => {
          for (const sum of sums.flat()) sum.set(v128.zero())
          at.set(x)
          end.set(i32.add(panel, panelBytes))
          doWhile(
            () => {
              const w = columns.map(j => local.v128(load.v128(panel, 16 * j)))
              for (const [i, row] of sums.entries()) {
                const word = local.v128(load.splat32(at, 4 * i))
                for (const [j, sum] of row.entries()) sum.set(i32x4.add(sum, i32x4.dotI16(w[j] ?? word, word)))
              }
              panel.set(i32.add(panel, 16 * vectors))
              at.set(i32.add(at, 16))
            },
            () => i32.ne(panel, end),
          )
          out.set(y)
          for (const [i, row] of sums.entries()) {
            for (const [j, sum] of row.entries()) store.v128(out, f32x4.fromI32(sum), 16 * j)
            if (i < 3) out.set(i32.add(out, yStride))
          }
          y.set(i32.add(y, 16 * vectors))
          count.set(i32.sub(count, 1))
        },
        () => count,
      )
    },
  )

/** Task: one head of up to QUERY_ROWS query rows of one sequence, four at a time. */
export function attention16(panelWidth: number) {
  const product = product16(panelWidth / 4)
  return procedure(`attention16_${panelWidth}`, kernel, ({ op, task, scratch }) => {
    const arg = args('attention', op)
    const { qkv, stride, limit, scale, parts } = arg
    const { head, headSize, first, tokens, from, size, packed, column } = queriesOf(op, task, panelWidth, PACKING.int16)

    // Scratch: four factors of rows, four of their scores, four of their results; the rows of Q; their scores; P; the result.
    const [factors, scoreFactors, outFactors] = [scratch, plus(scratch, 16), plus(scratch, 32)]
    const queries = plus(scratch, PACKING.int16.header)
    const scores = plus(queries, i32.mul(size.depth, 8))
    const scoreStride = times(size.keyPanels, 4 * panelWidth)
    const weights = plus(scores, i32.mul(scoreStride, 4))
    const results = plus(weights, i32.mul(size.keys, 8))
    const resultStride = times(size.valuePanels, 4 * panelWidth)

    const { y, yStride } = arg
    const keyScale = local.f32(f32.mul(load.f32(packed), scale))
    range(from, i32.min(tokens, i32.add(from, QUERY_ROWS)), 4, t => {
      const row = plus(first, t)
      const query = plus(i32.add(qkv, i32.mul(row, stride)), column)
      const left = local.i32(i32.min(4, i32.sub(tokens, t)))
      const last = local.i32(i32.sub(left, 1))
      for (let i = 0; i < 4; i++) {
        const x = i32.add(query, i32.mul(stride, i32.min(i, last)))
        const largest = local.f32(largestOfRows({ x, stride, rows: 1, width: headSize }))
        store.f32(factors, f32.div(limit, largest), 4 * i)
        store.f32(scoreFactors, f32.mul(f32.div(largest, limit), keyScale), 4 * i)
      }
      quantiseFour({ x: query, stride, last, width: headSize, factors, to: queries, wordStride: 16 })
      const toKeys = {
        panel: i32.add(packed, PACKING.int16.header),
        panelBytes: size.keyPanelBytes,
        count: size.keyPanels,
      }
      product({ x: queries, ...toKeys, y: scores, yStride: scoreStride })
      when(i32.lt(1, parts), () =>
        softmaxFour({
          scores,
          stride: scoreStride,
          keys: tokens,
          factors: scoreFactors,
          to: weights,
          valueScale: load.f32(packed, 4),
          outFactors,
        }),
      )
      when(i32.lt(2, parts), () => {
        const toValues = {
          panel: i32.add(packed, size.values),
          panelBytes: size.valuePanelBytes,
          count: size.valuePanels,
        }
        product({ x: weights, ...toValues, y: results, yStride: resultStride })
        const [to, result, factor] = [
          plus(i32.add(y, i32.mul(row, yStride)), column),
          plus(results, 0),
          plus(outFactors, 0),
        ]
        range(0, left, 1, () => {
          copyScaled({ from: result, to, width: headSize, factor: load.f32(factor) })
          to.set(i32.add(to, yStride))
          result.set(i32.add(result, resultStride))
          factor.set(i32.add(factor, 4))
        })
      })
    })
    clearPadding({ op, head, row: i32.add(first, from), rows: i32.min(QUERY_ROWS, i32.sub(tokens, from)) })
  })
}
