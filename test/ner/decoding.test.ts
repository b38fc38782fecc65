/** Labels within their scheme, against every sequence there is. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { constrained, SequenceDecoder, transitionsOf, type Transitions } from '../../dist/ner/decoding.js'
import { parseConfig } from '../../dist/layers/config.js'
import { pipeline, type TokenEntity } from '../../dist/node.js'
import { tinyModel } from '../helpers/tiny-model.ts'

const IOB2 = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC']
const IOB1 = ['O', 'I-PER', 'B-PER', 'I-LOC']
const BIOES = ['O', 'B-PER', 'I-PER', 'E-PER', 'S-PER', 'B-LOC', 'I-LOC', 'E-LOC', 'S-LOC']

const isAllowed = (path: readonly number[], { allowed, first, last }: Transitions) =>
  path.every((label, i) => (i === 0 ? first[label] : allowed[(path[i - 1] ?? 0) * first.length + label]) === 1) &&
  (path.length === 0 || last[path.at(-1) ?? 0] === 1)

const legal = (labels: readonly string[], names: string) =>
  isAllowed(
    names.split(' ').map(name => labels.indexOf(name)),
    transitionsOf(labels),
  )

describe('steps that are allowed', () => {
  test.each([
    [IOB2, 'O B-PER I-PER I-PER B-PER B-LOC I-LOC O', true],
    [IOB2, 'I-PER', false],
    [IOB2, 'O I-PER', false],
    [IOB2, 'B-PER I-LOC', false],
    [IOB1, 'I-PER I-PER B-PER I-PER I-LOC I-PER O', true],
    [IOB1, 'O B-PER', false],
    [IOB1, 'I-LOC B-PER', false],
    [BIOES, 'S-PER B-PER E-PER B-LOC I-LOC E-LOC O', true],
    [BIOES, 'B-PER O', false],
    [BIOES, 'B-PER B-PER E-PER', false],
    [BIOES, 'B-PER', false],
    [BIOES, 'E-PER', false],
    [BIOES, 'S-PER I-PER E-PER', false],
    [['O', 'B-X', 'M-X', 'E-X', 'S-X'], 'B-X M-X E-X S-X O', true],
    [['O', 'B-X', 'M-X', 'E-X', 'S-X'], 'O M-X E-X', false],
    [['O', 'B-X', 'I-X', 'L-X', 'U-X'], 'U-X B-X I-X L-X', true],
    [['O', 'B-X', 'I-X', 'L-X', 'U-X'], 'U-X L-X', false],
    [['O', 'B-X', 'I-X', '[PAD]'], '[PAD] B-X I-X [PAD] O', true],
    [['O', 'B-X', 'I-X', '[PAD]'], '[PAD] I-X', false],
  ])('%j: %s is %s', (labels, names, expected) => {
    expect(legal(labels, names)).toBe(expected)
  })

  test('a scheme can be named', () => {
    expect(isAllowed([2], transitionsOf(IOB2, 'IOB1'))).toBe(true)
    expect(isAllowed([0, 1], transitionsOf(IOB2, 'IOB1'))).toBe(false)
  })
})

function* allPaths(n: number, L: number): Generator<number[]> {
  if (n === 0) yield []
  else for (const path of allPaths(n - 1, L)) for (let l = 0; l < L; l++) yield [...path, l]
}

const score = (path: ArrayLike<number>, rows: readonly Float32Array[]) =>
  rows.reduce((sum, row, i) => sum + Math.log(row[path[i] ?? 0] ?? 0), 0)

test.each([[IOB2], [IOB1], [BIOES.slice(0, 5)]])('%j: the likeliest of all allowed sequences', labels => {
  const L = labels.length
  const transitions = transitionsOf(labels)
  const row = fc
    .array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: L, maxLength: L })
    .map(values => Float32Array.from(values, value => value / values.reduce((a, b) => a + b)))
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), rows => {
      const path = constrained(rows, transitions)
      expect(isAllowed([...path], transitions)).toBe(true)
      const best = Math.max(...[...allPaths(rows.length, L)].filter(p => isAllowed(p, transitions)).map(p => score(p, rows))) // prettier-ignore
      expect(score(path, rows)).toBeCloseTo(best, 9)
      const likeliest = rows.map(values => values.indexOf(Math.max(...values)))
      if (isAllowed(likeliest, transitions)) expect([...path]).toEqual(likeliest)
    }),
    { numRuns: 200 },
  )
})

test('labels are settled as soon as they are sure, and are those of the whole', () => {
  for (const labels of [IOB2, IOB1, BIOES]) {
    const L = labels.length
    const transitions = transitionsOf(labels)
    let state = 11
    const random = () => (state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff
    const rows = Array.from({ length: 3000 }, () => Float32Array.from({ length: L }, () => 0.01 + random()))
    const decoder = new SequenceDecoder(transitions)
    const found: number[] = []
    let held = 0
    for (const [i, row] of rows.entries()) {
      decoder.add(row)
      if (i % 10 === 9) found.push(...decoder.settled())
      held = Math.max(held, i + 1 - found.length)
    }
    found.push(...decoder.end())
    expect(found).toEqual([...constrained(rows, transitions)])
    expect(held).toBeLessThan(200)
  }
})

test('labels that allow no sequence are read by argmax', () => {
  expect([...constrained([Float32Array.of(0.2, 0.8)], transitionsOf(['B-X', 'I-X'], 'BIOES'))]).toEqual([1])
})

describe('in the pipeline', () => {
  const words = Array.from({ length: 80 }, (_, i) => `w${i % 7}, x${i % 5}`).join(' ')
  const all = { ignore_labels: [], aggregation_strategy: 'none' } as const
  const broken = (tokens: readonly TokenEntity[]) =>
    tokens.filter(({ entity }, i) => {
      const before = tokens[i - 1]?.entity ?? 'O'
      return entity.startsWith('I-') && before.slice(2) !== entity.slice(2)
    }).length

  test('constrained never breaks the scheme, also over windows; scores are the labels’ own', async () => {
    const ner = await pipeline('token-classification', tinyModel({ model_max_length: 24 }), { dtype: 'fp32' })
    const free = await ner(words, { ...all, top_k: 5 })
    const held = await ner(words, { ...all, top_k: 5, decoding: 'constrained' })
    await ner.dispose()
    expect(broken(free)).toBeGreaterThan(0)
    expect(broken(held)).toBe(0)
    for (const [i, { entity, score, labels }] of held.entries()) {
      expect(labels).toEqual(free[i]?.labels)
      expect(labels?.find(({ label }) => label === entity)?.score).toBe(score)
    }
  })

  test('config.json says what is taken where a call does not', async () => {
    const model = tinyModel()
    const config = JSON.parse(new TextDecoder().decode(model['config.json'])) as object
    const settings = { decoding: 'constrained', o_bias: 0.5, temperature: 2 }
    const told = {
      ...model,
      'config.json': new TextEncoder().encode(JSON.stringify({ ...config, bert_ner: settings })),
    }
    const ner = await pipeline('token-classification', told, { dtype: 'fp32' })
    const plain = await pipeline('token-classification', model, { dtype: 'fp32' })
    expect(ner.model.config.decoding).toEqual({ decoding: 'constrained', oBias: 0.5, temperature: 2 })
    expect(broken(await ner(words, all))).toBe(0)
    const ratio = async (of: typeof ner) => {
      const [token] = await of('name', { ...all, top_k: 5, decoding: 'argmax' })
      const score = (name: string) => token?.labels?.find(({ label }) => label === name)?.score ?? NaN
      return Math.log(score('O') / score('B-PER'))
    }
    expect(await ratio(ner)).toBeCloseTo((await ratio(plain)) / 2 + 0.5, 4)
    await Promise.all([ner.dispose(), plain.dispose()])
  })

  test.each([
    [{ decoding: 'beam' }, 'config.json: bert_ner: decoding'],
    [{ temperature: 0 }, 'config.json: bert_ner: temperature'],
    [{ o_bias: '1' }, 'config.json: bert_ner: o_bias'],
    [[], 'config.json: bert_ner'],
  ])('%j is refused', (bert_ner, subject) => {
    const config = JSON.parse(new TextDecoder().decode(tinyModel()['config.json'])) as object
    expect(() => parseConfig(JSON.stringify({ ...config, bert_ner }))).toThrow(
      expect.objectContaining({ code: 'CONFIG_VALUE', subject }),
    )
  })
})
