import { describe, expect, test } from '@jest/globals'
import { packBatch } from '../../dist/layers/batch.js'
import { BertForTokenClassification, checkpointShapes } from '../../dist/layers/token-classifier.js'
import { parseConfig } from '../../dist/layers/config.js'
import { sourceFromBytes } from '../../dist/source/source.js'
import { readSafetensors, type SafeTensor } from '../../dist/safetensors/reader.js'
import { writeSafetensors } from '../../dist/safetensors/writer.js'
import { MINI, randomIds, randomModel, type RandomModelOptions } from '../helpers/random-model.js'

const BATCH = packBatch([{ ids: randomIds(7, MINI.vocab), typeIds: Array<number>(7).fill(0) }])
type Tensors = Map<string, SafeTensor>

/** A random model whose tensors were changed. */
function load(change: (tensors: Tensors) => Tensors, options: RandomModelOptions = {}) {
  const files = randomModel({ std: 0.1, ...options })
  const { tensors } = readSafetensors(files['model.safetensors'])
  return BertForTokenClassification.load(
    sourceFromBytes({ ...files, 'model.safetensors': writeSafetensors(change(tensors)) }),
    { backend: 'naive' },
  )
}

const rename = (change: (key: string) => string) => (tensors: Tensors) =>
  new Map(Array.from(tensors, ([key, tensor]) => [change(key), tensor]))
const float32 = (shape: number[]): SafeTensor => ({
  dtype: 'F32',
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
})
const logitsOf = async (model: BertForTokenClassification) => [...(await model.forward(BATCH)).logits]

describe('spellings of keys that give the same model', () => {
  test.each([
    ['today', (key: string) => key, []],
    [
      'LayerNorm.gamma and .beta',
      (key: string) => key.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
      [],
    ],
    ['no bert. prefix', (key: string) => key.replace(/^bert\./, ''), []],
    ['module., of DataParallel', (key: string) => `module.${key}`, []],
    ['_orig_mod., of torch.compile', (key: string) => `_orig_mod.${key}`, []],
    ['both', (key: string) => `_orig_mod.module.${key}`, []],
    ['model.', (key: string) => `model.${key}`, []],
    ['encoder. in the place of bert.', (key: string) => key.replace(/^bert\./, 'encoder.'), []],
    ['model., without bert.', (key: string) => `model.${key.replace(/^bert\./, '')}`, []],
  ])('%s', async (_, change) => {
    const expected = await logitsOf(await load(tensors => tensors))
    const model = await load(rename(change))
    expect(await logitsOf(model)).toEqual(expected)
    expect(model.ignoredKeys).toEqual([])
  })

  test('int8 under any of them', async () => {
    const expected = await logitsOf(await load(tensors => tensors, { dtype: 'I8' }))
    const model = await load(
      rename(key => key.replace(/^bert\./, '')),
      { dtype: 'I8' },
    )
    expect(await logitsOf(model)).toEqual(expected)
  })
})

test('what is known and not used is listed', async () => {
  const extra = ['bert.pooler.dense.weight', 'bert.pooler.dense.bias', 'bert.embeddings.position_ids']
  const model = await load(tensors => new Map([...tensors, ...extra.map(key => [key, float32([2, 2])] as const)]))
  expect([...model.ignoredKeys].sort()).toEqual([...extra].sort())
})

test('one error lists every key that is missing, unexpected or mismatched', async () => {
  const failing = load(tensors => {
    tensors.delete('classifier.bias')
    tensors.delete('bert.encoder.layer.1.output.dense.weight')
    tensors.set('bert.encoder.layer.2.output.dense.weight', float32([64, 128]))
    tensors.set('classifier.bias_scale', float32([9, 1]))
    tensors.set('classifier.weight', float32([64, 9]))
    tensors.set('bert.embeddings.LayerNorm.gamma', float32([64]))
    tensors.set('bert.embeddings.LayerNorm.bias', { dtype: 'I64', shape: [64], data: new BigInt64Array(64) })
    return tensors
  })
  const error = (await failing.catch((error: unknown) => error)) as { code: string; found: string }
  expect(error.code).toBe('CHECKPOINT_KEYS')
  expect(error.found).toBe(
    '2 missing: bert.encoder.layer.1.output.dense.weight, classifier.bias; ' +
      '3 unexpected: bert.embeddings.LayerNorm.weight (beside bert.embeddings.LayerNorm.gamma), ' +
      'bert.encoder.layer.2.output.dense.weight, classifier.bias_scale; ' +
      '2 mismatched: bert.embeddings.LayerNorm.bias (found I64 [64], expected F32/F16/BF16 [64]), ' +
      'classifier.weight (found F32 [64, 9], expected F32/F16/BF16/I8 [9, 64])',
  )
})

