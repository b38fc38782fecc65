/**
 * The input of BERT (Devlin 2018 §3, figure 2): what the token is, where it stands, and which segment it belongs to, as
 * three learned vectors added up.
 *
 *   x = LayerNorm(word[id] + position[i] + tokenType[type])
 */
import type { EmbeddingTables, Kernels, NormWeights, PackedBatch, Tensor } from '../kernels/kernels.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { BertConfig } from './config.ts'

export class Embedding {
  readonly #kernels: Kernels
  readonly tables: EmbeddingTables
  readonly norm: NormWeights // [C]

  private constructor(kernels: Kernels, tables: EmbeddingTables, norm: NormWeights) {
    this.#kernels = kernels
    this.tables = tables
    this.norm = norm
  }

  static async load(kernels: Kernels, checkpoint: Checkpoint, config: BertConfig): Promise<Embedding> {
    const table = async (name: string) =>
      kernels.embeddingWeights(await checkpoint.read(`bert.embeddings.${name}_embeddings.weight`))
    const tables: EmbeddingTables = {
      word: await table('word'), // [V, C]
      position: await table('position'), // [positions, C]
      tokenType: await table('token_type'), // [types, C]
    }
    const norm = await checkpoint.norm(kernels, 'bert.embeddings.LayerNorm', config)
    return new Embedding(kernels, tables, norm)
  }

  /** → [T, C] */
  forward(batch: PackedBatch): Tensor {
    return this.#kernels.embed(batch, this.tables, this.norm)
  }
}
