/** Encodings → {@link PackedBatch}: sequences are laid back to back, so that nothing is padded and nothing is masked. */
import type { PackedBatch } from '../kernels/kernels.ts'
import { OptionError } from '../errors.ts'
import type { BertConfig } from './config.ts'

/** What {@link packBatch} needs of an encoding: ids and token types of one sequence, special tokens included. */
export interface Sequence {
  readonly ids: ArrayLike<number>
  readonly typeIds: ArrayLike<number>
}

/** Lays B sequences back to back. Rows `starts[b]` … `starts[b+1]−1` of every result belong to sequence b. */
export function packBatch(sequences: readonly Sequence[]): PackedBatch {
  const starts = new Int32Array(sequences.length + 1) // [B+1]
  for (const [b, { ids }] of sequences.entries()) starts[b + 1] = (starts[b] ?? 0) + ids.length
  const T = starts.at(-1) ?? 0
  const batch = { ids: new Int32Array(T), typeIds: new Int32Array(T), positions: new Int32Array(T), starts }
  for (const [b, { ids, typeIds }] of sequences.entries()) {
    const start = starts[b] ?? 0
    if (typeIds.length !== ids.length) throw wrong(`typeIds of sequence ${b}`, `${ids.length} values`, typeIds.length)
    batch.ids.set(ids, start)
    batch.typeIds.set(typeIds, start)
    for (let i = 0; i < ids.length; i++) batch.positions[start + i] = i
  }
  return batch
}

/** Cuts a batch, between sequences, into batches of at most `maxTokens` tokens (a longer sequence is one by itself). */
export function* splitBatch(batch: PackedBatch, maxTokens: number): Generator<PackedBatch> {
  const starts = [...batch.starts]
  for (let first = 0; first + 1 < starts.length;) {
    const start = starts[first] ?? 0
    let last = first + 1
    while ((starts[last + 1] ?? Infinity) - start <= maxTokens) last++
    const end = starts[last]
    yield {
      ids: batch.ids.subarray(start, end),
      typeIds: batch.typeIds.subarray(start, end),
      positions: batch.positions.subarray(start, end),
      starts: Int32Array.from(starts.slice(first, last + 1), position => position - start),
    }
    first = last
  }
}

/**
 * Kernels trust their batch: every index is checked here, once.
 *
 * @throws OptionError `OPTION_BATCH` with the first token that does not fit the model
 */
export function checkBatch({ ids, typeIds, positions, starts }: PackedBatch, config: BertConfig): void {
  const T = ids.length
  if (typeIds.length !== T) throw wrong('typeIds', `${T} values, as many as ids`, typeIds.length)
  if (positions.length !== T) throw wrong('positions', `${T} values, as many as ids`, positions.length)
  if (starts[0] !== 0 || starts.at(-1) !== T) throw wrong('starts', `0 first and ${T} last`, starts.join(' '))
  for (let b = 0; b + 1 < starts.length; b++) {
    const length = (starts[b + 1] ?? 0) - (starts[b] ?? 0)
    if (length < 1) throw wrong(`sequence ${b}`, 'at least one token', length)
  }
  checkBelow(config.vocabSize, ids, 'ids')
  checkBelow(config.typeVocabSize, typeIds, 'typeIds')
  checkBelow(config.maxPositionEmbeddings, positions, 'positions')
}

function checkBelow(limit: number, values: Int32Array, name: string): void {
  const wrongAt = values.findIndex(value => value < 0 || value >= limit)
  if (wrongAt >= 0) throw wrong(`${name}[${wrongAt}]`, `a whole number from 0 to ${limit - 1}`, values[wrongAt])
}

function wrong(subject: string, expected: string, found: unknown): OptionError {
  return new OptionError({
    code: 'OPTION_BATCH',
    subject: `batch, ${subject}`,
    expected,
    found: String(found),
    nextStep: 'Use the tokenizer of this model, and cut longer texts into windows before packing them.',
  })
}