test('a message stays short, whatever the file and the configuration hold', async () => {
  const many = await load(tensors => {
    for (let i = 0; i < 2000; i++) tensors.set(`foreign${i}\u001b[31m`, float32([1]))
    tensors.set('x'.repeat(1e5), float32([1]))
    tensors.set('classifier.weight', float32(Array<number>(1e5).fill(1)))
    return tensors
  }).catch((error: unknown) => error as Error)
  expect(many).toMatchObject({ code: 'CHECKPOINT_KEYS' })
  expect((many as unknown as { found: string }).found).toMatch(
    /^2001 unexpected: .*foreign1000.*, … and 1996 more; 1 mismatched: /,
  )
  expect((many as Error).message.length).toBeLessThan(1000)
  const deep = await load(() => new Map([['a', float32([1])]])).catch((error: unknown) => error as Error)
  expect((deep as Error).message.length).toBeLessThan(600)
})

test.each([
  ['without a scale', (t: Tensors) => void t.delete('classifier.weight_scale'), '1 missing: classifier.weight_scale'],
  [
    'with a scale per tensor',
    (t: Tensors) => void t.set('classifier.weight_scale', float32([1])),
    '1 mismatched: classifier.weight_scale (found F32 [1], expected F32/F16/BF16 [9, 1])',
  ],
  [
    'with a scale on float weights',
    (t: Tensors) => void t.set('classifier.weight', float32([9, 64])),
    '1 unexpected: classifier.weight_scale',
  ],
  [
    'with a zero point',
    (t: Tensors) => void t.set('classifier.weight_zero_point', float32([9, 1])),
    '1 unexpected: classifier.weight_zero_point',
  ],
])('int8 %s is refused', async (_, change, found) => {
  const failing = load(tensors => (change(tensors), tensors), { dtype: 'I8' })
  await expect(failing).rejects.toMatchObject({ code: 'CHECKPOINT_KEYS', found })
})

test('a scale may be flat, or of 16-bit floats', async () => {
  const expected = await logitsOf(await load(tensors => tensors, { dtype: 'I8' }))
  const flat = await load(
    tensors => {
      const scale = tensors.get('classifier.weight_scale')!
      tensors.set('classifier.weight_scale', { ...scale, shape: [9] })
      return tensors
    },
    { dtype: 'I8' },
  )
  expect(await logitsOf(flat)).toEqual(expected)
})

test('the keys that the layers ask for are those that the random model writes', async () => {
  const files = randomModel()
  const shapes = await checkpointShapes(parseConfig(files['config.json']))
  const { tensors } = readSafetensors(files['model.safetensors'])
  expect(Object.fromEntries(shapes)).toEqual(
    Object.fromEntries(Array.from(tensors, ([key, { shape }]) => [key, shape])),
  )
})

test('neither file gives way to a raw exception', async () => {
  const files = randomModel()
  const none = BertForTokenClassification.load(sourceFromBytes({}), { backend: 'naive' })
  await expect(none).rejects.toMatchObject({ code: 'SOURCE_FILE_MISSING' })
  const noWeights = BertForTokenClassification.load(sourceFromBytes({ 'config.json': files['config.json'] }), {
    backend: 'naive',
  })
  await expect(noWeights).rejects.toMatchObject({ code: 'SOURCE_FILE_MISSING' })
  const damaged = { ...files, 'model.safetensors': files['model.safetensors'].subarray(0, 1000) }
  await expect(BertForTokenClassification.load(sourceFromBytes(damaged), { backend: 'naive' })).rejects.toMatchObject({
    code: expect.stringMatching(/^SAFETENSORS_/),
  })
})
