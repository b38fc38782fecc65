/**
 * The proof that a converted file carries in its metadata, under `bert_ner_check`: one sentence's ids, the logits that the file
 * gives for it, and those of the model that it was made from. Whoever has the file can compute them again and compare.
 */
import { ConvertError } from '../errors.ts'
import { checkBatch, packBatch } from '../layers/batch.ts'
import type { BertConfig } from '../layers/config.ts'
import type { OpenSafetensors } from '../safetensors/reader.ts'
import { guarded, quote, UNREADABLE } from '../values.ts'
import { logitsOf } from './forward.ts'

export const PROOF_KEY = 'bert_ner_check'
/** Logits that differ by more are another answer: rounding in another order makes some 1e-5. */
export const TOLERANCE = 0.05
/** Characters of one number of a proof, with its comma: −1.2345678e−38 is the longest. */
const NUMBER_CHARACTERS = 16

export interface Proof {
  readonly text: string
  readonly ids: readonly number[]
  readonly typeIds: readonly number[]
  /** Of the file itself, [n, L], computed in float32. */
  readonly logits: readonly number[]
  /** Of the model that it was made from. */
  readonly sourceLogits: readonly number[]
}

export interface ProofResult {
  readonly text: string
  readonly tokens: number
  /** The largest difference of a logit from what the file said when it was written. */
  readonly difference: number
  /** The largest difference of a logit from the model that it was made from. */
  readonly sourceDifference: number
  /** Tokens whose likeliest label is another than with that model. */
  readonly changedLabels: number
  /** Whether the file gives what it gave, and no label is another on account of more than rounding. */
  readonly isGood: boolean
}

/** The entry of the metadata. Without logits: the room for them, as long as any. */
export function writeProof({
  text,
  ids,
  typeIds,
  logits,
  sourceLogits,
}: Omit<Proof, 'logits'> & { readonly logits?: readonly number[] }): string {
  // prettier-ignore
  const short = (values: readonly number[]) => values.map(value => Number(value.toPrecision(8)))
  const proof = {
    text,
    ids,
    type_ids: typeIds,
    logits: short(logits ?? []),
    source_logits: short(sourceLogits),
  }
  const json = JSON.stringify(proof)
  return logits ? json : json + ' '.repeat(sourceLogits.length * NUMBER_CHARACTERS)
}

/**
 * @throws ConvertError `CONVERT_NO_PROOF` for a file that has none, `CONVERT_PROOF` for one that does not fit the model
 */
export function readProof({ metadata }: OpenSafetensors, config: BertConfig): Proof {
  const json = metadata.get(PROOF_KEY)
  if (json === undefined) {
    const nextStep = 'bert-ner convert writes it: only files that it made can be checked in this way.'
    throw new ConvertError({
      code: 'CONVERT_NO_PROOF',
      subject: 'metadata',
      expected: PROOF_KEY,
      found: 'none',
      nextStep,
    })
  }
  return guarded(
    () => {
      const { text, ids, type_ids: typeIds, logits, source_logits: sourceLogits } = JSON.parse(json) as Record<string, unknown> // prettier-ignore
      if (typeof text !== 'string') throw wrong('a text', 'none')
      if (!isNumbers(ids) || !isNumbers(typeIds) || ids.length < 1) throw wrong('ids and type_ids', 'something else')
      checkBatch(packBatch([{ ids, typeIds }]), config)
      const count = ids.length * config.labels.length
      for (const list of [logits, sourceLogits]) {
        if (!isNumbers(list) || list.length !== count) throw wrong(`${count} logits, twice`, 'something else')
      }
      return { text, ids, typeIds, logits: logits as number[], sourceLogits: sourceLogits as number[] }
    },
    () => wrong('JSON', UNREADABLE),
  )
}

/** Computes the logits of a file's own proof again. */
export async function verifyProof(file: OpenSafetensors, config: BertConfig): Promise<ProofResult> {
  const proof = readProof(file, config)
  return compare(proof, await logitsOf(file, config, proof), config)
}

export function compare(
  { text, ids, logits, sourceLogits }: Proof,
  found: Float32Array,
  config: BertConfig,
): ProofResult {
  const difference = largest(logits, found)
  const sourceDifference = largest(sourceLogits, found)
  const L = config.labels.length
  const before = likeliest(sourceLogits, L)
  const changedLabels = likeliest([...found], L).filter((label, t) => label !== before[t]).length
  // Near a tie, the smallest rounding turns a label round.
  const isGood = difference <= TOLERANCE && (sourceDifference <= TOLERANCE || changedLabels === 0)
  return { text, tokens: ids.length, difference, sourceDifference, changedLabels, isGood }
}

/** The largest |a − b|; infinite if one is no number. */
function largest(a: readonly number[], b: Float32Array): number {
  return a.reduce((most, value, i) => {
    const difference = Math.abs(value - (b[i] ?? NaN))
    return Number.isNaN(difference) ? Infinity : Math.max(most, difference)
  }, 0)
}

function likeliest(logits: readonly number[], L: number): number[] {
  return Array.from({ length: logits.length / L }, (_, t) => {
    const row = logits.slice(t * L, (t + 1) * L)
    return row.indexOf(Math.max(...row))
  })
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(item => typeof item === 'number' && Number.isFinite(item))
}

function wrong(expected: string, found: string): ConvertError {
  return new ConvertError({
    code: 'CONVERT_PROOF',
    subject: `metadata ${quote(PROOF_KEY)}`,
    expected,
    found,
    nextStep: 'The file was changed after it was written: convert the model again.',
  })
}
