/**
 * Windows of many texts → forward passes. Sequences lie back to back without padding, so a batch may mix lengths freely
 * and no answer depends on it; windows of like length go together all the same, so that the shapes that a backend sees
 * vary little.
 */
import type { EncodedText } from './encoded-text.ts'
import type { Window } from './windows.ts'

/** One window of one text, and where its logits go. */
export interface Job {
  readonly encoded: EncodedText
  readonly window: Window
  /** [to − from, L], without special tokens; filled by the forward pass. */
  logits: Float32Array
}

/** Enough for a backend to work at full speed; more would only take memory. */
export const BATCH_TOKENS = 512

/** A window with its special tokens around it, as the model gets it. */
export function sequenceOf({ encoded, window: [from, to] }: Job): { ids: number[]; typeIds: number[] } {
  const { before, after } = encoded
  return {
    ids: [...before.ids, ...encoded.ids.slice(from, to), ...after.ids],
    typeIds: [...before.typeIds, ...encoded.typeIds.slice(from, to), ...after.typeIds],
  }
}

/** Batches of like length, longest first: at most `size` windows each, or, where that is left open, {@link BATCH_TOKENS}. */
export function formBatches(jobs: readonly Job[], size: number | undefined): Job[][] {
  const sorted = jobs.map(job => ({ job, length: lengthOf(job) })).sort((a, b) => b.length - a.length)
  const batches: Job[][] = []
  let tokens = 0
  for (const { job, length } of sorted) {
    const batch = batches.at(-1)
    const fits = size === undefined ? tokens + length <= BATCH_TOKENS : batch && batch.length < size
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

/** Tokens that the model sees. */
function lengthOf({ encoded, window: [from, to] }: Job): number {
  return encoded.before.ids.length + to - from + encoded.after.ids.length
}
