/** The encoder (Vaswani 2017 §3.1, left half of figure 1): the same layer again and again, each with weights of its own. */
import type { Kernels, PackedBatch, Tensor } from '../kernels/kernels.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { BertConfig } from './config.ts'
import { FeedForward } from './feed-forward.ts'
import { SelfAttention } from './self-attention.ts'

export class EncoderLayer {
  readonly attention: SelfAttention
  readonly feedForward: FeedForward

  private constructor(attention: SelfAttention, feedForward: FeedForward) {
    this.attention = attention
    this.feedForward = feedForward
  }

  /** `key`: `bert.encoder.layer.0` */
  static async load(kernels: Kernels, checkpoint: Checkpoint, key: string, config: BertConfig): Promise<EncoderLayer> {
    const attention = await SelfAttention.load(kernels, checkpoint, `${key}.attention`, config)
    return new EncoderLayer(attention, await FeedForward.load(kernels, checkpoint, key, config))
  }

  /** x: [T, C] → [T, C] */
  forward(x: Tensor, batch: PackedBatch): Tensor {
    return this.feedForward.forward(this.attention.forward(x, batch))
  }
}

export class Encoder {
  readonly #kernels: Kernels
  readonly layers: readonly EncoderLayer[]

  private constructor(kernels: Kernels, layers: readonly EncoderLayer[]) {
    this.#kernels = kernels
    this.layers = layers
  }

  static async load(kernels: Kernels, checkpoint: Checkpoint, config: BertConfig): Promise<Encoder> {
    const layers: EncoderLayer[] = []
    for (let i = 0; i < config.numHiddenLayers; i++) {
      layers.push(await EncoderLayer.load(kernels, checkpoint, `bert.encoder.layer.${i}`, config))
    }
    return new Encoder(kernels, layers)
  }

  /** x: [T, C] → [T, C]. `trace` collects what is between the layers, for those who want to see inside. */
  forward(x: Tensor, batch: PackedBatch, trace?: TraceTensors): Tensor {
    trace?.hiddenStates.push(x)
    for (const layer of this.layers) {
      const input = x
      trace?.attentionProbabilities.push(layer.attention.probabilities(input, batch))
      x = this.#kernels.scope(() => layer.forward(input, batch)) // [T, C]
      trace?.hiddenStates.push(x)
    }
    return x
  }
}

export interface TraceTensors {
  readonly hiddenStates: Tensor[] // layers + 1 of [T, C]
  readonly attentionProbabilities: Tensor[] // layers of [Σ H·n²]
}
