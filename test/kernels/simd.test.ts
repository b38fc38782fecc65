/** The SIMD kernels: integers against integers, whole models, GELU, memory. conformance.test.ts has operation by operation. */
import { readFile, readdir, stat } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import { loadLayer, randomBatch, randomLayer, runLayer } from '../../dist/kernels/exercise.js'
import type { Kernels, StoredTensor } from '../../dist/kernels/kernels.js'
import { gelu } from '../../dist/kernels/naive/gelu.js'
import { NaiveKernels } from '../../dist/kernels/naive/naive.js'
import { loadSimd } from '../../dist/kernels/simd/engine/load.js'
import { BertForTokenClassification } from '../../dist/layers/token-classifier.js'
import { sourceFromBytes } from '../../dist/source/source.js'
import { packBatch } from '../../dist/layers/batch.js'
import { maxDifference, readFixture } from '../helpers/fixtures.ts'
import { BASE, MINI, randomIds, randomModel } from '../helpers/random-model.js'
import { tile } from '../../dist/kernels/simd/tiles.js'
import { boundsOf } from '../../dist/kernels/simd/bounds.js'
import { caseOf, floats, largestDifference, product, random, stored, storedAs } from './helpers.ts'

const folder = new URL('../../dist/kernels/simd/engine/', import.meta.url)
/** The largest activation that weights whose magnitudes add up to `sum` leave room for. */
const limitOf = (sum: number) => boundsOf(tile('w8a16'), 'seven').activations({ first: sum, second: 1 }).limit

test('every float16, subnormals, infinities and NaN included', async () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i)
  const data = { name: 'all', stored: 'F16', shape: [4096, 16], data: all } as const
  const table = await readTable(data)
  expect(table.simd).toEqual(table.naive)
})

describe('w8a16 is exact integer arithmetic', () => {
  test.each([
    ['random', 100, 40],
    ['with tails', 77, 21],
    ['long', 3072, 9],
  ])('%s', async (_, K, N) => {
    const next = random(6)
    const weight = storedAs('I8', stored(floats(next, N * K), N, K))
    await expectExact(weight, floats(next, N), floats(next, 7 * K, 3))
  })

  test('the worst case: every product as large as it can be, and all of one sign', async () => {
    const [K, N] = [3072, 8]
    const data = new Int8Array(N * K)
    for (let n = 0; n < N; n++) data.fill(n % 2 ? 127 : -128, n * K, (n + 1) * K)
    const weight = { name: 'worst', stored: 'I8', shape: [N, K], data, scale: new Float32Array(N).fill(0.01) } as const
    expect(limitOf(128 * K)).toBe(5461)
    expect(5461 * 128 * K).toBeLessThan(2 ** 31)
    await expectExact(weight, new Float32Array(N), new Float32Array(2 * K).fill(3).fill(-3, K))
  })

  test('small sums of weights leave room for all 16 bits, and no more', () => {
    expect(limitOf(1)).toBe(32767)
    for (const sum of [65537, 65538, 100_000, 16_777_216]) {
      const limit = limitOf(sum)
      expect(limit * sum).toBeLessThan(2 ** 31)
      expect((limit + 1) * sum).toBeGreaterThanOrEqual(2 ** 31)
    }
  })
})

test('float weights become int8 as max|w|/127 says, and then compute as int8 files do', async () => {
  const next = random(7)
  const [K, N] = [96, 24]
  const weight = stored(floats(next, N * K), N, K)
  const bias = stored(floats(next, N), N)
  const quantised = storedAs('I8', weight)
  const [fromFloat, fromInt] = [await loadSimd({ dtype: 'w8a16' }), await loadSimd({ dtype: 'w8a16' })]
  const x = floats(next, 5 * K)
  const a = await product(fromFloat, [{ weight, bias }], x, K)
  const b = await product(fromInt, [{ weight: quantised, bias }], x, K)
  expect(largestDifference(a, b)).toBeLessThan(1e-5)
})

test('auto computes float weights in fp32', async () => {
  const next = random(8)
  const parts = [{ weight: stored(floats(next, 64 * 32), 64, 32), bias: stored(floats(next, 64), 64) }]
  const x = floats(next, 3 * 32)
  const auto = await product(await loadSimd({}), parts, x, 32)
  const fp32 = await product(await loadSimd({ dtype: 'fp32' }), parts, x, 32)
  expect(auto).toEqual(fp32)
})

