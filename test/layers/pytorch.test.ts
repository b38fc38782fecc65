/** Equal to PyTorch: tensor by tensor on a small model, by its logits at BERT-base shape. */
import { describe, expect, test } from '@jest/globals'
import { loadKernels } from '../../dist/kernels/load.js'
import { packBatch } from '../../dist/layers/batch.js'
import { BertForTokenClassification } from '../../dist/layers/bert.js'
import { sourceFromBytes } from '../../dist/source/source.js'
import { maxDifference, readFixture, table } from '../helpers/fixtures.ts'
import { BASE, MINI, randomIds, randomModel } from '../helpers/random-model.js'
import { recording } from '../helpers/recording.ts'

const mini = readFixture('bert-mini')
const base = readFixture('bert-base')
const TOLERANCE = 1e-4

/** As in test/reference/layers.py. */
const sequences = (lengths: number[], vocab: number) =>
  lengths.map((length, b) => ({ ids: randomIds(length, vocab, b), typeIds: randomIds(length, 2, b + 100) }))
const MINI_BATCH = packBatch(sequences([9, 1, 14], MINI.vocab))
const STD = 0.15

/** What each operation of a traced forward pass has to give, in the order of the calls. */
const STEPS = [
  'embedding',
  ...[0, 1].flatMap(i =>
    [
      ...['qkv', 'probabilities', 'qkv', 'attention.self', 'attention.output.dense', 'attention.output'],
      ...['intermediate', 'output.dense', 'output'],
    ].map(name => `layer.${i}.${name}`),
  ),
  'logits',
]

describe.each(['naive', 'tfjs'] as const)('%s', backend => {
  test('every intermediate tensor of a 2-layer model', async () => {
    const { kernels, outputs } = recording(await loadKernels({ backend }))
    const model = await BertForTokenClassification.loadOn(kernels, sourceFromBytes(randomModel({ std: STD })))
    model.logits(MINI_BATCH, { hiddenStates: [], attentionProbabilities: [] })
    expect(outputs).toHaveLength(STEPS.length)
    const differences = new Map<string, number>()
    for (const [i, step] of STEPS.entries()) {
      const values = await kernels.read(outputs[i]!)
      differences.set(`${i} ${step}`, maxDifference(values, mini.get(step)!.values))
      kernels.free(outputs[i]!)
    }
    await model.dispose()
    const worst = Math.max(...differences.values())
    expect({ worst: worst < TOLERANCE / 10, differences: worst < TOLERANCE / 10 || table(differences) }).toEqual({
      worst: true,
      differences: true,
    })
  })

  test('trace gives the same tensors', async () => {
    const model = await BertForTokenClassification.load(sourceFromBytes(randomModel({ std: STD })), { backend })
    const { logits, trace } = await model.forward(MINI_BATCH, { trace: true })
    expect(maxDifference(logits, mini.get('logits')!.values)).toBeLessThan(TOLERANCE)
    expect(trace?.hiddenStates).toHaveLength(3)
    for (const [i, name] of ['embedding', 'layer.0.output', 'layer.1.output'].entries()) {
      expect(maxDifference(trace!.hiddenStates[i]!, mini.get(name)!.values)).toBeLessThan(TOLERANCE)
    }
    for (const [i, name] of ['layer.0.probabilities', 'layer.1.probabilities'].entries()) {
      expect(maxDifference(trace!.attentionProbabilities[i]!, mini.get(name)!.values)).toBeLessThan(TOLERANCE)
    }
    await model.dispose()
  })

  test.each(['F16', 'BF16', 'I8'] as const)('logits with %s weights', async dtype => {
    const model = await BertForTokenClassification.load(sourceFromBytes(randomModel({ std: STD, dtype })), { backend })
    const { logits } = await model.forward(MINI_BATCH)
    expect(maxDifference(logits, mini.get(`logits.${dtype}`)!.values)).toBeLessThan(TOLERANCE)
    await model.dispose()
  })

  // Plain loops need some 20 s for 128 tokens of BERT-base: run them by BERT_NER_SLOW=1.
  const lengths = backend === 'naive' && process.env.BERT_NER_SLOW === undefined ? [16] : [16, 128]
  test(`BERT-base shape, ${lengths.join(' and ')} tokens`, async () => {
    const model = await BertForTokenClassification.load(sourceFromBytes(randomModel(BASE)), { backend })
    for (const length of lengths) {
      const { logits } = await model.forward(packBatch(sequences([length], BASE.vocab)))
      expect(maxDifference(logits, base.get(`logits.${length}`)!.values)).toBeLessThan(TOLERANCE)
    }
    await model.dispose()
  }, 300_000)
})
