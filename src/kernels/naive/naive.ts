/**
 * The definition of every kernel: plain loops over Float32Array. Slow, and right: a student reads them, and the other
 * backends are tested against them. Every sum over k, over tokens or over a row is float64 and is rounded to float32 once;
 * the embedding and the residual connection add two or three float32 numbers, as PyTorch does.
 *
 * A tensor is its values; the garbage collector frees it.
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
} from '../kernels.ts'
import { concatenate, decode } from '../stored.ts'
import { embed, storedTable, type StoredTable } from '../tables.ts'
import { attention } from './attention.ts'
import { gelu } from './gelu.ts'
import { layerNorm } from './layer-norm.ts'
import { linearByFours } from './linear.ts'

interface Matrix extends Tensor {
  readonly shape: readonly [rows: number, width: number]
  readonly values: Float32Array
}

interface Linear extends LinearWeights {
  readonly weight: Float32Array // [outputs, inputs]
  readonly bias: Float32Array // [outputs]
}

interface Norm extends NormWeights {
  readonly weight: Float32Array // [width]
  readonly bias: Float32Array // [width]
}

export class NaiveKernels implements Kernels {
  readonly name = 'naive'
  readonly device = 'cpu'
  readonly dtype = 'fp32'
  readonly threads = 1

  linearWeights(parts: readonly LinearPart[]): Promise<Linear> {
    const [, inputs = 0] = parts[0]?.weight.shape ?? []
    const weight = concatenate(parts.map(part => decode(part.weight)))
    const bias = concatenate(parts.map(part => decode(part.bias)))
    return Promise.resolve({ inputs, outputs: bias.length, weight, bias })
  }

  embeddingWeights(table: StoredTensor): Promise<StoredTable> {
    return Promise.resolve(storedTable(table))
  }

  normWeights(weight: StoredTensor, bias: StoredTensor, epsilon: number): Promise<Norm> {
    return Promise.resolve({ width: weight.shape[0] ?? 0, epsilon, weight: decode(weight), bias: decode(bias) })
  }

  embed(batch: PackedBatch, tables: EmbeddingTables, norm: Norm): Matrix {
    const C = norm.width
    return matrix(layerNorm(embed(batch, tables, C), norm.weight, norm.bias, norm.epsilon), C)
  }

  linear(x: Matrix, { weight, bias, inputs, outputs }: Linear): Matrix {
    return matrix(linearByFours(x.values, weight, bias, inputs), outputs)
  }

  linearGelu(x: Matrix, weights: Linear): Matrix {
    return matrix(this.linear(x, weights).values.map(gelu), weights.outputs)
  }

  attention(qkv: Matrix, starts: Int32Array, heads: number): Matrix {
    return matrix(attention(qkv.values, starts, heads), qkv.shape[1] / 3)
  }

  addLayerNorm(x: Matrix, residual: Matrix, { weight, bias, epsilon, width }: Norm): Matrix {
    const sum = x.values.map((value, i) => value + residual.values[i]!)
    return matrix(layerNorm(sum, weight, bias, epsilon), width)
  }

  scope<R extends Tensor | readonly Tensor[]>(body: () => R): R {
    return body()
  }

  read(tensor: Matrix): Promise<Float32Array> {
    return Promise.resolve(tensor.values.slice())
  }

  free(): void {
    // Nothing to do: a tensor is an ordinary object.
  }

  dispose(): Promise<void> {
    return Promise.resolve()
  }
}

function matrix(values: Float32Array, width: number): Matrix {
  return { shape: [values.length / width, width], values }
}
