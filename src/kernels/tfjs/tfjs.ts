/**
 * The kernels on @tensorflow/tfjs-core, for any of its devices. On wasm the fast path is XNNPACK. tfjs takes it only
 * for 2-D products of matrices that are not transposed. So weights are transposed once, at load, and the batch is flat.
 *
 * Two things are done here and not by tfjs. Looking rows up: tf.gather is scalar code, and its table would be float32.
 * And erf: see gelu.ts.
 */
import type { Tensor as TfTensor, Tensor1D, Tensor2D, TensorContainer } from '@tensorflow/tfjs-core'
import { BackendError } from '../../errors.ts'
import type {
  EmbeddingTables,
  Kernels,
  LinearPart,
  LinearWeights,
  NormWeights,
  PackedBatch,
  StoredTensor,
  Tensor,
} from '../kernels.ts'
import { embed, storedTable, type StoredTable } from '../tables.ts'
import { decode } from '../stored.ts'
import { attention } from './attention.ts'
import { gelu } from './gelu.ts'
import { loadTf, type Tf, type TfPackages } from './tf.ts'

interface Linear extends LinearWeights {
  readonly weight: Tensor2D // [inputs, outputs], transposed
  readonly bias: Tensor1D // [outputs]
}

interface Norm extends NormWeights {
  readonly weight: Tensor1D // [width]
  readonly bias: Tensor1D // [width]
}

/** A WebAssembly memory ends at 4 GiB. The rest is for activations: BERT-large makes 0.9 GiB of them for 4,096 tokens. */
const WASM_BYTES = 3 * 2 ** 30

export class TfjsKernels implements Kernels {
  readonly name = 'tfjs'
  readonly #tf: Tf
  readonly #device: string
  readonly #weights: TfTensor[] = []
  /** Bytes of XNNPACK's own copies of the weights, which tf.memory() does not count. */
  #packedBytes = 0

  private constructor(tf: Tf, device: string) {
    this.#tf = tf
    this.#device = device
  }

  /** See {@link loadTf}. */
  static async load(packages: TfPackages, device = 'wasm', wasm?: string): Promise<TfjsKernels> {
    return new TfjsKernels(await loadTf(packages, device, wasm), device)
  }

  linearWeights(parts: readonly LinearPart[]): Promise<Linear> {
    const [, inputs = 0] = parts[0]?.weight.shape ?? []
    const outputs = parts.reduce((sum, { bias }) => sum + (bias.shape[0] ?? 0), 0)
    this.#reserve(2 * 4 * inputs * outputs) // the matrix, and XNNPACK's own arrangement of it
    const weight = new Float32Array(inputs * outputs) // [inputs, outputs]
    this.#packedBytes += 4 * inputs * outputs
    const bias = new Float32Array(outputs)
    let column = 0
    for (const part of parts) {
      const rows = part.bias.shape[0] ?? 0
      transposeInto(decode(part.weight), rows, inputs, weight.subarray(column), outputs)
      bias.set(decode(part.bias), column)
      column += rows
    }
    return Promise.resolve({
      inputs,
      outputs,
      weight: this.#keep(tf => tf.tensor2d(weight, [inputs, outputs])),
      bias: this.#keep(tf => tf.tensor1d(bias)),
    })
  }

  embeddingWeights(table: StoredTensor): Promise<StoredTable> {
    return Promise.resolve(storedTable(table))
  }

  normWeights(weight: StoredTensor, bias: StoredTensor, epsilon: number): Promise<Norm> {
    return Promise.resolve({
      width: weight.shape[0] ?? 0,
      epsilon,
      weight: this.#keep(tf => tf.tensor1d(decode(weight))),
      bias: this.#keep(tf => tf.tensor1d(decode(bias))),
    })
  }

  embed(batch: PackedBatch, tables: EmbeddingTables, norm: Norm): Tensor2D {
    const C = norm.width
    return this.#run(tf => this.#layerNorm(tf.tensor2d(embed(batch, tables, C), [batch.ids.length, C]), norm))
  }

  linear(x: Tensor2D, { weight, bias }: Linear): Tensor2D {
    return this.#run(tf => tf.fused.matMul({ a: x, b: weight, bias }) as Tensor2D)
  }

