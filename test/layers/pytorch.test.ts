/** Equal to PyTorch: tensor by tensor on a small model, by its logits at BERT-base shape. */
import { describe, expect, test } from '@jest/globals'
import { loadKernels } from '../../dist/kernels/load.js'
import '../../dist/tfjs.js'
import type { BackendOptions } from '../../dist/kernels/options.js'
import { packBatch } from '../../dist/layers/batch.js'
import { BertForTokenClassification } from '../../dist/layers/token-classifier.js'
import { readSafetensors } from '../../dist/safetensors/reader.js'
import { sourceFromBytes } from '../../dist/source/source.js'
import { maxDifference, readFixture, table } from '../helpers/fixtures.ts'
import { BASE, MINI, randomIds, randomModel } from '../helpers/random-model.js'
import { recording } from '../helpers/recording.ts'
import { isSlow } from '../helpers/slow.ts'

const mini = readFixture('bert-mini')
const base = readFixture('bert-base')
const TOLERANCE = 1e-4

/** As in test/reference/layers.py. */
const sequences = (lengths: number[], vocab: number) =>
  lengths.map((length, b) => ({ ids: randomIds(length, vocab, b), typeIds: randomIds(length, 2, b + 100) }))
const MINI_BATCH = packBatch(sequences([9, 1, 14], MINI.vocab))
const STD = 0.15

/** What each operation of a forward pass has to give, in the order of the calls. */
const STEPS = [
  'embedding',
  ...[0, 1].flatMap(i =>
    [
      ...['qkv', 'attention.self', 'attention.output.dense', 'attention.output'],
      ...['intermediate', 'output.dense', 'output'],
    ].map(name => `layer.${i}.${name}`),
  ),
  'logits',
]

/** A trace on `options`, and the largest difference of each of its tensors from PyTorch's. */
async function compareTrace(options: BackendOptions): Promise<Map<string, number>> {
  const model = await BertForTokenClassification.load(sourceFromBytes(randomModel({ std: STD })), options)
  const { logits, trace } = await model.forward(MINI_BATCH, { trace: true })
  await model.dispose()
  const differences = new Map([['logits', maxDifference(logits, mini.get('logits')!.values)]])
  expect(trace!.hiddenStates).toHaveLength(3)
  for (const [i, name] of ['embedding', 'layer.0.output', 'layer.1.output'].entries()) {
    differences.set(name, maxDifference(trace!.hiddenStates[i]!, mini.get(name)!.values))
  }
  for (const layer of [0, 1]) {
    const name = `layer.${layer}.probabilities` // for each sequence in turn [H, n, n]
    const heads = [0, 1, 2].flatMap(b =>
      Array.from({ length: model.config.numAttentionHeads }, (_, h) => [...trace!.attention(layer, h, b)]),
    )
    differences.set(name, maxDifference(Float32Array.from(heads.flat()), mini.get(name)!.values))
  }
  // The head on the last hidden state is the forward pass's own answer; on the others, W·x + b by hand.
  expect([...trace!.layerLogits(2)]).toEqual([...logits])
  for (const layer of [0, 1]) {
    const expected = classify(trace!.hiddenStates[layer]!)
    differences.set(`layerLogits ${layer}`, maxDifference(trace!.layerLogits(layer), expected))
  }
  return differences
}

/** x: [T, C] → [T, L] by the weights of the file. */
function classify(x: Float32Array): Float32Array {
  const { tensors } = readSafetensors(randomModel({ std: STD })['model.safetensors'])
  const weight = tensors.get('classifier.weight')!.data as Float32Array
  const bias = tensors.get('classifier.bias')!.data as Float32Array
  const [L, C] = [bias.length, weight.length / bias.length]
  return Float32Array.from({ length: (x.length / C) * L }, (_, i) => {
    const [t, l] = [Math.floor(i / L), i % L]
    let sum = bias[l]!
    for (let c = 0; c < C; c++) sum += x[t * C + c]! * weight[l * C + c]!
    return sum
  })
}

