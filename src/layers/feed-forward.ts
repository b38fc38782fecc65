/**
 * The feed-forward network with its residual connection (Vaswani 2017 §3.3): each token by itself, through a wider layer
 * and back.
 *
 *   out = LayerNorm(GELU(x·W1ᵀ + b1)·W2ᵀ + b2 + x)          W1: [F, C], W2: [C, F], F = 4·C as a rule
 */
import type { Kernels, LinearWeights, NormWeights, Tensor } from '../kernels/kernels.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { BertConfig } from './config.ts'

export class FeedForward {
  readonly #kernels: Kernels
  readonly intermediate: LinearWeights // [F, C]
  readonly output: LinearWeights // [C, F]
  readonly norm: NormWeights // [C]

  private constructor(kernels: Kernels, intermediate: LinearWeights, output: LinearWeights, norm: NormWeights) {
    this.#kernels = kernels
    this.intermediate = intermediate
    this.output = output
    this.norm = norm
  }

  /** `key`: `bert.encoder.layer.0` */
  static async load(kernels: Kernels, checkpoint: Checkpoint, key: string, config: BertConfig): Promise<FeedForward> {
    const intermediate = await checkpoint.linear(kernels, `${key}.intermediate.dense`)
    const output = await checkpoint.linear(kernels, `${key}.output.dense`)
    const norm = await checkpoint.norm(kernels, `${key}.output.LayerNorm`, config)
    return new FeedForward(kernels, intermediate, output, norm)
  }

  /** x: [T, C] → [T, C] */
  forward(x: Tensor): Tensor {
    const wide = this.#kernels.linearGelu(x, this.intermediate) // [T, F]
    const narrow = this.#kernels.linear(wide, this.output) // [T, C]
    return this.#kernels.addLayerNorm(narrow, x, this.norm) // [T, C]
  }
}
