/**
 * The interface of a backend: the six operations that BERT needs. src/layers is written once, against it.
 * `naive` is the definition of each operation; `tfjs` and `simd` are the same operations made fast.
 *
 * Dimensions (B, T, n, C, H, D, F, L, V, K, N, R) are explained in src/layers/bert.ts.
 */
import type { RunningDType } from './options.ts'

/**
 * Sequences back to back, without padding and without a mask. Positions restart with each sequence, and attention runs inside
 * each. So no work is wasted, and batching cannot change an answer.
 */
export interface PackedBatch {
  readonly ids: Int32Array // [T]
  readonly typeIds: Int32Array // [T]
  readonly positions: Int32Array // [T], 0 … length−1 in each sequence
  readonly starts: Int32Array // [B+1], sequence b is tokens starts[b] … starts[b+1]−1
}

/** A weight in the type that its file stores, checked but not converted. `name` is its key in the checkpoint, for messages. */
export type StoredTensor = { readonly name: string; readonly shape: readonly number[] } & (
  | { readonly stored: 'F32'; readonly data: Float32Array }
  /** Bit patterns of 16-bit floats. */
  | { readonly stored: 'F16'; readonly data: Uint16Array }
  | { readonly stored: 'BF16'; readonly data: Uint16Array }
  /** int8 per output channel: value = data · scale[row]. scale: [shape[0]] */
  | { readonly stored: 'I8'; readonly data: Int8Array; readonly scale: Float32Array }
)

/** A handle to a matrix or vector that lives in the backend. Row-major. */
export interface Tensor {
  readonly shape: readonly number[]
}

/** Weights y = x·Wᵀ + b, prepared by a backend. W: [outputs, inputs] as PyTorch stores nn.Linear. */
export interface LinearWeights {
  readonly inputs: number
  readonly outputs: number
}

/** A table to look rows up in, prepared by a backend. [rows, width] */
export interface EmbeddingWeights {
  readonly rows: number
  readonly width: number
}

/** Scale and shift of a layer normalisation, prepared by a backend. [width] each */
export interface NormWeights {
  readonly width: number
  readonly epsilon: number
}

/** The weight and bias of one nn.Linear. Several parts are stacked by rows into one product: Q, K and V become one. */
export interface LinearPart {
  readonly weight: StoredTensor // [outputs, inputs]
  readonly bias: StoredTensor // [outputs]
}

/** The three tables of BERT's input (Devlin 2018 §3, figure 2). */
export interface EmbeddingTables {
  readonly word: EmbeddingWeights // [V, C]
  readonly position: EmbeddingWeights // [positions, C]
  readonly tokenType: EmbeddingWeights // [types, C]
}

/**
 * A backend. Operations on tensors are synchronous and may only enqueue; {@link read} is the only wait. So no layer can tell
 * whether it runs on this thread, on several, or on a GPU. Preparing weights is asynchronous: a backend copies what it keeps
 * before its promise resolves, and the caller can drop each tensor before it reads the next.
 */
export interface Kernels {
  readonly name: string
  /** Where it computes: `wasm`, `cpu`, or the device of tfjs. */
  readonly device: string
  /** The arithmetic of the linear layers that were loaded last. */
  readonly dtype: RunningDType
  /** The number of threads that compute. */
  readonly threads: number

  linearWeights(parts: readonly LinearPart[]): Promise<LinearWeights>
  embeddingWeights(table: StoredTensor): Promise<EmbeddingWeights>
  normWeights(weight: StoredTensor, bias: StoredTensor, epsilon: number): Promise<NormWeights>

  /** LayerNorm(word[ids] + tokenType[typeIds] + position[positions]), summed in this order → [T, C] */
  embed(batch: PackedBatch, tables: EmbeddingTables, norm: NormWeights): Tensor
  /** x·Wᵀ + b: [T, inputs] → [T, outputs] */
  linear(x: Tensor, weights: LinearWeights): Tensor
  /** GELU(x·Wᵀ + b) with the exact, erf form of GELU (Hendrycks 2016): [T, inputs] → [T, outputs] */
  linearGelu(x: Tensor, weights: LinearWeights): Tensor
  /** softmax(Q·Kᵀ/√D)·V per head and per sequence (Vaswani 2017 §3.2). qkv: [T, 3·C], Q then K then V → [T, C] */
  attention(qkv: Tensor, starts: Int32Array, heads: number): Tensor
  /** LayerNorm(x + residual) (Ba 2016): [T, C] */
  addLayerNorm(x: Tensor, residual: Tensor, norm: NormWeights): Tensor

  /** Runs `body`, then frees every tensor that was made inside, except those that it returns. */
  scope<R extends Tensor | readonly Tensor[]>(body: () => R): R
  /** The values of a tensor, row-major. Rejects with a coded error if the backend failed. Does not free. */
  read(tensor: Tensor): Promise<Float32Array>
  free(tensor: Tensor): void
  /** Frees every weight and tensor. Each backend says how much memory goes back to the system. */
  dispose(): Promise<void>
}