  linearGelu(x: Tensor2D, weights: Linear): Tensor2D {
    return this.#run(tf => gelu(tf, this.linear(x, weights)))
  }

  attention(qkv: Tensor2D, starts: Int32Array, heads: number): Tensor2D {
    this.#reserve(3 * 4 * heads * Math.max(...lengthsOf(starts)) ** 2)
    return this.#run(tf => attention(tf, qkv, starts, heads))
  }

  addLayerNorm(x: Tensor2D, residual: Tensor2D, norm: Norm): Tensor2D {
    return this.#run(tf => this.#layerNorm(tf.add(x, residual), norm))
  }

  scope<R extends Tensor | readonly Tensor[]>(body: () => R): R {
    return this.#run(() => body() as unknown as TensorContainer) as unknown as R
  }

  async read(tensor: Tensor2D): Promise<Float32Array> {
    return (await tensor.data()) as Float32Array
  }

  free(tensor: Tensor2D): void {
    tensor.dispose()
  }

  /** Frees every weight, so tf.memory() is what it was. The heap of tfjs-wasm never shrinks, but is used again. */
  dispose(): Promise<void> {
    for (const weight of this.#weights.splice(0)) weight.dispose()
    return Promise.resolve()
  }

  /** x: [T, C] → [T, C] */
  #layerNorm(x: Tensor2D, { weight, bias, epsilon }: Norm): Tensor2D {
    const tf = this.#tf
    const centred = tf.sub(x, tf.mean<Tensor2D>(x, -1, true)) // [T, C]
    const variance = tf.mean<Tensor2D>(tf.square(centred), -1, true) // [T, 1]
    const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))) // [T, C]
    return tf.add<Tensor2D>(tf.mul(normal, weight), bias)
  }

  #keep<T extends TfTensor>(make: (tf: Tf) => T): T {
    const tensor = this.#run(make)
    this.#weights.push(tensor)
    return tensor
  }

  /** Throws before an allocation that does not fit. tfjs-wasm does not check malloc: at its limit it would write over weights. */
  #reserve(bytes: number): void {
    const used = this.#tf.memory().numBytes + this.#packedBytes
    if (this.#device !== 'wasm' || used + bytes <= WASM_BYTES) return
    const MiB = 2 ** 20
    throw new BackendError({
      code: 'BACKEND_MEMORY',
      subject: 'memory of tfjs on device wasm',
      expected: `at most ${WASM_BYTES / MiB} MiB`,
      found: `${Math.ceil((used + bytes) / MiB)} MiB`,
      nextStep: 'Dispose of models that are no longer used, or take a smaller model or shorter sequences.',
    })
  }

  /**
   * Runs `body` on our device, then frees all that it made except its result. tfjs has one active device for the whole page, so ours
   * takes its place for the time. setBackend's promise can be ignored: on an initialised device its work is done when it returns.
   */
  #run<R extends TensorContainer>(body: (tf: Tf) => R): R {
    const tf = this.#tf
    const active = tf.getBackend()
    if (active === this.#device) return tf.tidy(() => body(tf))
    void tf.setBackend(this.#device)
    try {
      return tf.tidy(() => body(tf))
    } finally {
      if (active) void tf.setBackend(active)
    }
  }
}

/** starts: [B+1] → the lengths of the sequences: [B] */
function lengthsOf(starts: Int32Array): number[] {
  return Array.from(starts.subarray(1), (end, b) => end - starts[b]!)
}

/** matrix: [rows, columns] → into[c · stride + r]. In tiles of 32 × 32, so neither side jumps through memory. */
function transposeInto(matrix: Float32Array, rows: number, columns: number, into: Float32Array, stride: number): void {
  for (let r0 = 0; r0 < rows; r0 += 32) {
    const r1 = Math.min(r0 + 32, rows)
    for (let c0 = 0; c0 < columns; c0 += 32) {
      const c1 = Math.min(c0 + 32, columns)
      for (let r = r0; r < r1; r++) for (let c = c0; c < c1; c++) into[c * stride + r] = matrix[r * columns + c]!
    }
  }
}
