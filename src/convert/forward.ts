/**
 * One sentence through a model that is never held whole: a layer's weights are read, used, and dropped before the next. Plain
 * loops in float32 compute, whatever the file stores, so the answer is the same on every machine up to rounding.
 */
import { NaiveKernels } from '../kernels/naive/naive.ts'
import type { EmbeddingWeights, Kernels, LinearWeights, NormWeights, PackedBatch } from '../kernels/kernels.ts'
import { packBatch, type Sequence } from '../layers/batch.ts'
import { Embedding, FeedForward, SelfAttention } from '../layers/bert.ts'
import type { BertConfig } from '../layers/config.ts'
import { openWeights } from '../layers/token-classifier.ts'
import type { Checkpoint, Weights } from '../layers/weights.ts'
import type { OpenSafetensors } from '../safetensors/reader.ts'

/**
 * The logits of one sequence, [n, L].
 *
 * @throws CheckpointError `CHECKPOINT_KEYS`; what the file rejects with
 */
export async function logitsOf(file: OpenSafetensors, config: BertConfig, sequence: Sequence): Promise<Float32Array> {
  const kernels: Kernels = new NaiveKernels()
  const checkpoint = await openWeights(kernels, file, config)
  const rows = new RowReader(kernels, checkpoint, sequence)
  const { numHiddenLayers } = config
  const { starts } = rows.batch
  let x = (await Embedding.load(rows, config)).forward(kernels, rows.batch) // [n, C]
  for (let i = 0; i < numHiddenLayers; i++) {
    const key = `bert.encoder.layer.${i}`
    const attention = await SelfAttention.load(rows, `${key}.attention`, config)
    const attended = attention.forward(kernels, x, starts) // [n, C]
    x = (await FeedForward.load(rows, key, config)).forward(kernels, attended) // [n, C]
  }
  const classifier = await rows.linear(['classifier'])
  return kernels.read(kernels.linear(x, classifier))
}

/** Reads of each table only the rows that a sequence looks up, and numbers these anew. */
class RowReader implements Weights {
  readonly batch: PackedBatch
  readonly #kernels: Kernels
  readonly #checkpoint: Checkpoint
  /** The rows of each table, in the order of their new numbers. */
  readonly #rows: ReadonlyMap<string, readonly number[]>

  constructor(kernels: Kernels, checkpoint: Checkpoint, sequence: Sequence) {
    const { ids, typeIds, positions, starts } = packBatch([sequence])
    const [words, types] = [[...new Set(ids)], [...new Set(typeIds)]]
    this.batch = {
      ids: ids.map(id => words.indexOf(id)),
      typeIds: typeIds.map(id => types.indexOf(id)),
      positions,
      starts,
    }
    this.#kernels = kernels
    this.#checkpoint = checkpoint
    this.#rows = new Map([
      ['bert.embeddings.word_embeddings', words],
      ['bert.embeddings.token_type_embeddings', types],
      ['bert.embeddings.position_embeddings', [...positions]],
    ])
  }

  async table(key: string, _rows: number, width: number): Promise<EmbeddingWeights> {
    const rows = this.#rows.get(key) ?? []
    const values = new Float32Array(rows.length * width)
    for (const [i, row] of rows.entries()) {
      values.set(await this.#checkpoint.readRows(`${key}.weight`, row, row + 1, width), i * width)
    }
    return this.#kernels.embeddingWeights({ name: key, shape: [rows.length, width], stored: 'F32', data: values })
  }

  linear(keys: readonly string[]): Promise<LinearWeights> {
    return this.#checkpoint.linear(keys)
  }

  norm(key: string, width: number, epsilon: number): Promise<NormWeights> {
    return this.#checkpoint.norm(key, width, epsilon)
  }
}
