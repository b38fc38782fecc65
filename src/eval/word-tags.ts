/**
 * Running a model over words that are given, not found: one tag for every word of every sentence.
 *
 *     words ─ encodeWords ─► pieces ─ windows ─► sorted by length, packed ─ model ─► logits per piece ─► one tag per word
 *
 * A word's tag is that of its first piece, for that is how token classifiers are trained on pre-split text (Devlin 2018
 * §5.3: "the representation of the first sub-token"). `average` and `max` weigh all of its pieces instead.
 */
import type { PackedBatch } from '../kernels/kernels.ts'
import { packBatch } from '../layers/batch.ts'
import type { Encoding } from '../tokenizer/encoding.ts'
import { cutWindows, type Window } from './evaluate-windows.ts'

/** What evaluation needs of a model. */
export interface WordTagger {
  /** [L], as in config.json */
  readonly labels: readonly string[]
  /** Pieces that one sequence may have, special tokens included. */
  readonly maxLength: number
  encodeWords(words: readonly string[]): Encoding
  /** → [T, L] */
  logits(batch: PackedBatch): Promise<Float32Array>
}

export type WordTag = 'first' | 'average' | 'max'

export interface TagOptions {
  /**
   * Which pieces decide on a word. `first`: the first one alone. `average`: the mean of all pieces' probabilities.
   * `max`: the piece that is surest of its label.
   */
  readonly wordTag?: WordTag
  /** Pieces of one forward pass, at least; a longer sequence is a batch by itself. */
  readonly batchTokens?: number
  /** Called after each batch with the pieces (special tokens included) that are done. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface TagResult {
  /** One label for every word, in the order given. */
  readonly tags: readonly (readonly string[])[]
  /** Pieces that went through the model, special tokens included. */
  readonly pieces: number
  /** Texts that were longer than the model and went through it in several windows. */
  readonly windowed: number
  /** Words without a single piece (of characters that the tokenizer drops). Their label is `O`. */
  readonly emptyWords: number
  /** Milliseconds inside of the tokenizer and inside of the model; all else is this code's. */
  readonly tokenizerMs: number
  readonly modelMs: number
}

/** A text on its way. */
interface Job {
  readonly wordCount: number
  /** Word of each piece, null for special tokens. [n] */
  readonly wordIds: readonly (number | null)[]
  /** Where its pieces stand among those of all texts. */
  readonly start: number
}

const BATCH_TOKENS = 512

/** Tags every word of every text (a text is a list of words: one sentence, or a document). */
export async function tagWords(
  tagger: WordTagger,
  texts: readonly (readonly string[])[],
  options: TagOptions = {},
): Promise<TagResult> {
  const L = tagger.labels.length
  const queue: { readonly window: Window; readonly job: Job }[] = []
  let [windowed, pieces, tokenizerMs, modelMs] = [0, 0, 0, 0]

  let positions = 0
  const jobs = texts.map(words => {
    const start = performance.now()
    const { ids, typeIds, wordIds, specialTokensMask } = tagger.encodeWords(words)
    tokenizerMs += performance.now() - start
    const job = { wordCount: words.length, wordIds, start: positions }
    positions += ids.length
    if (!specialTokensMask.includes(0)) return job // not a single piece
    const windows = cutWindows({ ids, typeIds, wordIds, specialTokensMask }, tagger.maxLength)
    for (const window of windows) {
      queue.push({ window, job })
      pieces += window.ids.length
    }
    if (windows.length > 1) windowed++
    return job
  })
  // One array for all texts, filled in whatever order they are run. [positions, L]
  const all = new Float32Array(positions * L)

  // The longest first: memory is at its highest at once, and the last batches are small.
  queue.sort((a, b) => b.window.ids.length - a.window.ids.length)
  const limit = options.batchTokens ?? BATCH_TOKENS
  for (let from = 0, done = 0; from < queue.length;) {
    let to = from
    let tokens = 0
    do tokens += queue[to++]?.window.ids.length ?? 0
    while (tokens + (queue[to]?.window.ids.length ?? Infinity) <= limit)
    const batch = queue.slice(from, to)
    from = to

    const packed = packBatch(batch.map(({ window }) => window))
    const start = performance.now()
    const logits = await tagger.logits(packed) // [T, L]
    modelMs += performance.now() - start
    for (const [b, { window, job }] of batch.entries()) {
      const first = ((packed.starts[b] ?? 0) + window.row) * L
      all.set(logits.subarray(first, first + (window.to - window.from) * L), (job.start + window.from) * L)
    }
    done += tokens
    options.onProgress?.(done, pieces)
  }

  let emptyWords = 0
  const tags = jobs.map(job => {
    const labels = labelsOfWords(job, all, L, options.wordTag ?? 'first')
    return labels.map(label => {
      if (label === NO_PIECE) emptyWords++
      return tagger.labels[label] ?? 'O'
    })
  })
  return { tags, pieces, windowed, emptyWords, tokenizerMs, modelMs }
}

const NO_PIECE = -1

/** The label of each word, or {@link NO_PIECE}. logits: [positions, L] */
function labelsOfWords({ wordCount, wordIds, start }: Job, logits: Float32Array, L: number, how: WordTag): number[] {
  const labels = new Array<number>(wordCount).fill(NO_PIECE)
  for (let from = 0; from < wordIds.length;) {
    const word = wordIds[from] ?? null
    let to = from + 1
    while (to < wordIds.length && wordIds[to] === word) to++
    if (word !== null) {
      const row = (start + from) * L
      if (how === 'first' || to === from + 1) labels[word] = argmax(logits, row, row + L)
      else labels[word] = labelOfPieces(logits.subarray(row, (start + to) * L), L, how)
    }
    from = to
  }
  return labels
}

/** The label that several pieces agree on. logits: [pieces, L] */
function labelOfPieces(logits: Float32Array, L: number, how: 'average' | 'max'): number {
  const best = new Float64Array(L) // sum, or highest, of each label's probability over the pieces
  for (let row = 0; row < logits.length; row += L) {
    const values = logits.subarray(row, row + L)
    const highest = values.reduce((a, b) => Math.max(a, b), -Infinity)
    let sum = 0
    for (const value of values) sum += Math.exp(value - highest)
    for (let l = 0; l < L; l++) {
      const probability = Math.exp((values[l] ?? 0) - highest) / sum
      best[l] = how === 'average' ? (best[l] ?? 0) + probability : Math.max(best[l] ?? 0, probability)
    }
  }
  return argmax(best, 0, L)
}

/** Index of the highest of `values[from, to)`, counted from `from`; the first of several, as in numpy and torch. */
function argmax(values: ArrayLike<number>, from: number, to: number): number {
  let best = from
  for (let i = from + 1; i < to; i++) {
    if ((values[i] ?? 0) > (values[best] ?? 0)) best = i
  }
  return best - from
}
