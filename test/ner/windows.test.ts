import { describe, expect, test } from '@jest/globals'
import { formBatches, type Job } from '../../dist/ner/batches.js'
import { toCodePoints } from '../../dist/ner/offsets.js'
import { defaultOverlap, handOver, planWindows } from '../../dist/ner/windows.js'

const each = (n: number) => Array.from({ length: n }, (_, i) => i)

describe('windows', () => {
  test('cover the text, share `overlap` tokens, and stop at its end', () => {
    expect(planWindows(0, 4, 1)).toEqual([])
    expect(planWindows(4, 4, 1)).toEqual([[0, 4]])
    expect(planWindows(5, 4, 1)).toEqual([[0, 4], [3, 5]]) // prettier-ignore
    expect(planWindows(10, 4, 2)).toEqual([[0, 4], [2, 6], [4, 8], [6, 10]]) // prettier-ignore
    expect(planWindows(3, 1, 0)).toEqual([[0, 1], [1, 2], [2, 3]]) // prettier-ignore
  })

  test('64 tokens overlap, where the model is large enough', () => {
    expect([510, 128, 126, 1].map(defaultOverlap)).toEqual([64, 64, 63, 0])
  })

  test('the hand-over is the middle of the overlap', () => {
    expect(handOver([[0, 10], [6, 16], [12, 18]], each(18))).toEqual([[0, 8], [8, 14], [14, 18]]) // prettier-ignore
  })

  test('… or the beginning of the word that it would cut, if that is in the overlap', () => {
    const words = each(16).map(i => (i >= 7 && i <= 9 ? 7 : i))
    expect(handOver([[0, 10], [6, 16]], words)).toEqual([[0, 7], [7, 16]]) // prettier-ignore
    expect(handOver([[0, 10], [6, 16]], each(16).fill(0))).toEqual([[0, 8], [8, 16]]) // prettier-ignore
  })

  test('every token is taken from one window, for any size', () => {
    for (let n = 1; n < 60; n++) {
      for (let capacity = 1; capacity < 12; capacity++) {
        const windows = planWindows(n, capacity, defaultOverlap(capacity))
        const words = each(n).map(i => Math.floor(i / 3))
        const taken = handOver(windows, words).flatMap(([from, to]) => each(to - from).map(i => from + i))
        expect(taken).toEqual(each(n))
        for (const [w, [from, to]] of handOver(windows, words).entries()) {
          expect(from).toBeGreaterThanOrEqual(windows[w]?.[0] ?? NaN)
          expect(to).toBeLessThanOrEqual(windows[w]?.[1] ?? NaN)
        }
      }
    }
  })
})

describe('batches', () => {
  const none = new Int32Array()
  const encoded = { text: '', length: 0, ids: none, typeIds: none, starts: none, ends: none, wordIds: none }
  const jobs = (...lengths: number[]): Job[] =>
    lengths.map(length => ({ encoded, window: [0, length], logits: new Float32Array() }))
  const batches = (lengths: number[], limits = {}) =>
    formBatches(jobs(...lengths), 2, limits).map(batch => batch.map(({ window }) => window[1]))

  test('hold up to 512 tokens with the special ones, in the order of the texts', () => {
    expect(batches([3, 505, 1, 100, 200, 202, 1, 511, 7])).toEqual([[3, 505], [1, 100, 200, 202], [1], [511], [7]]) // prettier-ignore
    expect(batches([1, 4, 6], { batchTokens: 9 })).toEqual([[1, 4], [6]]) // prettier-ignore
  })

  test('batch_size counts windows', () => {
    expect(batches([5, 1, 4, 2, 3], { batchSize: 2 })).toEqual([[5, 1], [4, 2], [3]]) // prettier-ignore
    expect(batches([])).toEqual([])
  })
})

test('code points are counted once over the text, whatever the order of the spans', () => {
  const text = 'a😀b\ud800c😀'
  const spans = [{ start: 4, end: 6 }, { start: 1, end: 3 }, { start: 0, end: text.length }] // prettier-ignore
  toCodePoints(text, spans)
  expect(spans).toEqual([{ start: 3, end: 5 }, { start: 1, end: 2 }, { start: 0, end: 6 }]) // prettier-ignore
})
