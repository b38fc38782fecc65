/** The definition itself: held against formulas and known values, since every other backend is held against it. */
import { describe, expect, test } from '@jest/globals'
import { attention } from '../../dist/kernels/naive/attention.js'
import { erf, gelu } from '../../dist/kernels/naive/gelu.js'
import { layerNorm } from '../../dist/kernels/naive/layer-norm.js'
import { linear, linearByFours } from '../../dist/kernels/naive/linear.js'
import { decode, decodeRow } from '../../dist/kernels/stored.js'
import { loadKernels } from '../../dist/kernels/load.js'
import '../../dist/tfjs.js'
import { float32, uniform } from '../helpers/random-tensors.ts'

test('erf, to the last digits (values of Abramowitz & Stegun, table 7.1, and of mpmath)', () => {
  const known = [
    [0, 0],
    [1e-8, 1.1283791670955126e-8],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [5, 0.9999999999984626],
    [40, 1],
  ] as const
  for (const [x, value] of known) {
    expect(Math.abs(erf(x) - value)).toBeLessThanOrEqual(1e-15)
    expect(erf(-x)).toBe(-erf(x))
  }
  expect(erf(NaN)).toBeNaN()
  expect(gelu(1)).toBeCloseTo(0.8413447460685429, 14)
  expect(gelu(-Infinity)).toBeNaN() // −∞ · 0: no activation is infinite
})

describe('linear', () => {
  test('worked out by hand: x = (1, 2), W = (3, 4; 5, 6), b = (10, 20)', () => {
    const weight = Float32Array.of(3, 4, 5, 6)
    const bias = Float32Array.of(10, 20)
    expect([...linear(Float32Array.of(1, 2), weight, bias, 2)]).toEqual([1 * 3 + 2 * 4 + 10, 1 * 5 + 2 * 6 + 20])
    // Two rows of x: each gives a row of y.
    expect([...linear(Float32Array.of(1, 0, 0, 1), weight, bias, 2)]).toEqual([13, 25, 14, 26])
  })

  test('by fours is the definition, bit for bit, wherever the last four rows end', () => {
    for (const N of [1, 2, 3, 4, 5, 7, 8, 9]) {
      for (const [T, K] of [
        [1, 1],
        [3, 5],
        [2, 384],
      ] as const) {
        const next = uniform(N)
        const [x, w, b] = [[T, K], [N, K], [N]].map(shape => float32(shape, next, 1e3).data)
        const bytes = (y: Float32Array) => [...new Uint32Array(y.buffer)]
        expect(bytes(linearByFours(x!, w!, b!, K))).toEqual(bytes(linear(x!, w!, b!, K)))
      }
    }
  })
})

test('layer norm: mean 0 and variance 1, then scale and shift; a constant row gives the shift', () => {
  const next = uniform(1)
  const C = 50
  const ones = new Float32Array(C).fill(1)
  const shift = new Float32Array(C).fill(7)
  const y = layerNorm(float32([1, C], next, 9).data, ones, new Float32Array(C), 1e-12)
  expect(y.reduce((a, b) => a + b) / C).toBeCloseTo(0, 6)
  expect(y.reduce((a, b) => a + b * b, 0) / C).toBeCloseTo(1, 6)
  expect([...layerNorm(new Float32Array(C).fill(3), ones, shift, 1e-12)]).toEqual([...shift])
})

test('the sum of the residual connection is what is normalised: worked out by hand', async () => {
  const kernels = await loadKernels({ backend: 'naive' })
  const vector = (...values: number[]) => ({ ...float32([values.length], () => 0), data: Float32Array.from(values) })
  const norm = await kernels.normWeights(vector(2, 2), vector(0, 10), 1e-12)
  const matrix = (...values: number[]) => ({ shape: [1, 2], values: Float32Array.from(values) })
  // (1, 0) + (0, 5) = (1, 5): mean 3, deviation 2, so (−1, 1); times 2, plus (0, 10).
  const y = await kernels.read(kernels.addLayerNorm(matrix(1, 0), matrix(0, 5), norm))
  expect([...y].map(value => Math.round(value * 1e6) / 1e6)).toEqual([-2, 12])
})

