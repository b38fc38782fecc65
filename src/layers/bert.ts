/**
 * BERT with a token classification head (Devlin 2018) on one page: ids in, one row of logits per token out.
 *
 *   ids ─ Embedding ─► [T, C] ─ Encoder: { SelfAttention, FeedForward } × layers ─► [T, C] ─ classifier ─► [T, L]
 *
 * Dimensions, as every file here names them:
 *
 *   B  sequences in a batch         T  tokens in a batch, all sequences together    n  tokens in one sequence
 *   C  hidden size, C = H·D         H  heads of attention                           D  size of a head
 *   F  feed-forward size            L  labels                                       V  words in the vocabulary
 *   K  inputs of a linear layer     N  its outputs: W is [N, K]                     R  rows that a fast kernel takes at once
 *
 * A class is one module of the paper. `load` asks for its weights by their keys in the checkpoint, and nothing else in this
 * repository spells these keys. `forward` is its equation, written in the operations of {@link Kernels}, which only record
 * or compute: no layer knows whether it runs on this thread, on several, or on a GPU.
 */
import type { EmbeddingTables, Kernels, LinearWeights, NormWeights, PackedBatch, Tensor } from '../kernels/kernels.ts'
import type { BertConfig } from './config.ts'
import type { Weights } from './weights.ts'

/**
 * The input of BERT (Devlin 2018 §3, figure 2): three learned vectors, added up. They say what the token is, where it
 * stands, and which segment it belongs to. Without the position, attention would take a sentence for a set of words.
 *
 *   x = LayerNorm(word[id] + tokenType[type] + position[i])
 */
export class Embedding {
  readonly tables: EmbeddingTables
  readonly norm: NormWeights // [C]

  private constructor(tables: EmbeddingTables, norm: NormWeights) {
    this.tables = tables
    this.norm = norm
  }

  static async load(weights: Weights, config: BertConfig): Promise<Embedding> {
    const { hiddenSize: C, vocabSize: V, maxPositionEmbeddings, typeVocabSize } = config
    const key = 'bert.embeddings'
    const tables: EmbeddingTables = {
      word: await weights.table(`${key}.word_embeddings`, V, C),
      position: await weights.table(`${key}.position_embeddings`, maxPositionEmbeddings, C),
      tokenType: await weights.table(`${key}.token_type_embeddings`, typeVocabSize, C),
    }
    return new Embedding(tables, await weights.norm(`${key}.LayerNorm`, C, config.layerNormEps))
  }

  /** → [T, C] */
  forward(kernels: Kernels, batch: PackedBatch): Tensor {
    return kernels.embed(batch, this.tables, this.norm)
  }
}

/**
 * Self-attention with its residual connection (Vaswani 2017 §3.2): each token looks at all tokens of its sequence and
 * takes from them what it needs.
 *
 *   Q, K, V = x·Wqᵀ + bq,  x·Wkᵀ + bk,  x·Wvᵀ + bv
 *   context = softmax(Q·Kᵀ / √D) · V                     in each of H heads
 *   out     = LayerNorm(context·Woᵀ + bo + x)
 *
 * √D keeps the softmax soft. Q·K sums D products, so if the entries of Q and K have variance 1, it has variance D.
 * Undivided, a wide head would put all its weight on one token, and there the gradient of the softmax vanishes.
 *
 * The normalisation comes after the sum ("post-norm"), as in the first transformer. Most later models normalise x before
 * the sublayer and leave the sum alone ("pre-norm"), which trains more easily when deep. The weights decide: these were
 * trained with post-norm, so that is what has to be computed.
 */
export class SelfAttention {
  readonly heads: number
  readonly qkv: LinearWeights // [3·C, C]: three matrices, one product
  readonly output: LinearWeights // [C, C]
  readonly norm: NormWeights // [C]

  private constructor(heads: number, qkv: LinearWeights, output: LinearWeights, norm: NormWeights) {
    this.heads = heads
    this.qkv = qkv
    this.output = output
    this.norm = norm
  }

  /** `key`: `bert.encoder.layer.0.attention` */
  static async load(weights: Weights, key: string, config: BertConfig): Promise<SelfAttention> {
    const { hiddenSize: C, numAttentionHeads: H, layerNormEps } = config
    const qkv = await weights.linear([`${key}.self.query`, `${key}.self.key`, `${key}.self.value`], C, C)
    const output = await weights.linear([`${key}.output.dense`], C, C)
    return new SelfAttention(H, qkv, output, await weights.norm(`${key}.output.LayerNorm`, C, layerNormEps))
  }

  /** x: [T, C] → [T, C]. The sequences lie back to back and attention stays inside each, so no padding and no mask exist. */
  forward(kernels: Kernels, x: Tensor, starts: Int32Array, trace?: TraceTensors): Tensor {
    const qkv = kernels.linear(x, this.qkv) // [T, 3·C]
    trace?.qkv.push(qkv)
    const context = kernels.attention(qkv, starts, this.heads) // [T, C]
    const projected = kernels.linear(context, this.output) // [T, C]
    return kernels.addLayerNorm(projected, x, this.norm) // [T, C]
  }
}

