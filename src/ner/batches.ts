/**
 * Packs windows of many texts into batches, in the order of the texts. Sequences lie back to back without padding. So a
 * batch mixes lengths freely, and no answer depends on it.
 */
import type { AroundText } from '../tokenizer/template.ts'
import type { EncodedText } from './encoded-text.ts'
import type { Window } from './windows.ts'

/** One window of one text, with the array for its logits. */
export interface Job {
  readonly encoded: EncodedText
  readonly window: Window
  /** [to − from, L], without special tokens. The forward pass fills it. A reader that takes a text in parts empties it again. */
  logits: Float32Array
}

export interface BatchLimits {
  /** The most windows in one forward pass. If left out, as many as `batchTokens` allows. */
  readonly batchSize?: number | undefined
  /** The most tokens in one forward pass, special tokens included; a longer window is a batch by itself. Default 512. */
  readonly batchTokens?: number | undefined
}

/** Enough tokens for a backend to work at full speed; more would only take memory. */
const BATCH_TOKENS = 512

/** The sequence that the model gets: a window with its special tokens around it. */
export function sequenceOf({ encoded, window: [from, to] }: Job, { before, after }: AroundText) {
  return {
    ids: [...before.ids, ...encoded.ids.subarray(from, to), ...after.ids],
    typeIds: [...before.typeIds, ...encoded.typeIds.subarray(from, to), ...after.typeIds],
  }
}

/** Forms batches from jobs. `special`: the number of tokens added to each window. */
export function formBatches(
  jobs: readonly Job[],
  special: number,
  { batchSize, batchTokens = BATCH_TOKENS }: BatchLimits,
): Job[][] {
  const batches: Job[][] = []
  let tokens = 0
  for (const job of jobs) {
    const length = job.window[1] - job.window[0] + special
    const batch = batches.at(-1)
    const fits = batchSize === undefined ? tokens + length <= batchTokens : batch && batch.length < batchSize
    if (batch && fits) {
      batch.push(job)
      tokens += length
    } else {
      batches.push([job])
      tokens = length
    }
  }
  return batches
}
