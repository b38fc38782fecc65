/** Encodings → {@link PackedBatch}: sequences are laid back to back, so that nothing is padded and nothing is masked. */
import type { PackedBatch } from '../kernels/kernels.ts'
import { OptionError } from '../errors.ts'
import type { BertConfig } from './config.ts'
import { guarded, show, tagOf, UNREADABLE } from '../values.ts'

/** The part of an encoding that {@link packBatch} uses: ids and token types of one sequence, special tokens included. */
export interface Sequence {
  readonly ids: ArrayLike<number>
  readonly typeIds: ArrayLike<number>
}

/**
 * Lays B sequences back to back: T tokens in all. Rows `starts[b]` … `starts[b+1]−1` of every result belong to sequence b.
 *
 * @throws OptionError `OPTION_BATCH` if a sequence is not two lists of whole numbers, ids and as many typeIds
 */
export function packBatch(sequences: readonly Sequence[]): PackedBatch {
  return guarded(
    () => pack(sequences),
    () => wrong('sequences', 'a list of { ids, typeIds }', UNREADABLE),
  )
}

function pack(sequences: readonly Sequence[]): PackedBatch {
  const given: unknown = sequences
  if (!Array.isArray(given)) throw wrong('sequences', 'a list of { ids, typeIds }', given)
  const lengths = sequences.map(({ ids, typeIds }, b) => {
    const [length, other] = [ids, typeIds].map(list => (list as typeof list | undefined)?.length)
    if (length === undefined) throw wrong(`ids of sequence ${b}`, 'a list of numbers', typeof ids)
    if (other !== length) throw wrong(`typeIds of sequence ${b}`, `${length} values, as many as ids`, other ?? 'none')
    return length
  })
  const starts = new Int32Array(sequences.length + 1) // [B+1]
  for (const [b, length] of lengths.entries()) starts[b + 1] = starts[b]! + length
  const T = starts.at(-1)!
  const batch = { ids: new Int32Array(T), typeIds: new Int32Array(T), positions: new Int32Array(T), starts }
  for (const [b, { ids, typeIds }] of sequences.entries()) {
    const [start, end] = [starts[b]!, starts[b + 1]!]
    copy(ids, batch.ids.subarray(start, end), `ids of sequence ${b}`)
    copy(typeIds, batch.typeIds.subarray(start, end), `typeIds of sequence ${b}`)
    for (let i = 0; i < end - start; i++) batch.positions[start + i] = i
  }
  return batch
}

/** Copies number by number: a typed array would round or wrap whatever is put into it. */
function copy(values: ArrayLike<number>, into: Int32Array, subject: string): void {
  for (let i = 0; i < into.length; i++) {
    const value: unknown = values[i]
    if (typeof value !== 'number' || (value | 0) !== value)
      throw wrong(`${subject}, [${i}]`, 'a whole number', show(value))
    into[i] = value
  }
}

/** Cuts a batch, between sequences, into batches of at most `maxTokens` tokens (a longer sequence is one by itself). */
export function* splitBatch(batch: PackedBatch, maxTokens: number): Generator<PackedBatch> {
  const starts = [...batch.starts]
  for (let first = 0; first + 1 < starts.length;) {
    const start = starts[first]!
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
 * Checks every index of a batch, once: kernels trust it.
 *
 * @throws OptionError `OPTION_BATCH` if it is no batch, or with the first token that does not fit the model
 */
export function checkBatch(batch: PackedBatch, config: BertConfig): void {
  guarded(
    () => {
      check(batch, config)
    },
    () => wrong('what was given', 'a batch of packBatch', UNREADABLE),
  )
}

function check(batch: PackedBatch, config: BertConfig): void {
  for (const name of ['ids', 'typeIds', 'positions', 'starts'] as const) {
    const values: unknown = (batch as PackedBatch | undefined)?.[name]
    if (!ArrayBuffer.isView(values) || tagOf(values) !== 'Int32Array') throw wrong(name, 'an Int32Array', typeof values)
  }
  const { ids, typeIds, positions, starts } = batch
  const T = ids.length
  if (typeIds.length !== T) throw wrong('typeIds', `${T} values, as many as ids`, typeIds.length)
  if (positions.length !== T) throw wrong('positions', `${T} values, as many as ids`, positions.length)
  if (starts[0] !== 0 || starts.at(-1) !== T)
    throw wrong('starts', `0 first and ${T} last`, `${starts[0]} and ${starts.at(-1)}`)
  for (let b = 0; b + 1 < starts.length; b++) {
    const length = starts[b + 1]! - starts[b]!
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
    found: typeof found === 'string' && found !== '' ? found : show(found),
    nextStep: "Use packBatch on what this model's tokenizer gives.",
  })
}
