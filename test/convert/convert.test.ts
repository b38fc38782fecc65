/** Smaller files: as good as the recipe's rounding, today's names, the same answer, and a proof of it. */
import { describe, expect, test } from '@jest/globals'
import { convertModel, type Conversion, type NewFolder } from '../../dist/convert/convert.js'
import { toHalf } from '../../dist/convert/half.js'
import { verifyProof } from '../../dist/convert/proof.js'
import { quantiseRows } from '../../dist/convert/quantise.js'
import {
  BertForTokenClassification,
  decodeF16,
  openCheckpoint,
  packBatch,
  readSafetensors,
  sourceFromBytes,
  writeSafetensors,
  type SafeTensor,
} from '../../dist/index.js'
import { parseConfig } from '../../dist/layers/config.js'
import { maxDifference, readFixture } from '../helpers/fixtures.ts'
import { tinyModel } from '../helpers/tiny-model.ts'
import { torchFile } from '../helpers/torch-file.ts'

type Files = Record<string, Uint8Array>
type Tensors = Map<string, SafeTensor>

/** A folder in memory. */
function memoryFolder(): { folder: NewFolder; files: Files } {
  const files: Files = {}
  const create: NewFolder['create'] = (name, size) => {
    const bytes = (files[name] = new Uint8Array(size))
    return Promise.resolve({
      size,
      read: (offset: number, length: number) => Promise.resolve(bytes.slice(offset, offset + length)),
      write(offset: number, part: Uint8Array) {
        bytes.set(part, offset)
        return Promise.resolve()
      },
    })
  }
  return { folder: { create }, files }
}

async function convert(
  from: Files,
  store: 'int8' | 'f16' | 'f32',
): Promise<{ files: Files; tensors: Tensors; conversion: Conversion }> {
  // prettier-ignore
  const { folder, files } = memoryFolder()
  const conversion = await convertModel(sourceFromBytes(from), folder, { store })
  return { files, conversion, tensors: readSafetensors(files['model.safetensors']!).tensors }
}

const tensorsOf = (files: Files): Tensors => readSafetensors(files['model.safetensors']!).tensors
/** The model with its weights changed. */
const withWeights = (files: Files, change: (tensors: Tensors) => Iterable<readonly [string, SafeTensor]>): Files => ({
  ...files,
  'model.safetensors': writeSafetensors(change(tensorsOf(files))),
})
const withoutWeights = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).filter(([name]) => name !== 'model.safetensors'))
const model = tinyModel()
const config = parseConfig(model['config.json']!)
const batch = packBatch([{ ids: [2, 7, 9, 60, 3], typeIds: [0, 0, 0, 0, 0] }])

async function logitsOf(files: Files): Promise<Float32Array> {
  const loaded = await BertForTokenClassification.load(sourceFromBytes(files), { dtype: 'fp32' })
  const { logits } = await loaded.forward(batch)
  await loaded.dispose()
  return logits
}

describe('rounding', () => {
  test('to int8: as little error as the recipe, row by row', () => {
    const { rows, codes, scales } = Object.fromEntries(readFixture('quantise'))
    const width = rows!.shape[1]!
    const found = new Int8Array(rows!.values.length)
    const foundScales = quantiseRows(rows!.values, width, found)
    const error = (q: ArrayLike<number>, s: Float32Array, row: number) => {
      let sum = 0
      for (let i = row * width; i < (row + 1) * width; i++) sum += (q[i]! * s[row]! - rows!.values[i]!) ** 2
      return sum
    }
    for (let row = 0; row < foundScales.length; row++) {
      const recipe = error(codes!.values, scales!.values, row)
      expect(error(found, foundScales, row)).toBeLessThanOrEqual(recipe * 1.00001)
    }
    expect(found.every(code => code >= -127)).toBe(true)
  })

  test('to 16 bits: every pattern is itself, and what lies between goes to the nearest, ties to even', () => {
    const patterns = Uint16Array.from({ length: 0x7c00 }, (_, i) => i)
    const values = decodeF16(patterns)
    expect(Uint16Array.from(values, toHalf)).toEqual(patterns)
    for (const i of [0, 1, 2, 0x3fe, 0x3ff, 0x400, 0x401, 0x3bff, 0x3c00, 0x7bfe]) {
      const [low, high] = [values[i]!, values[i + 1]!]
      const middle = (low + high) / 2
      expect(toHalf(middle)).toBe(i % 2 === 0 ? i : i + 1)
      expect(toHalf(Math.fround(middle * (1 + 2 ** -20)))).toBe(i + 1)
      expect(toHalf(Math.fround(middle * (1 - 2 ** -20)))).toBe(i)
      expect(toHalf(-low)).toBe(0x8000 | i)
    }
    expect([65519, 65520, Infinity, NaN].map(toHalf)).toEqual([0x7bff, 0x7c00, 0x7c00, 0x7e00])
  })
})

