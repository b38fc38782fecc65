/** The definition itself: held against formulas and known values, since every other backend is held against it. */
import { describe, expect, test } from '@jest/globals'
import { attention, attentionProbabilities } from '../../dist/kernels/naive/attention.js'
import { erf, gelu } from '../../dist/kernels/naive/gelu.js'
import { layerNorm } from '../../dist/kernels/naive/layer-norm.js'
import { linear } from '../../dist/kernels/naive/linear.js'
import { decode, decodeRow } from '../../dist/kernels/stored.js'
import { loadKernels } from '../../dist/kernels/load.js'
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

test('linear: every shape of outputs that the four-row loop can end on', () => {
  for (const outputs of [1, 2, 3, 4, 5, 7, 8]) {
    const [T, inputs] = [3, 5]
    const next = uniform(outputs)
    const [x, w, b] = [[T, inputs], [outputs, inputs], [outputs]].map(shape => float32(shape, next).data)
    const expected = Array.from({ length: T * outputs }, (_, i) => {
      const [t, n] = [Math.floor(i / outputs), i % outputs]
      let sum = 0
      for (let k = 0; k < inputs; k++) sum += x![t * inputs + k]! * w![n * inputs + k]!
      return Math.fround(sum + b![n]!)
    })
    expect([...linear(x!, w!, b!, inputs)]).toEqual(expected)
  }
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

describe('attention', () => {
  const [H, D] = [2, 3]
  const C = H * D

  test('one token attends to itself: its own value', () => {
    const qkv = float32([1, 3 * C], uniform(2)).data
    expect([...attention(qkv, Int32Array.of(0, 1), H)]).toEqual([...qkv.subarray(2 * C)])
    expect([...attentionProbabilities(qkv, Int32Array.of(0, 1), H)]).toEqual([1, 1])
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

  test('rows of probabilities add up to one, scores of a thousand do not overflow', () => {
    const qkv = float32([5, 3 * C], uniform(4), 100).data
    const p = attentionProbabilities(qkv, Int32Array.of(0, 2, 5), H)
    expect(p).toHaveLength(H * (2 * 2 + 3 * 3))
    expect(p.every(Number.isFinite)).toBe(true)
    for (let row = 0; row < H * 2; row++) expect(p[2 * row]! + p[2 * row + 1]!).toBeCloseTo(1, 6)
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
