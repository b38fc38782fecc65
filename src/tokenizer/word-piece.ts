/**
 * WordPiece: word → pieces of the vocabulary, longest match first (Wu et al. 2016, arXiv:1609.08144, §4.1; as in
 * google-research/bert, `WordpieceTokenizer`).
 *
 *     "Wolfgang" → Wolf ##gang        take the longest piece that the word starts with, then the longest that the rest
 *                                     starts with, written with ## because it continues a word, and so on
 *
 * If nothing fits, the whole word becomes [UNK], not only the part that is unknown. As a student would write it:
 *
 *     for (let start = 0; start < word.length; start = end) {
 *       const prefix = start > 0 ? '##' : ''
 *       for (end = word.length; end > start && !vocab.has(prefix + word.slice(start, end));) end--
 *       if (end === start) return ['[UNK]']
 *       pieces.push(prefix + word.slice(start, end))
 *     }
 *
 * The code below finds the same pieces without a substring: it asks {@link Vocabulary} by hash, over the word's own units.
 */
import { hashOn, NO_UNITS, type Vocabulary } from './vocabulary.ts'

export interface WordPieceOptions {
  readonly unkToken: string
  readonly continuingSubwordPrefix: string
  /** A word of more code points than this becomes [UNK] at once. */
  readonly maxInputCharsPerWord: number
}

export class WordPiece {
  readonly vocabulary: Vocabulary
  readonly options: WordPieceOptions
  readonly unkId: number
  /** The pieces of the last call, three numbers each: id, start, end. Numbers behind them are left over from earlier calls. */
  readonly pieces: number[] = []
  readonly #firstHash: number
  readonly #nextHash: number
  readonly #prefix: Uint16Array
  /** Scratch: the hash of the first k + 1 units of the part of a word being matched. */
  readonly #hashes: Int32Array

  constructor(vocabulary: Vocabulary, unkId: number, options: WordPieceOptions) {
    this.vocabulary = vocabulary
    this.options = options
    this.unkId = unkId
    const prefix = options.continuingSubwordPrefix
    this.#prefix = Uint16Array.from({ length: prefix.length }, (_, i) => prefix.charCodeAt(i))
    this.#firstHash = vocabulary.hashOf('')
    this.#nextHash = vocabulary.hashOf(prefix)
    this.#hashes = new Int32Array(vocabulary.longest)
  }

  /** Finds the pieces of the word `units[start..end)`, writes them to {@link pieces}, and returns their number. */
  tokenize(units: Uint16Array, start: number, end: number): number {
    let count = 0
    let at = this.#isTooLong(units, start, end) ? -1 : start
    while (at >= 0 && at < end) at = this.#longestMatch(units, at, end, at === start, count++)
    if (at < 0) {
      this.#write(0, this.unkId, start, end)
      return 1
    }
    return count
  }

  /** Writes the longest piece at the start of `units[start..end)`, and returns its end; −1 if there is none. */
  #longestMatch(units: Uint16Array, start: number, end: number, isFirst: boolean, count: number): number {
    const vocabulary = this.vocabulary
    const hashes = this.#hashes
    const longest = Math.min(end - start, vocabulary.longest)
    const prefix = isFirst ? NO_UNITS : this.#prefix
    let hash = isFirst ? this.#firstHash : this.#nextHash
    for (let k = 0; k < longest; k++) hashes[k] = hash = hashOn(hash, units[start + k]!)
    for (let length = longest; length > 0; length--) {
      const id = vocabulary.find(hashes[length - 1]!, prefix, units, start, start + length)
      if (id >= 0) {
        this.#write(count, id, start, start + length)
        return start + length
      }
    }
    return -1
  }

  #write(count: number, id: number, start: number, end: number): void {
    this.pieces[3 * count] = id
    this.pieces[3 * count + 1] = start
    this.pieces[3 * count + 2] = end
  }

  #isTooLong(units: Uint16Array, start: number, end: number): boolean {
    let spare = this.options.maxInputCharsPerWord - (end - start)
    // Only a word of too many units can have too many code points; a pair of surrogates is one.
    for (let i = start; spare < 0 && i < end; i++) if ((units[i]! & 0xfc00) === 0xdc00) spare++
    return spare < 0
  }
}