describe('a whole model', () => {
  test.each([
    ['F32', 'auto', 1e-4],
    ['I8', 'fp32', 1e-4],
    ['I8', 'w8a16', 2e-3],
    ['I8', 'auto', 0.2],
    ['F16', 'w8a16', 2e-2],
  ] as const)('stored as %s, dtype %s', async (stored, dtype, tolerance) => {
    const files = randomModel({ ...MINI, dtype: stored, std: 0.08 })
    const lengths = [21, 1, 40]
    const batch = { ...randomBatch({ lengths }, random(12)), ids: Int32Array.from(randomIds(62, MINI.vocab)) }
    const naive = await BertForTokenClassification.load(sourceFromBytes(files), { backend: 'naive' })
    const simd = await BertForTokenClassification.load(sourceFromBytes(files), { dtype })
    expect(simd.backend).toBe('simd')
    const { logits } = await naive.forward(batch)
    const found = await simd.forward(batch)
    const worst = logits.reduce((most, value, i) => Math.max(most, Math.abs(value - (found.logits[i] ?? NaN))), 0)
    expect(worst).toBeLessThan(tolerance)
    await simd.dispose()
  })
})

describe('BERT-base shape', () => {
  const reference = readFixture('bert-base')
  // With int8 weights the reference is float64 over the same numbers: what is left is the rounding of activations.
  test.each([
    ['F32', 'fp32', 1e-4],
    ['I8', 'w8a16', 2e-3],
    ['F32', 'w8a16', 5e-2],
  ] as const)(
    'weights stored as %s, dtype %s, against PyTorch',
    async (stored, dtype, tolerance) => {
      const files = randomModel({ ...BASE, dtype: stored })
      const model = await BertForTokenClassification.load(sourceFromBytes(files), { dtype })
      const key = stored === 'I8' ? 'logits.I8' : 'logits'
      for (const length of [16, 128]) {
        const sequence = { ids: randomIds(length, BASE.vocab, 0), typeIds: randomIds(length, 2, 100) }
        const { logits } = await model.forward(packBatch([sequence]))
        expect(maxDifference(logits, reference.get(`${key}.${length}`)!.values)).toBeLessThan(tolerance)
      }
      await model.dispose()
    },
    60_000,
  )
})

test('GELU: at most 2e-6 off, from 2⁻¹² to 8; what is beyond, and what is no number', async () => {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64 })
  const module = await WebAssembly.compile(await readFile(new URL('simd.wasm', folder)))
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } })
  const apply = (x: Float32Array) => {
    new Float32Array(memory.buffer, 0, x.length).set(x)
    ;(exports.gelu as (address: number, count: number) => void)(0, x.length)
    return new Float32Array(memory.buffer, 0, x.length).slice()
  }
  // A sample of the bit patterns; scripts/check-gelu.mjs takes every one.
  const [first = 0, last = 0] = new Uint32Array(Float32Array.of(2 ** -12, 8).buffer)
  const patterns = Uint32Array.from({ length: 40_000 }, (_, i) => {
    const pattern = first + Math.floor(((last - first) * i) / 40_000)
    return i % 2 ? pattern | 0x80000000 : pattern
  })
  const x = new Float32Array(patterns.buffer)
  const worst = apply(x).reduce((most, y, i) => Math.max(most, Math.abs(y - gelu(x[i] ?? 0))), 0)
  expect(worst).toBeLessThan(2e-6)
  const beyond = Float32Array.of(0, 1e-30, -1e-30, 9, -9, 1e30, -1e30, Infinity)
  expect([...apply(beyond)]).toEqual([...beyond.map(gelu)])
  expect([...apply(Float32Array.of(NaN, 1, 1, 1))].map(Number.isNaN)).toEqual([true, false, false, false])
})

describe('memory', () => {
  test('10,000 passes of random lengths need what the longest needs', async () => {
    const next = random(9)
    const simd = await loadSimd({ dtype: 'fp32' })
    const kernels: Kernels = simd
    const layer = await loadLayer(kernels, randomLayer({ C: 16, H: 2, F: 32, lengths: [48] }, next), 2)
    const pass = async (lengths: readonly number[]) => {
      const batch = randomBatch({ lengths }, next)
      const [context, y] = kernels.scope(() => {
        const { context, normalised } = runLayer(kernels, layer, batch)
        return [context, normalised] as const
      })
      const values = await kernels.read(y)
      kernels.free(context)
      kernels.free(y)
      return values
    }
    await pass([48, 48])
    const bytes = simd.memoryBytes
    for (let i = 0; i < 10_000; i++) {
      const values = await pass([1 + Math.floor(Math.abs(next()) * 47), 1 + Math.floor(Math.abs(next()) * 47)])
      if (!values.every(Number.isFinite)) throw new Error(`pass ${i} is not finite`)
    }
    expect(simd.memoryBytes).toBe(bytes)
  }, 60_000)

  test('a tensor that was freed, and a backend that was disposed of, say so', async () => {
    const simd = await loadSimd({ dtype: 'fp32' })
    const { weights, batch } = caseOf({ C: 16, H: 2, F: 32, lengths: [4] }, 10)
    const norm = await simd.normWeights(weights.gain, weights.shift, 1e-12)
    const word = await simd.embeddingWeights(weights.word)
    const tables = { word, position: word, tokenType: word }
    const x = simd.embed(batch, tables, norm)
    simd.free(x)
    expect(() => simd.addLayerNorm(x, x, norm)).toThrow(expect.objectContaining({ code: 'BACKEND_TENSOR_FREED' }))
    await simd.dispose()
    await simd.dispose()
    await expect(simd.read(x)).rejects.toMatchObject({ code: 'BACKEND_DISPOSED' })
    expect(() => simd.embed(batch, tables, norm)).toThrow(expect.objectContaining({ code: 'BACKEND_DISPOSED' }))
  })
})

