import { describe, expect, jest, test } from '@jest/globals'
import { Bench, type Section } from '../../bench/src/bench.ts'
import { unpad } from '../../bench/src/hosts/onnxruntime.ts'
import { interleave, plan } from '../../bench/src/interleave.ts'
import { allLengths, streamLengths } from '../../bench/src/lengths.ts'
import { toMarkdown, toShortMarkdown } from '../../bench/src/report.ts'
import { merge, type Figure, type Results } from '../../bench/src/results.ts'
import { isStable, largestDifference, quantile, summarise } from '../../bench/src/stats.ts'

describe('statistics', () => {
  test('quantiles interpolate', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5)
    expect(quantile([5], 0.95)).toBe(5)
    expect(quantile([0, 10], 0.95)).toBeCloseTo(9.5)
    expect(quantile([], 0.5)).toBeNaN()
  })

  test('p95 needs 20 samples', () => {
    expect(summarise([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, p95: null, samples: 3 })
    expect(summarise(Array.from({ length: 21 }, (_, i) => i)).p95).toBe(19)
  })

  test('warm-up ends when times are level, not while they fall', () => {
    expect(isStable([100, 50, 25, 12])).toBe(false)
    expect(isStable([100, 10, 10.5, 10.2])).toBe(true)
    expect(isStable([10, 10, 10, 30])).toBe(false)
    expect(isStable([10, 10])).toBe(false)
  })

  test('a NaN or a missing logit is a difference', () => {
    expect(largestDifference([1, 2], [1, 2.5])).toBe(0.5)
    expect(largestDifference([1, 2, 3], [1, Number.NaN, 3])).toBeNaN()
    expect(largestDifference([1], [1, 2])).toBe(Infinity)
  })
})

test('contestants take turns, and one that fails does not end the others', async () => {
  const turns: string[] = []
  const contestant = (key: string, ms: number) => ({
    key,
    run: (repeat: number) => {
      turns.push(key)
      return Promise.resolve(Array.from({ length: repeat }, () => ms))
    },
  })
  const failing = { key: 'c', run: () => Promise.reject(new Error('no')) }
  const results = await interleave([contestant('a', 300), contestant('b', 600), failing], {
    budget: 1200,
    rounds: 3,
    warmUp: 2,
  })
  expect(turns).toEqual(['a', 'a', 'b', 'a', 'b', 'a', 'b'])
  expect(results.get('a')).toMatchObject({ median: 300, samples: 2 })
  expect(results.get('c')).toBeInstanceOf(Error)
})

test('a budget is kept where passes are short, and a slow pass is timed twice', () => {
  expect(plan(800, 1, 4)).toEqual({ rounds: 4, perRound: 25, discard: 1 })
  for (const [pass, budget] of [
    [10, 800],
    [30, 500],
    [90, 1000],
    [150, 1000],
  ] as const) {
    const { rounds, perRound, discard } = plan(budget, pass, 4)
    expect(rounds * (perRound + discard) * pass).toBeLessThanOrEqual(budget)
  }
  for (const left of [500, -4000]) expect(plan(left, 4500, 4)).toEqual({ rounds: 2, perRound: 1, discard: 0 })
  expect(plan(100, 4500, 1).rounds).toBe(1)
})

test('a run that is out of time begins nothing more, and says what is missing', () => {
  const settings = { quick: false, peers: true, sections: new Set<Section>(), only: new Set(''), threads: [1] }
  const bench = new Bench({ ...settings, tokens: [8], curveTokens: [] })
  const now = jest.spyOn(performance, 'now')
  bench.startClock()
  expect(bench.hasTimeFor('one thing')).toBe(true)
  now.mockReturnValue(performance.now() + 14 * 60_000)
  expect(bench.hasTimeFor('another')).toBe(false)
  now.mockRestore()
  expect(bench.notes).toEqual([expect.stringContaining('no time was left for another')])
})

test('the stream of lengths follows the histogram', () => {
  const all = allLengths()
  expect(all).toHaveLength(14_041)
  expect(all.reduce((sum, length) => sum + length)).toBe(300_677)
  for (const count of [16, 96, 1000]) {
    const stream = streamLengths(count)
    expect(stream).toHaveLength(count)
    const mean = stream.reduce((sum, length) => sum + length) / count
    expect(Math.abs(mean - 300_677 / 14_041)).toBeLessThan(1)
    expect([...stream].sort((a, b) => a - b)).not.toEqual(stream)
  }
})

test('padding is taken out of logits', () => {
  const batch = [
    { ids: [1], typeIds: [0] },
    { ids: [1, 2, 3], typeIds: [0, 0, 0] },
  ]
  const padded = Float32Array.from({ length: 12 }, (_, i) => i)
  expect([...unpad(padded, [2, 3, 2], batch)]).toEqual([0, 1, 6, 7, 8, 9, 10, 11])
})

test('later runs replace figures of the same place, and a missing one says why', () => {
  const figure: Figure = {
    section: 'latency',
    model: 'm',
    engine: 'bert-ner simd fp32',
    group: 'ours',
    threads: 1,
    node: 'Node 20',
    column: '8 tokens',
    value: 2,
    unit: 'ms',
    min: 1,
    p95: 3,
    samples: 20,
  }
  const of = (...figures: Figure[]): Results => ({ runs: [], figures, notes: [] })
  const peer: Figure = { ...figure, engine: 'onnxruntime-web fp32', group: 'peer', value: null, note: 'not installed' }
  const merged = merge([of(figure, peer), of({ ...figure, value: 1.5 }), of({ ...peer, value: 3 })])
  expect(merged.figures.map(({ value }) => value)).toEqual([1.5, 3])
  const other = { ...figure, node: 'Node 24', value: 1 }
  expect(merge([of(figure), of(other)]).figures).toEqual([figure, other])
  expect(toMarkdown(of(figure, other))).toContain('(m, 1 thread, Node 24)')
  const text = toMarkdown(of(figure, peer))
  expect(text).toContain('| bert-ner simd fp32 | 2.00 / 1.00 / 3.00 |')
  expect(text).toContain('- Not measured: onnxruntime-web fp32: not installed')
  expect(toMarkdown(merged)).toContain('| bert-ner simd fp32 against onnxruntime-web fp32 | 2.00 × |')
})

test('growth is the time of a token beside that at 64; a short report keeps to its lines, and says what it left out', () => {
  const place = { section: 'latency', model: 'm', group: 'ours', threads: 1, node: 'Node 24', unit: 'ms' } as const
  const figures = [1, 2, 3].flatMap(i =>
    [64, 512].map(tokens => ({
      ...place,
      engine: `simd ${i}`,
      column: `${tokens} tokens`,
      value: tokens === 64 ? 64 : 512 * i,
    })),
  )
  const run = { command: '', date: '', cpu: 'c', cores: 1, memoryGb: 1, system: 's', node: 'v24.0.0', v8: '1', versions: {}, commit: null, seconds: 1, othersShare: 0 } // prettier-ignore
  const results = { runs: [run], figures, notes: [] }
  expect(toMarkdown(results)).toContain('| simd 3 (m, 1 thread, Node 24) | 1.00 | 3.00 |')
  const whole = toShortMarkdown(results, 250)
  expect(whole).toContain('## Growth')
  expect(whole).toContain('| simd 2 | 64.0 | 1,024 |')
  expect(whole).not.toContain('more table')
  const short = toShortMarkdown(results, 20)
  expect(short.split('\n').length).toBeLessThanOrEqual(21)
  expect(short).toContain('1 more table')
})