/** Fails with the whole table, so that one sees where it begins. */
function expectBelow(limit: number, differences: Map<string, number>): void {
  const worst = Math.max(...differences.values())
  if (!(worst < limit)) throw new Error(`largest differences, to be below ${limit}:\n${table(differences)}`)
}

describe('a trace is what PyTorch has there', () => {
  test.each([
    [{ backend: 'naive' }, 1e-5],
    [{ backend: 'tfjs' }, 1e-5],
    [{ backend: 'simd', dtype: 'fp32' }, 1e-5],
    [{ backend: 'simd', dtype: 'fp32', threads: 2 }, 1e-5],
    // Of the size of what rounding the weights to int8 does (0.05), and activations to a byte.
    [{ backend: 'simd', dtype: 'w8a16' }, 0.1],
    [{ backend: 'simd', dtype: 'q8' }, 0.2],
  ] as const)('%j', async (options, limit) => {
    expectBelow(limit, await compareTrace(options))
  })
})

describe.each(['naive', 'tfjs'] as const)('%s', backend => {
  test('every intermediate tensor of a 2-layer model', async () => {
    const { kernels, outputs } = recording(await loadKernels({ backend }))
    const model = await BertForTokenClassification.loadOn(kernels, sourceFromBytes(randomModel({ std: STD })))
    model.bert.forward(kernels, MINI_BATCH)
    expect(outputs).toHaveLength(STEPS.length)
    const differences = new Map<string, number>()
    for (const [i, step] of STEPS.entries()) {
      const values = await kernels.read(outputs[i]!)
      differences.set(`${i} ${step}`, maxDifference(values, mini.get(step)!.values))
      kernels.free(outputs[i]!)
    }
    await model.dispose()
    expectBelow(TOLERANCE / 10, differences)
  })

  test.each(['F16', 'BF16', 'I8'] as const)('logits with %s weights', async dtype => {
    const model = await BertForTokenClassification.load(sourceFromBytes(randomModel({ std: STD, dtype })), { backend })
    const { logits } = await model.forward(MINI_BATCH)
    expect(maxDifference(logits, mini.get(`logits.${dtype}`)!.values)).toBeLessThan(TOLERANCE)
    await model.dispose()
  })

  // Plain loops need some 20 s for 128 tokens of BERT-base: run them by BERT_NER_SLOW=1.
  const lengths = backend === 'naive' && !isSlow ? [16] : [16, 128]
  test(`BERT-base shape, ${lengths.join(' and ')} tokens`, async () => {
    const model = await BertForTokenClassification.load(sourceFromBytes(randomModel(BASE)), { backend })
    for (const length of lengths) {
      const { logits } = await model.forward(packBatch(sequences([length], BASE.vocab)))
      expect(maxDifference(logits, base.get(`logits.${length}`)!.values)).toBeLessThan(TOLERANCE)
    }
    await model.dispose()
  }, 300_000)
})

/** The token types differ, as in the batch of BERT: DistilBERT has none, and its logits do not depend on them. */
describe('DistilBERT, equal to DistilBertForTokenClassification', () => {
  const distil = readFixture('distilbert')
  test.each([
    ['naive', 'F32', 1e-5],
    ['naive', 'I8', 1e-5],
    ['tfjs', 'F32', 1e-5],
    ['simd', 'F32', 1e-5],
    // 16-bit activations, on every engine: an engine with relaxed SIMD would take bytes by itself.
    ['simd', 'I8', 0.01],
  ] as const)('%s, %s weights', async (backend, dtype, limit) => {
    const files = randomModel({ std: STD, dtype, family: 'distilbert' })
    const model = await BertForTokenClassification.load(sourceFromBytes(files), {
      backend,
      ...(backend === 'simd' && dtype === 'I8' ? { dtype: 'w8a16' as const } : {}),
    })
    const { logits } = await model.forward(MINI_BATCH)
    await model.dispose()
    expect(maxDifference(logits, distil.get(`logits.${dtype}`)!.values)).toBeLessThan(limit)
  })
})