describe('the .wasm files', () => {
  test('are small, and import nothing but a memory', async () => {
    const files = (await readdir(folder)).filter(name => name.endsWith('.wasm'))
    expect(files).toHaveLength(6)
    for (const name of files) {
      expect([name, (await stat(new URL(name, folder))).size]).toEqual([name, expect.any(Number)])
      expect((await stat(new URL(name, folder))).size).toBeLessThan(40_000)
    }
    const module = await WebAssembly.compile(await readFile(new URL('simd.wasm', folder)))
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }])
  })

  test('a compiled module is enough', async () => {
    const wasm = await WebAssembly.compile(await readFile(new URL('simd.wasm', folder)))
    const next = random(11)
    const parts = [{ weight: stored(floats(next, 8 * 16), 8, 16), bias: stored(floats(next, 8), 8) }]
    const x = floats(next, 16)
    const given = await product(await loadSimd({ wasm }), parts, x, 16)
    expect(largestDifference(await product(new NaiveKernels(), parts, x, 16), given)).toBeLessThan(1e-6)
  })
})

/** Compares bit for bit with the same arithmetic in JavaScript's integers and float32 roundings. */
async function expectExact(weight: ReturnType<typeof storedAs>, biases: Float32Array, x: Float32Array): Promise<void> {
  if (weight.stored !== 'I8') throw new Error('int8 weights only')
  const [N = 0, K = 0] = weight.shape
  const { data, scale } = weight
  const simd = await loadSimd({ dtype: 'w8a16' })
  const y = await product(simd, [{ weight, bias: stored(biases, N) }], x, K)
  const { fround } = Math
  let largestSum = 1
  for (let n = 0; n < N; n++) {
    largestSum = Math.max(
      largestSum,
      data.subarray(n * K, (n + 1) * K).reduce((sum, w) => sum + Math.abs(w), 0),
    )
  }
  const limit = limitOf(largestSum)
  const expected = new Float32Array(y.length)
  for (let t = 0; t < x.length / K; t++) {
    const row = x.subarray(t * K, (t + 1) * K)
    const max = row.reduce((most, value) => Math.max(most, Math.abs(value)), 2 ** -100)
    const factor = fround(limit / max)
    const q = Int32Array.from(row, value => fround(fround(value * factor) + 12582912) - 12582912)
    for (let n = 0; n < N; n++) {
      let sum = 0
      for (let k = 0; k < K; k++) {
        sum += (q[k] ?? 0) * (data[n * K + k] ?? 0)
        if (Math.abs(sum) >= 2 ** 31) throw new Error('the sum leaves int32')
      }
      const scales = fround(fround(max / limit) * (scale[n] ?? 0))
      expected[t * N + n] = fround(fround(fround(sum) * scales) + (biases[n] ?? 0))
    }
  }
  expect(y).toEqual(expected)
}

/** The rows of a table as embed reads them, by both backends: normalised with a gain of 0, what is left is finite or NaN. */
async function readTable(data: StoredTensor) {
  const [rows = 0, width = 0] = data.shape
  const zero = stored(new Float32Array(width), 1, width)
  const ones = stored(new Float32Array(width).fill(1), width)
  const batch = {
    ids: Int32Array.from({ length: rows }, (_, i) => i),
    typeIds: new Int32Array(rows),
    positions: new Int32Array(rows),
    starts: Int32Array.of(0, rows),
  }
  const results = []
  const backends: Kernels[] = [new NaiveKernels(), await loadSimd()]
  for (const kernels of backends) {
    const word = await kernels.embeddingWeights(data)
    const other = await kernels.embeddingWeights(zero)
    const norm = await kernels.normWeights(ones, stored(new Float32Array(width), width), 1e-12)
    const y = await kernels.read(kernels.embed(batch, { word, position: other, tokenType: other }, norm))
    results.push(Array.from(y, value => (Number.isNaN(value) ? NaN : Math.round(value * 1e4) / 1e4)))
  }
  return { naive: results[0], simd: results[1] }
}
