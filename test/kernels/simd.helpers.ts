/** Random weights and inputs, and every operation of the interface run over them once. */
import type { Kernels, LinearPart, PackedBatch, StoredTensor, Tensor } from '../../dist/kernels/kernels.js'

export type Random = () => number

/** Numbers in −1 … 1, the same ones each time. */
export function random(seed: number): Random {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state / 2 ** 31
  }
}

export function floats(next: Random, length: number, scale = 1): Float32Array {
  return Float32Array.from({ length }, () => next() * scale)
}

export function stored(data: Float32Array, ...shape: number[]): StoredTensor {
  return { name: 'test', stored: 'F32', shape, data }
}

/** The same numbers, rounded to another type. */
export function storedAs(type: StoredTensor['stored'], tensor: StoredTensor): StoredTensor {
  const { name, shape } = tensor
  const values = tensor.data as Float32Array
  if (type === 'F32') return tensor
  if (type === 'BF16') {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
    return { name, shape, stored: type, data: Uint16Array.from(bits, bit => bit >>> 16) }
  }
  if (type === 'F16') return { name, shape, stored: type, data: Uint16Array.from(values, toF16) }
  const [rows = 0, width = 0] = shape
  const scale = new Float32Array(rows)
  const data = new Int8Array(values.length)
  for (let row = 0; row < rows; row++) {
    const part = values.subarray(row * width, (row + 1) * width)
    scale[row] = part.reduce((max, value) => Math.max(max, Math.abs(value)), 0) / 127
    data.set(
      part.map(value => Math.round(value / (scale[row] === 0 ? 1 : (scale[row] ?? 1)))),
      row * width,
    )
  }
  return { name, shape, stored: type, data, scale }
}

/** Towards zero; subnormals and the largest numbers included, since the tests want them. */
function toF16(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const magnitude = Math.abs(value)
  if (Number.isNaN(value)) return 0x7e00
  if (magnitude >= 65504) return sign | (magnitude === Infinity ? 0x7c00 : 0x7bff)
  if (magnitude < 2 ** -14) return sign | Math.floor(magnitude * 2 ** 24)
  const exponent = Math.floor(Math.log2(magnitude))
  return sign | ((exponent + 15) << 10) | Math.floor((magnitude / 2 ** exponent - 1) * 1024)
}

export interface Case {
  /** Hidden size, heads, feed-forward size. */
  C: number
  H: number
  F: number
  lengths: readonly number[]
  dtype?: StoredTensor['stored']
  /** Multiplies what comes out of the embedding. */
  scale?: number
  /** Changes the weights before they are loaded. */
  spoil?: (weights: Weights) => void
}

export interface Weights {
  word: StoredTensor
  position: StoredTensor
  type: StoredTensor
  gain: StoredTensor
  shift: StoredTensor
  qkv: { weight: StoredTensor; bias: StoredTensor }[]
  up: { weight: StoredTensor; bias: StoredTensor }
  down: { weight: StoredTensor; bias: StoredTensor }
}

export function batchOf(lengths: readonly number[], next: Random, vocab = 40): PackedBatch {
  const T = lengths.reduce((sum, length) => sum + length, 0)
  const starts = new Int32Array(lengths.length + 1)
  lengths.forEach((length, b) => (starts[b + 1] = (starts[b] ?? 0) + length))
  return {
    ids: Int32Array.from({ length: T }, () => Math.floor(Math.abs(next()) * 0.999 * vocab)),
    typeIds: Int32Array.from({ length: T }, () => (next() > 0 ? 1 : 0)),
    positions: Int32Array.from(lengths.flatMap(length => Array.from({ length }, (_, i) => i))),
    starts,
  }
}

export function weightsOf({ C, F, lengths, dtype = 'F32', scale = 1, spoil }: Case, next: Random): Weights {
  const matrix = (outputs: number, inputs: number) =>
    storedAs(dtype, stored(floats(next, outputs * inputs, 2 / Math.sqrt(inputs)), outputs, inputs))
  const linear = (outputs: number, inputs: number) => ({
    weight: matrix(outputs, inputs),
    bias: stored(floats(next, outputs), outputs),
  })
  const weights: Weights = {
    word: matrix(40, C),
    position: matrix(Math.max(1, ...lengths), C),
    type: matrix(2, C),
    gain: stored(floats(next, C, scale), C),
    shift: stored(floats(next, C, scale), C),
    qkv: [linear(C, C), linear(C, C), linear(C, C)],
    up: linear(F, C),
    down: linear(C, F),
  }
  spoil?.(weights)
  return weights
}