describe('attention, worked out by hand: 2 tokens, 2 heads, D = 4', () => {
  // Scores that are logarithms give weights that are fractions: softmax(ln 3, 0) = (3/4, 1/4).
  const [a, b] = [Math.log(3), Math.log(7)]
  const none = [0, 0, 0, 0]
  const tokens = [
    // head 0            head 1
    { q: [a, a, 0, 0, /**/ 0, 0, b, b], k: [1, 1, 0, 0, /**/ 2, 2, 0, 0], v: [4, 8, 0, 0, /**/ 8, 0, 0, 0] },
    { q: [...none, /*   */ ...none], k: [0, 0, 1, 1, /**/ 0, 0, 1, 1], v: [0, 4, 4, 0, /**/ 0, 0, 0, 16] },
  ]
  const qkv = Float32Array.from(tokens.flatMap(({ q, k, v }) => [...q, ...k, ...v]))
  const row = (i: number) => attention(qkv, Int32Array.of(0, 2), 2).subarray(8 * i, 8 * (i + 1))
  const expectNear = (actual: Float32Array, expected: number[]) => {
    for (const [c, value] of expected.entries()) expect(actual[c]).toBeCloseTo(value, 5)
  }

  test('head 0 of token 0: Q·K = (2 ln 3, 0), / √4 = (ln 3, 0), so 3/4 of the first value and 1/4 of the second', () => {
    expectNear(row(0).subarray(0, 4), [3, 7, 1, 0])
  })

  test('head 1 of token 0: Q·K = (0, 2 ln 7), / √4 = (0, ln 7), so 1/8 and 7/8', () => {
    expectNear(row(0).subarray(4), [1, 0, 0, 14])
  })

  test('token 1 asks for nothing, and gets the mean of the values', () => {
    expectNear(row(1), [2, 6, 2, 0, 4, 0, 0, 8])
  })

  test('in two sequences no token sees the other', () => {
    const alone = attention(qkv, Int32Array.of(0, 1, 2), 2)
    expect([...alone]).toEqual([...tokens[0]!.v, ...tokens[1]!.v])
  })
})

describe('attention', () => {
  const [H, D] = [2, 3]
  const C = H * D

  test('one token attends to itself: its own value', () => {
    const qkv = float32([1, 3 * C], uniform(2)).data
    expect([...attention(qkv, Int32Array.of(0, 1), H)]).toEqual([...qkv.subarray(2 * C)])
  })

  test('equal keys: the mean of the values', () => {
    const qkv = float32([4, 3 * C], uniform(3)).data
    for (let t = 0; t < 4; t++) qkv.fill(0.5, t * 3 * C + C, t * 3 * C + 2 * C)
    const context = attention(qkv, Int32Array.of(0, 4), H)
    for (let c = 0; c < C; c++) {
      const mean = [0, 1, 2, 3].reduce((sum, t) => sum + qkv[t * 3 * C + 2 * C + c]! / 4, 0)
      for (let t = 0; t < 4; t++) expect(context[t * C + c]).toBeCloseTo(mean, 6)
    }
  })

  test('scores of many thousands do not overflow: all weight goes to the largest', () => {
    const qkv = float32([2, 3 * C], uniform(4), 1000).data
    const context = attention(qkv, Int32Array.of(0, 2), H)
    const values = [0, 1].map(t => [...qkv.subarray(t * 3 * C + 2 * C, (t + 1) * 3 * C)])
    for (let c = 0; c < C; c++) expect([values[0]![c], values[1]![c]]).toContain(context[c])
  })
})

test('stored types decode to the same rows one by one and as a whole', () => {
  const scale = Float32Array.of(0.5, 2)
  for (const tensor of [
    { name: 'f16', stored: 'F16', shape: [2, 2], data: Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff) },
    { name: 'bf16', stored: 'BF16', shape: [2, 2], data: Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x0000) },
    { name: 'i8', stored: 'I8', shape: [2, 2], data: Int8Array.of(-128, 127, 3, 0), scale },
    float32([2, 2], uniform(5)),
  ] as const) {
    const whole = [...decode(tensor)]
    expect([...decodeRow(tensor, 0, 2), ...decodeRow(tensor, 1, 2)]).toEqual(whole)
    if (tensor.stored === 'F16') expect(whole).toEqual([1, -2, 2 ** -24, 65504])
    if (tensor.stored === 'BF16') expect(whole).toEqual([1, -2, 3.140625, 0])
    if (tensor.stored === 'I8') expect(whole).toEqual([-64, 63.5, 6, 0])
  }
})

describe('options', () => {
  test.each([
    ['OPTION_BACKEND', { backend: 'cuda' }],
    ['OPTION_DTYPE', { backend: 'naive', dtype: 'fp64' }],
    ['OPTION_DTYPE', { backend: 'naive', dtype: 'q8' }],
    ['OPTION_DTYPE', { backend: 'tfjs', dtype: 'w8a16' }],
    ['OPTION_DEVICE', { backend: 'simd', device: 'webgpu' }],
    ['OPTION_DEVICE', { backend: 'naive', device: 'wasm' }],
    ['OPTION_WASM', { backend: 'simd', wasm: {} }],
    ['OPTION_WASM', { backend: 'simd', wasm: null }],
    ['OPTION_WASM', { backend: 'tfjs', wasm: {} }],
  ])('%s: %j', async (code, options) => {
    await expect(loadKernels(options as never)).rejects.toMatchObject({ code })
  })

  test('the device that a backend has may be named', async () => {
    await (await loadKernels({ backend: 'naive', device: 'cpu' })).dispose()
    await (await loadKernels({ backend: 'simd', device: 'wasm', threads: 1 })).dispose()
  })
})
