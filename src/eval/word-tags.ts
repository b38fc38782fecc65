/**
 * Running a model over words that are given, not found: one tag for every word of every text.
 *
 *     words ─ encodeWords ─► pieces ─ Tagger ─► logits per piece ─► one tag per word
 *
 * A word's tag is that of its first piece, for that is how token classifiers are trained on pre-split text (Devlin 2018
 * §5.3: "the representation of the first sub-token"). `average` and `max` weigh all of its pieces instead.
 */
import { argmax, softmax } from '../ner/softmax.ts'
import type { Prepared, Tagger } from '../ner/tagger.ts'
import type { WordTag } from './options.ts'

export interface TagOptions {
  /**
   * Which pieces decide on a word. `first`: the first one alone. `average`: the mean of all pieces' probabilities.
   * `max`: the piece that is surest of its label.
   */
  readonly wordTag?: WordTag
  /** Tokens of one forward pass, at most; a longer sequence is a batch by itself. */
  readonly batchTokens?: number
  /** Called after each batch with the tokens (special tokens included) that are done. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface TagResult {
  /** One label for every word, in the order given. */
  readonly tags: readonly (readonly string[])[]
  /** Tokens that went through the model, special tokens included. */
  readonly tokens: number
  /** Texts that were longer than the model and went through it in several windows. */
  readonly windowed: number
  /** Words without a single piece (of characters that the tokenizer drops). Their label is `O`. */
  readonly emptyWords: number
  /** Milliseconds inside of the tokenizer and inside of the model; all else is this code's. */
  readonly tokenizerMs: number
  readonly modelMs: number
}

/** Tags every word of every text (a text is a list of words: one sentence, or a document). */
export async function tagWords(
  tagger: Tagger,
  texts: readonly (readonly string[])[],
  { wordTag = 'first', batchTokens, onProgress }: TagOptions = {},
): Promise<TagResult> {
  let start = performance.now()
  const prepared = texts.map(words => tagger.prepare(tagger.encodeWords(words)))
  const tokenizerMs = performance.now() - start

  start = performance.now()
  const jobs = prepared.flatMap(text => text.jobs)
  const tokensUpTo = [0] // of the jobs before each
  for (const job of jobs) tokensUpTo.push(tokensUpTo.at(-1)! + tagger.lengthOf(job))
  const tokens = tokensUpTo.at(-1)!
  for await (const done of tagger.run(jobs, { batchTokens })) onProgress?.(tokensUpTo[done]!, tokens)
  const modelMs = performance.now() - start

  let emptyWords = 0
  const tags = prepared.map((text, t) => {
    const labels = labelsOfWords(text, tagger, texts[t]!.length, wordTag)
    emptyWords += labels.filter(label => label === NO_PIECE).length
    return labels.map(label => tagger.labels[label] ?? 'O')
  })
  const windowed = prepared.filter(text => text.jobs.length > 1).length
  return { tags, tokens, windowed, emptyWords, tokenizerMs, modelMs }
}

const NO_PIECE = -1

/** The label of each word, or {@link NO_PIECE}. */
function labelsOfWords(text: Prepared, tagger: Tagger, words: number, how: WordTag): number[] {
  const { wordIds } = text.encoded
  const L = tagger.labels.length
  const logits = tagger.logits(text) // [n, L]
  const labels = new Array<number>(words).fill(NO_PIECE)
  for (let from = 0; from < wordIds.length;) {
    let to = from + 1
    while (to < wordIds.length && wordIds[to] === wordIds[from]) to++
    const rows = logits.subarray(from * L, (how === 'first' ? from + 1 : to) * L)
    labels[wordIds[from] ?? NO_PIECE] = how === 'first' ? argmax(rows) : labelOfPieces(rows, L, how)
    from = to
  }
  return labels
}

/** The label that several pieces agree on. logits: [pieces, L] */
function labelOfPieces(logits: Float32Array, L: number, how: 'average' | 'max'): number {
  const probabilities = softmax(logits, L)
  const best = new Float64Array(L) // sum, or highest, of each label's probability over the pieces
  for (const [i, probability] of probabilities.entries()) {
    const label = i % L
    best[label] = how === 'average' ? best[label]! + probability : Math.max(best[label]!, probability)
  }
  return argmax(best)
}
