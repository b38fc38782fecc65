/**
 * Every operation of a backend once, on one layer with random weights: for those who check a backend or measure it.
 *
 *   embedded = embed(…)          qkv = embedded·Wᵀ + b             context = attention(qkv)
 *   activated = GELU(embedded·Wᵀ + b)     projected = activated·Wᵀ + b     normalised = LayerNorm(projected + embedded)
 *
 * Both branches begin at `embedded`, so an error in attention does not spread to the feed-forward layer.
 */
import type {
  EmbeddingTables,
  Kernels,
  LinearPart,
  LinearWeights,
  NormWeights,
  PackedBatch,
  StoredTensor,
  Tensor,
} from './kernels.ts'

export interface LayerSize {
  readonly C: number
  readonly H: number
  readonly F: number
  /** The lengths of the sequences of its batch. */
  readonly lengths: readonly number[]
  /** V. Default: 40. */
  readonly vocabulary?: number
}

export interface LayerWeights {
  readonly word: StoredTensor // [V, C]
  readonly position: StoredTensor // [longest, C]
  readonly type: StoredTensor // [2, C]
  readonly gain: StoredTensor // [C]
  readonly shift: StoredTensor // [C]
  readonly qkv: readonly LinearPart[] // 3 × [C, C]
  readonly up: LinearPart // [F, C]
  readonly down: LinearPart // [C, F]
}

const VOCABULARY = 40
export const TENSORS = ['embedded', 'qkv', 'context', 'activated', 'projected', 'normalised'] as const
export type Exercise<T> = Readonly<Record<(typeof TENSORS)[number], T>>

/** Numbers in −1 … 1, the same ones for the same seed (a linear congruential generator). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state / 2 ** 31
  }
}

export function randomFloats(next: () => number, shape: readonly number[], scale = 1) {
  const length = shape.reduce((product, size) => product * size, 1)
  const data = new Float32Array(length)
  for (let i = 0; i < length; i++) data[i] = next() * scale
  return { name: 'random', stored: 'F32', shape, data } as const satisfies StoredTensor
}

/** Weights of a size that keeps the size of activations. */
export function randomLinear(next: () => number, outputs: number, inputs: number): LinearPart {
  return { weight: randomFloats(next, [outputs, inputs], 2 / Math.sqrt(inputs)), bias: randomFloats(next, [outputs]) }
}

export function randomLayer({ C, F, lengths, vocabulary = VOCABULARY }: LayerSize, next: () => number): LayerWeights {
  const table = (rows: number) => randomFloats(next, [rows, C], 2 / Math.sqrt(C))
  return {
    word: table(vocabulary),
    position: table(Math.max(1, ...lengths)),
    type: table(2),
    gain: randomFloats(next, [C]),
    shift: randomFloats(next, [C]),
    qkv: [randomLinear(next, C, C), randomLinear(next, C, C), randomLinear(next, C, C)],
    up: randomLinear(next, F, C),
    down: randomLinear(next, C, F),
  }
}

export function randomBatch(
  { lengths, vocabulary = VOCABULARY }: Pick<LayerSize, 'lengths' | 'vocabulary'>,
  next: () => number,
): PackedBatch {
  const starts = Int32Array.of(0, ...lengths)
  for (let b = 1; b < starts.length; b++) starts[b]! += starts[b - 1]!
  const length = starts.at(-1) ?? 0
  return {
    ids: Int32Array.from({ length }, () => Math.floor(Math.abs(next()) * 0.999 * vocabulary)),
    typeIds: Int32Array.from({ length }, () => (next() > 0 ? 1 : 0)),
    positions: Int32Array.from(lengths.flatMap(n => Array.from({ length: n }, (_, i) => i))),
    starts,
  }
}

/** A layer whose weights a backend has prepared. */
export interface Layer {
  readonly heads: number
  readonly tables: EmbeddingTables
  readonly norm: NormWeights
  readonly qkv: LinearWeights
  readonly up: LinearWeights
  readonly down: LinearWeights
}

export async function loadLayer(kernels: Kernels, weights: LayerWeights, heads: number): Promise<Layer> {
  return {
    heads,
    tables: {
      word: await kernels.embeddingWeights(weights.word),
      position: await kernels.embeddingWeights(weights.position),
      tokenType: await kernels.embeddingWeights(weights.type),
    },
    norm: await kernels.normWeights(weights.gain, weights.shift, 1e-12),
    qkv: await kernels.linearWeights(weights.qkv),
    up: await kernels.linearWeights([weights.up]),
    down: await kernels.linearWeights([weights.down]),
  }
}

export function runLayer(kernels: Kernels, layer: Layer, batch: PackedBatch): Exercise<Tensor> {
  const embedded = kernels.embed(batch, layer.tables, layer.norm)
  const qkv = kernels.linear(embedded, layer.qkv)
  const context = kernels.attention(qkv, batch.starts, layer.heads)
  const activated = kernels.linearGelu(embedded, layer.up)
  const projected = kernels.linear(activated, layer.down)
  const normalised = kernels.addLayerNorm(projected, embedded, layer.norm)
  return { embedded, qkv, context, activated, projected, normalised }
}

/** Reads the tensors, then frees them. */
export async function readTensors(kernels: Kernels, tensors: Exercise<Tensor>): Promise<Exercise<Float32Array>> {
  const values: Partial<Record<keyof Exercise<Tensor>, Float32Array>> = {}
  for (const name of TENSORS) values[name] = (await kernels.read(tensors[name])).slice()
  for (const name of TENSORS) kernels.free(tensors[name])
  return values as Exercise<Float32Array>
}

/** max |a − b| as a share of max |a|, for each tensor. A NaN in only one of the two counts as infinite. */
export function differences(a: Exercise<Float32Array>, b: Exercise<Float32Array>): Exercise<number> {
  return Object.fromEntries(TENSORS.map(name => [name, largestDifference(a[name], b[name])])) as Exercise<number>
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity
  let difference = 0
  let magnitude = 0
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!]
    if (Number.isNaN(x) && Number.isNaN(y)) continue
    if (Number.isNaN(x) || Number.isNaN(y)) return Infinity
    difference = Math.max(difference, Math.abs(x - y))
    magnitude = Math.max(magnitude, Math.abs(x))
  }
  return difference === 0 ? 0 : difference / magnitude
}