describe('the new file', () => {
  test('int8: the layout of the default model', async () => {
    const { tensors, conversion, files } = await convert(model, 'int8')
    const large = [...tensorsOf(model)].filter(([name, { shape }]) => shape.length === 2 && !/classifier|token_type/.test(name)) // prettier-ignore
    for (const [name, { dtype, shape, data }] of tensorsOf(model)) {
      const isLarge = large.some(([other]) => other === name)
      expect([name, tensors.get(name)]).toMatchObject([name, { dtype: isLarge ? 'I8' : 'F32', shape }])
      if (!isLarge) expect(tensors.get(name)).toEqual({ dtype, shape, data })
      else expect(tensors.get(`${name}_scale`)).toMatchObject({ dtype: 'F32', shape: [shape[0], 1] })
    }
    expect(tensors.size).toBe(tensorsOf(model).size + large.length)
    const { quantization_config: quantization } = JSON.parse(Buffer.from(files['config.json']!).toString()) as Record<string, object> // prettier-ignore
    expect(quantization).toMatchObject({
      quant_method: 'compressed-tensors',
      ignore: ['classifier', 'bert.embeddings.token_type_embeddings'],
    })
    expect(files['vocab.txt']).toEqual(model['vocab.txt'])
    expect(conversion).toMatchObject({ store: 'int8', leftOut: [], bytesAfter: files['model.safetensors']!.length })
    const difference = maxDifference(await logitsOf(files), await logitsOf(model))
    expect(difference).toBeGreaterThan(0)
    expect(difference).toBeLessThan(0.1)
  })

  test('the errors that are reported are those that are there', async () => {
    const { tensors, conversion } = await convert(model, 'int8')
    for (const { name, to, largestError, largestValue } of conversion.weights) {
      const before = tensorsOf(model).get(name)!.data as Float32Array
      expect(largestValue).toBe(Math.max(...before.map(Math.abs)))
      if (to === 'F32') expect(largestError).toBe(0)
      else {
        const [codes, scale] = [tensors.get(name)!.data as Int8Array, tensors.get(`${name}_scale`)!.data as Float32Array] // prettier-ignore
        const width = before.length / scale.length
        const after = Float32Array.from(codes, (code, i) => code * scale[Math.floor(i / width)]!)
        expect(largestError).toBe(Math.max(...before.map((value, i) => Math.abs(Math.fround(after[i]! - value)))))
      }
    }
  })

  test('f32 of f32 changes no bit, f16 is half as large, int8 of int8 is kept', async () => {
    const same = await convert(model, 'f32')
    expect(same.tensors).toEqual(tensorsOf(model))
    expect(same.conversion.proof).toMatchObject({ sourceDifference: expect.closeTo(0, 6), changedLabels: 0 })
    const half = await convert(model, 'f16')
    for (const [name, { data }] of tensorsOf(model)) {
      expect(half.tensors.get(name)!.data).toEqual(Uint16Array.from(data as Float32Array, toHalf))
    }
    const small = await convert(model, 'int8')
    const again = await convert(small.files, 'int8')
    expect(again.tensors).toEqual(small.tensors)
    const back = await convert(small.files, 'f32')
    expect(JSON.parse(Buffer.from(back.files['config.json']!).toString())).not.toHaveProperty('quantization_config')
    expect(maxDifference(await logitsOf(back.files), await logitsOf(small.files))).toBeLessThan(1e-5)
  })

  test('out of pytorch_model.bin, whole or in shards, it is the same', async () => {
    const rest = withoutWeights(model)
    const tensors = [...tensorsOf(model)]
    const whole = { ...rest, 'pytorch_model.bin': torchFile(tensors) }
    const index = { weight_map: Object.fromEntries(tensors.map(([name], i) => [name, i % 2 ? 'p-1.bin' : 'p-2.bin'])) }
    const shards = {
      ...rest,
      'pytorch_model.bin.index.json': Buffer.from(JSON.stringify(index)),
      'p-1.bin': torchFile(tensors.filter((_, i) => i % 2 === 1)),
      'p-2.bin': torchFile(tensors.filter((_, i) => i % 2 === 0)),
    }
    const expected = (await convert(model, 'int8')).files['model.safetensors']
    expect((await convert(whole, 'int8')).files['model.safetensors']).toEqual(expected)
    const fromShards = Object.fromEntries(Object.entries(shards).map(([name, bytes]) => [name, Uint8Array.from(bytes)]))
    expect((await convert(fromShards, 'int8')).files['model.safetensors']).toEqual(expected)
  })

  test("today's names, and nothing that the model does not use", async () => {
    const old = withWeights(model, tensors => [
      ...Array.from(tensors, ([name, tensor]) => {
        const older = name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta')
        return [`module.${older}`, tensor] as const
      }),
      ['module.bert.embeddings.position_ids', { dtype: 'I64', shape: [1, 2], data: new BigInt64Array(2) }] as const,
    ])
    const { tensors, conversion } = await convert(old, 'f32')
    expect(tensors).toEqual(tensorsOf(model))
    expect(conversion.leftOut).toEqual(['module.bert.embeddings.position_ids'])
  })

  test('DistilBERT keeps its names', async () => {
    const distil = tinyModel({}, { family: 'distilbert' })
    const { files, tensors } = await convert(distil, 'int8')
    expect(tensors.get('distilbert.transformer.layer.0.attention.q_lin.weight')).toMatchObject({ dtype: 'I8' })
    expect(Buffer.from(files['config.json']!).toString()).toMatch(/"ignore": \[\s*"classifier"\s*\]/)
    expect(maxDifference(await logitsOf(files), await logitsOf(distil))).toBeLessThan(0.1)
  })
})

