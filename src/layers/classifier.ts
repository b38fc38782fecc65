/**
 * The token classification head (Devlin 2018 §4 and §5.3): one linear layer, over every token's last hidden state.
 *
 *   logits = x·Wᵀ + b          W: [L, C]
 */
import type { Kernels, LinearWeights, Tensor } from '../kernels/kernels.ts'
import type { Checkpoint } from './checkpoint.ts'

export class Classifier {
  readonly #kernels: Kernels
  readonly classifier: LinearWeights // [L, C]

  private constructor(kernels: Kernels, classifier: LinearWeights) {
    this.#kernels = kernels
    this.classifier = classifier
  }

  static async load(kernels: Kernels, checkpoint: Checkpoint): Promise<Classifier> {
    return new Classifier(kernels, await checkpoint.linear(kernels, 'classifier'))
  }

  /** x: [T, C] → [T, L] */
  forward(x: Tensor): Tensor {
    return this.#kernels.linear(x, this.classifier)
  }
}
