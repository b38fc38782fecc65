/**
 * Self-attention with its residual connection (Vaswani 2017 §3.2): each token looks at all tokens of its sequence and
 * takes from them what it needs.
 *
 *   Q, K, V = x·Wqᵀ + bq,  x·Wkᵀ + bk,  x·Wvᵀ + bv
 *   context = softmax(Q·Kᵀ / √D) · V                     in each of H heads
 *   out     = LayerNorm(context·Woᵀ + bo + x)
 *
 * The normalisation comes after the sum ("post-norm"), as in the first transformer; most later ones put it before.
 */
import { BackendError } from '../errors.ts'
import type { Kernels, LinearWeights, NormWeights, PackedBatch, Tensor } from '../kernels/kernels.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { BertConfig } from './config.ts'

export class SelfAttention {
  readonly #kernels: Kernels
  readonly heads: number
  readonly qkv: LinearWeights // [3·C, C]: three matrices, one product
  readonly output: LinearWeights // [C, C]
  readonly norm: NormWeights // [C]

  private constructor(kernels: Kernels, heads: number, qkv: LinearWeights, output: LinearWeights, norm: NormWeights) {
    this.#kernels = kernels
    this.heads = heads
    this.qkv = qkv
    this.output = output
    this.norm = norm
  }

  /** `key`: `bert.encoder.layer.0.attention` */
  static async load(kernels: Kernels, checkpoint: Checkpoint, key: string, config: BertConfig): Promise<SelfAttention> {
    const qkv = await checkpoint.linear(kernels, `${key}.self.query`, `${key}.self.key`, `${key}.self.value`)
    const output = await checkpoint.linear(kernels, `${key}.output.dense`)
    const norm = await checkpoint.norm(kernels, `${key}.output.LayerNorm`, config)
    return new SelfAttention(kernels, config.numAttentionHeads, qkv, output, norm)
  }

  /** x: [T, C] → [T, C], all sequences of the batch back to back, so no padding and no mask exist. */
  forward(x: Tensor, batch: PackedBatch): Tensor {
    const qkv = this.#kernels.linear(x, this.qkv) // [T, 3·C]
    const context = this.#kernels.attention(qkv, batch.starts, this.heads) // [T, C]
    const projected = this.#kernels.linear(context, this.output) // [T, C]
    return this.#kernels.addLayerNorm(projected, x, this.norm) // [T, C]
  }

  /** The weights that {@link forward} gives each token to look at: see Kernels.attentionProbabilities. */
  probabilities(x: Tensor, batch: PackedBatch): Tensor {
    const kernels = this.#kernels
    if (!kernels.attentionProbabilities) {
      throw new BackendError({
        code: 'BACKEND_NO_TRACE',
        subject: `trace on backend ${kernels.name}`,
        expected: 'a backend that stores attention probabilities',
        found: 'one that never does, to be fast',
        nextStep: "Load the model with backend: 'naive' or 'tfjs' to look inside.",
      })
    }
    const qkv = kernels.linear(x, this.qkv) // [T, 3·C]
    return kernels.attentionProbabilities(qkv, batch.starts, this.heads) // [Σ H·n²]
  }
}