describe('the proof', () => {
  const verify = async (files: Files) => verifyProof(await openCheckpoint(sourceFromBytes(files)), config)

  test('holds for the file as it was written', async () => {
    const { files, conversion } = await convert(model, 'int8')
    const result = await verify(files)
    expect(result).toMatchObject({ tokens: expect.any(Number), isGood: true })
    expect(result.difference).toBeLessThan(1e-5)
    expect(result.sourceDifference).toBeCloseTo(conversion.proof.sourceDifference, 5)
  })

  test('does not hold once weights are others', async () => {
    const { files } = await convert(model, 'int8')
    const bytes = files['model.safetensors']!.slice()
    bytes.fill(1, bytes.length - 600) // some int8 weights: they come last
    expect(await verify({ ...files, 'model.safetensors': bytes })).toMatchObject({ isGood: false })
  })

  test('a file without one, and one that does not fit: an error', async () => {
    await expect(verify(model)).rejects.toMatchObject({ code: 'CONVERT_NO_PROOF' })
    const { tensors } = readSafetensors(model['model.safetensors']!)
    const ok = { text: 't', ids: [1], type_ids: [0], logits: [0, 0, 0, 0, 0], source_logits: [0, 0, 0, 0, 0] }
    for (const [proof, code] of [
      ['', 'CONVERT_PROOF'],
      ['null', 'CONVERT_PROOF'],
      ['{}', 'CONVERT_PROOF'],
      [{ ...ok, ids: [] }, 'CONVERT_PROOF'],
      [{ ...ok, ids: [1e9] }, 'OPTION_BATCH'],
      [{ ...ok, type_ids: [0, 0] }, 'OPTION_BATCH'],
      [{ ...ok, logits: [0] }, 'CONVERT_PROOF'],
      [{ ...ok, source_logits: [0, 0, 0, 0, 'x'] }, 'CONVERT_PROOF'],
    ] as const) {
      const metadata = [['bert_ner_check', typeof proof === 'string' ? proof : JSON.stringify(proof)]] as const
      const files = { ...model, 'model.safetensors': writeSafetensors(tensors, metadata) }
      await expect(verify(files)).rejects.toMatchObject({ code })
    }
  })
})

describe('refused', () => {
  const poisoned = (value: number) =>
    withWeights(model, tensors => {
      ;(tensors.get('bert.encoder.layer.0.output.dense.weight')!.data as Float32Array)[3] = value
      return tensors
    })
  test.each([
    ['what is no number', NaN, 'int8', 'CONVERT_NOT_FINITE'],
    ['infinity', Infinity, 'f32', 'CONVERT_NOT_FINITE'],
    ['what 16 bits cannot hold', 1e5, 'f16', 'CONVERT_OVERFLOW'],
  ] as const)('%s', async (_, value, store, code) => {
    await expect(convert(poisoned(value), store)).rejects.toMatchObject({ code })
  })

  test('another kind of model, and weights that config.json does not describe', async () => {
    const other = { ...model, 'config.json': Buffer.from('{"model_type":"roberta"}') as Uint8Array }
    await expect(convert({ ...other, 'config.json': Uint8Array.from(other['config.json']) }, 'int8')).rejects.toMatchObject({ code: 'CONFIG_UNSUPPORTED' }) // prettier-ignore
    const less = withWeights(model, tensors => [...tensors].slice(1))
    await expect(convert(less, 'int8')).rejects.toMatchObject({ code: 'CHECKPOINT_KEYS' })
  })
})

test.each([
  ['pytorch_model.bin', /a pickle of PyTorch/, /bert-ner convert/],
  ['onnx/model.onnx', /an ONNX program/, /base_model/],
  ['tf_model.h5', /weights of TensorFlow/, /from_tf=True/],
  ['flax_model.msgpack', /weights of Flax/, /from_flax=True/],
  ['adapter_config.json', /an adapter/, /merge_and_unload/],
])('a model with %s alone is refused by name, with what helps', async (name, found, nextStep) => {
  const rest = withoutWeights(model)
  const files = name === 'adapter_config.json' ? {} : rest
  const source = sourceFromBytes({ ...files, [name]: new Uint8Array(1) })
  await expect(BertForTokenClassification.load(source)).rejects.toMatchObject({
    code: 'SOURCE_FILE_MISSING',
    found: expect.stringMatching(found),
    nextStep: expect.stringMatching(nextStep),
  })
})
