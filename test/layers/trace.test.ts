/** What a trace refuses, what it costs, and that it changes no answer. Its values: pytorch.test.ts. */
import { beforeAll, describe, expect, test } from '@jest/globals'
import { packBatch } from '../../dist/layers/batch.js'
import '../../dist/tfjs.js'
import { BertForTokenClassification } from '../../dist/layers/token-classifier.js'
import { Trace } from '../../dist/layers/trace.js'
import { sourceFromBytes } from '../../dist/source/source.js'
import { MINI, randomIds, randomModel } from '../helpers/random-model.js'

const lengths = [5, 1, 12]
const sequences = lengths.map((length, b) => ({
  ids: randomIds(length, MINI.vocab, b),
  typeIds: randomIds(length, 2, b),
}))
const load = (backend: 'naive' | 'tfjs' | 'simd') =>
  BertForTokenClassification.load(sourceFromBytes(randomModel({ std: 0.1 })), { backend })

describe.each(['naive', 'tfjs', 'simd'] as const)('%s', backend => {
  test('a trace changes no answer, and leaves no tensor behind', async () => {
    const model = await load(backend)
    const batch = packBatch(sequences)
    const plain = await model.forward(batch)
    expect(plain.trace).toBeUndefined()
    const first = await model.forward(batch, { trace: true })
    expect([...first.logits]).toEqual([...plain.logits])
    const again = await model.forward(batch, { trace: true })
    expect([...again.trace!.hiddenStates[1]!]).toEqual([...first.trace!.hiddenStates[1]!])
    await model.dispose()
  })

  test('rows of attention add up to one, in every head of every layer and sequence', async () => {
    const model = await load(backend)
    const { trace } = await model.forward(packBatch(sequences), { trace: true })
    for (let layer = 0; layer < MINI.layers; layer++) {
      for (let head = 0; head < MINI.heads; head++) {
        for (const [sequence, n] of lengths.entries()) {
          const p = trace!.attention(layer, head, sequence)
          expect(p).toHaveLength(n * n)
          for (let i = 0; i < n; i++) {
            expect(p.subarray(i * n, (i + 1) * n).reduce((a, b) => a + b)).toBeCloseTo(1, 5)
          }
        }
      }
    }
    await model.dispose()
  })
})

test('a batch in several passes is traced as a whole', async () => {
  const model = await load('simd')
  const long = Array.from({ length: 80 }, (_, b) => ({
    ids: randomIds(60, MINI.vocab, b),
    typeIds: randomIds(60, 2, b),
  })) // 4,800 tokens
  const { trace } = await model.forward(packBatch(long), { trace: true })
  expect(trace!.hiddenStates.map(x => x.length)).toEqual(Array(MINI.layers + 1).fill(4800 * MINI.hidden))
  for (const sequence of [0, 67, 68, 79]) {
    const { trace: alone } = await model.forward(packBatch([long[sequence]!]), { trace: true })
    expect([...trace!.attention(1, 1, sequence)]).toEqual([...alone!.attention(1, 1, 0)])
  }
  await model.dispose()
})

describe('a layer, head or sequence that does not exist', () => {
  let trace: Trace
  beforeAll(async () => {
    const model = await load('naive')
    trace = (await model.forward(packBatch(sequences), { trace: true })).trace!
    await model.dispose()
  })
  const [lastLayer, lastHead] = [MINI.layers - 1, MINI.heads - 1]

  test.each([
    ['layer', [MINI.layers, 0, 0], `a whole number from 0 to ${lastLayer}`],
    ['layer', [-1, 0, 0], `a whole number from 0 to ${lastLayer}`],
    ['layer', [0.5, 0, 0], `a whole number from 0 to ${lastLayer}`],
    ['layer', ['0', 0, 0], `a whole number from 0 to ${lastLayer}`],
    ['layer', [undefined, 0, 0], `a whole number from 0 to ${lastLayer}`],
    ['head', [0, MINI.heads, 0], `a whole number from 0 to ${lastHead}`],
    ['head', [0, NaN, 0], `a whole number from 0 to ${lastHead}`],
    ['sequence', [0, 0, 3], 'a whole number from 0 to 2'],
  ] as const)('%s of attention(%j)', (subject, where, expected) => {
    expect(() => trace.attention(...(where as unknown as [number, number, number]))).toThrow(
      expect.objectContaining({ name: 'OptionError', code: 'OPTION_VALUE', subject, expected }),
    )
  })

  test('layerLogits counts the embedding too', () => {
    expect(trace.layerLogits(MINI.layers)).toHaveLength(18 * 9)
    expect(() => trace.layerLogits(MINI.layers + 1)).toThrow(
      expect.objectContaining({ code: 'OPTION_VALUE', expected: `a whole number from 0 to ${MINI.layers}` }),
    )
  })

  test('an empty batch has no sequence at all', async () => {
    const model = await load('naive')
    const { trace } = await model.forward(packBatch([]), { trace: true })
    expect(trace!.hiddenStates.map(x => x.length)).toEqual([0, 0, 0])
    expect(() => trace!.attention(0, 0, 0)).toThrow(expect.objectContaining({ code: 'OPTION_VALUE' }))
    await model.dispose()
  })
})
