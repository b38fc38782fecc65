/** Weights in every stored type, hard rows, and products of rows that a test chooses. */
import {
  loadLayer,
  random,
  randomBatch,
  randomFloats,
  randomLayer,
  readTensors,
  runLayer,
  TENSORS,
  type Exercise,
  type LayerSize,
  type LayerWeights,
} from '../../dist/kernels/exercise.js'
import type { Kernels, LinearPart, PackedBatch, StoredTensor } from '../../dist/kernels/kernels.js'

export { largestDifference, random } from '../../dist/kernels/exercise.js'

export type Random = () => number

export function floats(next: Random, length: number, scale = 1): Float32Array {
  return randomFloats(next, [length], scale).data
}

export function stored(data: Float32Array, ...shape: number[]): StoredTensor & { stored: 'F32' } {
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

export interface Case extends LayerSize {
  /** How matrices and tables are stored. */
  readonly type?: StoredTensor['stored']
  /** Multiplies the rows of the tables, and what comes out of a normalisation. */
  readonly tables?: number
  readonly gain?: number
}

/** A layer and a batch for it, the same for the same seed. */
export function caseOf(size: Case, seed: number): { size: Case; weights: LayerWeights; batch: PackedBatch } {
  const next = random(seed)
  const { type = 'F32', tables = 1, gain = 1 } = size
  const { word, position, type: types, gain: gains, shift, qkv, up, down } = randomLayer(size, next)
  const scaled = (tensor: StoredTensor, factor: number) =>
    stored(
      (tensor.data as Float32Array).map(value => value * factor),
      ...tensor.shape,
    )
  const linear = ({ weight, bias }: LinearPart) => ({ weight: storedAs(type, weight), bias })
  const weights = {
    word: storedAs(type, scaled(word, tables)),
    position: storedAs(type, scaled(position, tables)),
    type: storedAs(type, scaled(types, tables)),
    gain: scaled(gains, gain),
    shift: scaled(shift, gain),
    qkv: qkv.map(linear),
    up: linear(up),
    down: linear(down),
  }
  return { size, weights, batch: randomBatch(size, next) }
}

/** Every tensor of one layer (exercise.ts), in the backend that is given. */
export async function runAll(
  kernels: Kernels,
  { size, weights, batch }: ReturnType<typeof caseOf>,
): Promise<Exercise<Float32Array>> {
  return readTensors(kernels, runLayer(kernels, await loadLayer(kernels, weights, size.H), batch))
}

/** The names of the tensors that are not the same, bit for bit. */
export function differing(a: Exercise<Float32Array>, b: Exercise<Float32Array>): string[] {
  const bytes = (array: Float32Array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)
  return TENSORS.filter(name => !bytes(a[name]).equals(bytes(b[name])))
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
    randomBatch({ lengths: [1] }, () => 0),
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