/** Every tensor of embed → Q, K, V → attention, and of embed → up → GELU → down → add and normalise. */
export async function runAll(
  kernels: Kernels,
  { H }: Case,
  weights: Weights,
  batch: PackedBatch,
): Promise<Record<string, Float32Array>> {
  const tables = {
    word: await kernels.embeddingWeights(weights.word),
    position: await kernels.embeddingWeights(weights.position),
    tokenType: await kernels.embeddingWeights(weights.type),
  }
  const norm = await kernels.normWeights(weights.gain, weights.shift, 1e-12)
  const [qkvWeights, up, down] = [
    await kernels.linearWeights(weights.qkv),
    await kernels.linearWeights([weights.up]),
    await kernels.linearWeights([weights.down]),
  ]
  const embedded = kernels.embed(batch, tables, norm)
  const qkv = kernels.linear(embedded, qkvWeights)
  const context = kernels.attention(qkv, batch.starts, H)
  const activated = kernels.linearGelu(embedded, up)
  const projected = kernels.linear(activated, down)
  const normalised = kernels.addLayerNorm(projected, embedded, norm)
  const tensors: Record<string, Tensor> = { embedded, qkv, context, activated, projected, normalised }
  const values: Record<string, Float32Array> = {}
  for (const [name, tensor] of Object.entries(tensors)) values[name] = await kernels.read(tensor)
  for (const tensor of Object.values(tensors)) kernels.free(tensor)
  return values
}

/** max |a − b|, as a share of the largest magnitude in a. A NaN in one of them alone is Infinity. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity
  let difference = 0
  let magnitude = 0
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0]
    if (Number.isNaN(x) && Number.isNaN(y)) continue
    if (Number.isNaN(x) || Number.isNaN(y)) return Infinity
    difference = Math.max(difference, Math.abs(x - y))
    magnitude = Math.max(magnitude, Math.abs(x))
  }
  return difference === 0 ? 0 : difference / magnitude
}

/** The names of the tensors that are not the same, bit for bit. */
export function differing(a: Record<string, Float32Array>, b: Record<string, Float32Array>): string[] {
  const bytes = (array: Float32Array | undefined) => Buffer.from(array?.buffer ?? new ArrayBuffer(0))
  return Object.keys(a).filter(name => !bytes(a[name]).equals(bytes(b[name])))
}

/** y = x·Wᵀ + b for any x: each row of x is the bias of a product with a zero matrix, so it arrives as it is. */
export async function product(
  kernels: Kernels,
  parts: readonly LinearPart[],
  x: Float32Array,
  K: number,
): Promise<Float32Array> {
  const weights = await kernels.linearWeights(parts)
  const norm = await kernels.normWeights(stored(new Float32Array(16), 16), stored(new Float32Array(16), 16), 1)
  const table = await kernels.embeddingWeights(stored(new Float32Array(16), 1, 16))
  const zero = kernels.embed(
    batchOf([1], () => 0),
    { word: table, position: table, tokenType: table },
    norm,
  )
  const y: number[] = []
  for (let row = 0; row < x.length / K; row++) {
    const bias = stored(x.slice(row * K, (row + 1) * K), K)
    const source = await kernels.linearWeights([{ weight: stored(new Float32Array(K * 16), K, 16), bias }])
    y.push(...(await kernels.read(kernels.linear(kernels.linear(zero, source), weights))))
  }
  return Float32Array.from(y)
}

/** y = x·Wᵀ + b for `rows` rows at once, and the x that the backend made for it. */
export async function productOfRows(
  kernels: Kernels,
  parts: readonly LinearPart[],
  rows: number,
  K: number,
  next: () => number,
): Promise<{ x: Float32Array; y: Float32Array }> {
  const weights = await kernels.linearWeights(parts)
  const norm = await kernels.normWeights(stored(floats(next, K), K), stored(floats(next, K), K), 1)
  const table = await kernels.embeddingWeights(stored(floats(next, rows * K), rows, K))
  const ids = Int32Array.from({ length: rows }, (_, i) => i)
  const batch = { ids, typeIds: ids, positions: ids, starts: Int32Array.of(0, rows) }
  const x = kernels.embed(batch, { word: table, position: table, tokenType: table }, norm)
  return { x: await kernels.read(x), y: await kernels.read(kernels.linear(x, weights)) }
}
