/**
 * How far a score would move had the corpus held other sentences of the same kind: 95 % confidence intervals by the
 * bootstrap (Efron 1979; for NLP: Berg-Kirkpatrick et al. 2012). Draw n of n sentences with
 * replacement and score them, a thousand times; the interval holds the middle 95 % of these scores (percentile method).
 */
import { scores, type PhraseCounts } from './conlleval.ts'

/** `[low, high]`, in percent. */
export type Interval = readonly [number, number]

export interface Confidence {
  readonly level: 0.95
  readonly resamples: number
  readonly seed: number
  readonly precision: Interval
  readonly recall: Interval
  readonly f1: Interval
}

/** `sentences[s]` are conlleval's counts of one sentence. The same seed gives the same intervals on every machine. */
export function bootstrap(
  sentences: readonly Readonly<PhraseCounts>[],
  { resamples = 1000, seed = 1 }: { readonly resamples?: number; readonly seed?: number } = {},
): Confidence {
  const n = sentences.length
  const counts = Int32Array.from(sentences.flatMap(({ gold, found, correct }) => [gold, found, correct])) // [n, 3]
  const random = mulberry32(seed)
  const drawn = {
    precision: new Float64Array(resamples),
    recall: new Float64Array(resamples),
    f1: new Float64Array(resamples),
  }
  for (let r = 0; r < resamples; r++) {
    let gold = 0
    let found = 0
    let correct = 0
    for (let i = 0; i < n; i++) {
      const s = 3 * Math.trunc(random() * n)
      gold += counts[s]!
      found += counts[s + 1]!
      correct += counts[s + 2]!
    }
    const { precision, recall, f1 } = scores({ gold, found, correct })
    drawn.precision[r] = precision
    drawn.recall[r] = recall
    drawn.f1[r] = f1
  }
  const interval = (values: Float64Array): Interval => {
    const sorted = values.sort()
    return [quantile(sorted, 0.025), quantile(sorted, 0.975)]
  }
  return {
    level: 0.95,
    resamples,
    seed,
    precision: interval(drawn.precision),
    recall: interval(drawn.recall),
    f1: interval(drawn.f1),
  }
}

/** Between the two nearest of the sorted values, as numpy's default has it; 0 if there are none. */
function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1)
  const low = sorted[Math.max(0, Math.floor(at))] ?? 0
  const high = sorted[Math.max(0, Math.ceil(at))] ?? 0
  return low + (high - low) * (at - Math.floor(at))
}

/** A small generator of good quality in 32-bit arithmetic (T. Ettinger 2017): numbers in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
