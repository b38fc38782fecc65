/**
 * Running a model over words that are given, not found: one tag for every word of every text.
 *
 *     words ─ encodeWords ─► pieces ─ Tagger ─► logits per piece ─► one tag per word
 *
 * A word's tag is that of its first piece, for that is how token classifiers are trained on pre-split text (Devlin 2018
 * §5.3: "the representation of the first sub-token"). `average` and `max` weigh all of its pieces instead.
 */
import { constrained, transitionsOf, type Decoding } from '../ner/decoding.ts'
import { argmax } from '../ner/softmax.ts'
import type { Prepared, Tagger } from '../ner/tagger.ts'
import type { WordTag } from './options.ts'
import type { Scheme } from './schemes.ts'

export interface TagOptions {
  /**
   * Which pieces decide on a word. `first`: the first one alone. `average`: the mean of all pieces' probabilities.
   * `max`: the piece that is surest of its label.
   */
  readonly wordTag?: WordTag
  /** How words take their labels. Default: as config.json says, else `argmax`. */
  readonly decoding?: Decoding
  /** The scheme of the model's labels, if their letters do not tell. */
  readonly modelScheme?: Scheme
  /** Words of each sentence of each text: labels are decoded sentence by sentence. Default: each text is one. */
  readonly sentences?: readonly (readonly number[])[]
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
  options: TagOptions = {},
): Promise<TagResult> {
  const { wordTag = 'first', batchTokens, onProgress, modelScheme, sentences } = options
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

  const decoding = options.decoding ?? tagger.decoding.decoding
  // Types alone allow any sequence, as labels without letters do.
  const scheme = modelScheme === 'IO' ? undefined : modelScheme
  const transitions = decoding === 'constrained' ? transitionsOf(tagger.labels, scheme) : undefined
  let emptyWords = 0
  const tags = prepared.map((text, t) => {
    const words = texts[t]!.length
    const scores = scoresOfWords(text, tagger, words, wordTag)
    emptyWords += scores.filter(row => row === undefined).length
    if (!transitions) return scores.map(row => (row ? tagger.labels[argmax(row)]! : 'O'))
    let from = 0
    return (sentences?.[t] ?? [words]).flatMap(length => {
      const sentence = scores.slice(from, (from += length))
      // A word without a piece is no step of the sequence.
      const rows = sentence.filter(row => row !== undefined)
      const path = constrained(rows, transitions).values()
      return sentence.map(row => (row ? tagger.labels[path.next().value!]! : 'O'))
    })
  })
  const windowed = prepared.filter(text => text.jobs.length > 1).length
  return { tags, tokens, windowed, emptyWords, tokenizerMs, modelMs }
}

/** Probabilities of each word's labels [L], or undefined for a word without a piece. */
function scoresOfWords(text: Prepared, tagger: Tagger, words: number, how: WordTag): (Float32Array | undefined)[] {
  const { wordIds, length } = text.encoded
  const L = tagger.labels.length
  const probabilities = tagger.probabilities(tagger.logits(text)) // [n, L]
  const scores = new Array<Float32Array | undefined>(words).fill(undefined)
  for (let from = 0; from < length;) {
    let to = from + 1
    while (to < length && wordIds[to] === wordIds[from]) to++
    const rows = probabilities.subarray(from * L, (how === 'first' ? from + 1 : to) * L)
    scores[wordIds[from]!] = rows.length === L ? rows : scoresOfPieces(rows, L, how)
    from = to
  }
  return scores
}

/** One row of probabilities for several pieces: their mean, or that of the piece that is surest. [pieces, L] → [L] */
function scoresOfPieces(rows: Float32Array, L: number, how: WordTag): Float32Array {
  const pieces = Array.from({ length: rows.length / L }, (_, i) => rows.subarray(i * L, (i + 1) * L))
  if (how === 'max') {
    const surest = pieces.map(row => row[argmax(row)]!)
    return pieces[argmax(Float32Array.from(surest))]!
  }
  return Float32Array.from({ length: L }, (_, l) => pieces.reduce((sum, row) => sum + row[l]!, 0) / pieces.length)
}