/**
 * The feed-forward network with its residual connection (Vaswani 2017 §3.3): each token by itself, through a wider layer
 * and back.
 *
 *   out = LayerNorm(GELU(x·W1ᵀ + b1)·W2ᵀ + b2 + x)          W1: [F, C], W2: [C, F], F = 4·C as a rule
 *
 * Without GELU the two matrices would be one: a product of linear maps is a linear map, however many there are.
 */
export class FeedForward {
  readonly intermediate: LinearWeights // [F, C]
  readonly output: LinearWeights // [C, F]
  readonly norm: NormWeights // [C]

  private constructor(intermediate: LinearWeights, output: LinearWeights, norm: NormWeights) {
    this.intermediate = intermediate
    this.output = output
    this.norm = norm
  }

  /** `key`: `bert.encoder.layer.0` */
  static async load(weights: Weights, key: string, config: BertConfig): Promise<FeedForward> {
    const { hiddenSize: C, intermediateSize: F, layerNormEps } = config
    const intermediate = await weights.linear([`${key}.intermediate.dense`], F, C)
    const output = await weights.linear([`${key}.output.dense`], C, F)
    return new FeedForward(intermediate, output, await weights.norm(`${key}.output.LayerNorm`, C, layerNormEps))
  }

  /** x: [T, C] → [T, C] */
  forward(kernels: Kernels, x: Tensor): Tensor {
    const wide = kernels.linearGelu(x, this.intermediate) // [T, F]
    const narrow = kernels.linear(wide, this.output) // [T, C]
    return kernels.addLayerNorm(narrow, x, this.norm) // [T, C]
  }
}

/** One layer of the encoder: tokens look at each other, then each thinks about what it saw. */
export interface EncoderLayer {
  readonly attention: SelfAttention
  readonly feedForward: FeedForward
}

/** The encoder (Vaswani 2017 §3.1, left half of figure 1): the same layer again and again, each with weights of its own. */
export class Encoder {
  readonly layers: readonly EncoderLayer[]

  private constructor(layers: readonly EncoderLayer[]) {
    this.layers = layers
  }

  static async load(weights: Weights, config: BertConfig): Promise<Encoder> {
    const layers: EncoderLayer[] = []
    for (let i = 0; i < config.numHiddenLayers; i++) {
      const key = `bert.encoder.layer.${i}`
      const attention = await SelfAttention.load(weights, `${key}.attention`, config)
      layers.push({ attention, feedForward: await FeedForward.load(weights, key, config) })
    }
    return new Encoder(layers)
  }

  /** x: [T, C] → [T, C] */
  forward(kernels: Kernels, x: Tensor, starts: Int32Array, trace?: TraceTensors): Tensor {
    trace?.hiddenStates.push(x)
    for (const { attention, feedForward } of this.layers) {
      const input = x
      // The scope frees what a layer makes on its way, but for its result and what a trace keeps.
      ;[x] = kernels.scope(() => {
        const attended = attention.forward(kernels, input, starts, trace) // [T, C]
        return [feedForward.forward(kernels, attended), ...(trace?.qkv.slice(-1) ?? [])] as const
      })
      trace?.hiddenStates.push(x)
    }
    return x
  }
}

/** The tensors that a traced forward pass keeps, for those who want to look inside. */
export interface TraceTensors {
  readonly hiddenStates: Tensor[] // layers + 1 of [T, C]
  readonly qkv: Tensor[] // layers of [T, 3·C]
}

/** The whole model. */
export class Bert {
  readonly embedding: Embedding
  readonly encoder: Encoder
  /** The classification head (Devlin 2018 §4 and §5.3): one linear layer, over every token's last hidden state. */
  readonly classifier: LinearWeights // [L, C]

  private constructor(embedding: Embedding, encoder: Encoder, classifier: LinearWeights) {
    this.embedding = embedding
    this.encoder = encoder
    this.classifier = classifier
  }

  static async load(weights: Weights, config: BertConfig): Promise<Bert> {
    const embedding = await Embedding.load(weights, config)
    const encoder = await Encoder.load(weights, config)
    return new Bert(embedding, encoder, await weights.linear(['classifier'], config.labels.length, config.hiddenSize))
  }

  /** → logits, [T, L]: not yet probabilities. Call it in a scope, which frees what is made on the way. */
  forward(kernels: Kernels, batch: PackedBatch, trace?: TraceTensors): Tensor {
    const embedded = this.embedding.forward(kernels, batch) // [T, C]
    const encoded = this.encoder.forward(kernels, embedded, batch.starts, trace) // [T, C]
    return this.classify(kernels, encoded) // [T, L]
  }

  /** x: [T, C] → [T, L] */
  classify(kernels: Kernels, x: Tensor): Tensor {
    return kernels.linear(x, this.classifier)
  }
}
