/** One encoded text and its probabilities → tokens: what aggregation works on. Special tokens are left out here. */
import type { EncodedText } from './encoded-text.ts'
import { codePoints } from './offsets.ts'

/** How a vocabulary marks its pieces, and how they become text again. */
export interface PieceRules {
  /** Id of `[UNK]`. */
  readonly unkId: number | undefined
  /** What marks a piece that continues a word: `##`. Empty if the model has none. */
  readonly continuingSubwordPrefix: string
  /** A piece as the vocabulary spells it. */
  pieceOf(id: number): string
  /** Pieces → text, as the tokenizer's decoder does it. */
  decodeTokens(tokens: readonly string[]): string
}

export interface Token {
  /** Place in the sequence that the model saw, special tokens counted. */
  readonly index: number
  /** The piece as the vocabulary spells it; of an unknown word, the word itself. */
  readonly word: string
  readonly scores: Float32Array // [L]
  readonly start: number
  readonly end: number
  /** Continues the word that the token before it belongs to. */
  readonly isSubword: boolean
}

/**
 * Tokens `[from, to)` of a text, counted without special tokens. probabilities: [to − from, L]. The first token gets the
 * index `firstIndex`.
 */
export function gatherTokens(
  encoded: EncodedText,
  [from, to]: readonly [number, number],
  probabilities: Float32Array,
  rules: PieceRules,
  firstIndex: number,
): Token[] {
  const { text, ids, starts, ends } = encoded
  const L = probabilities.length / (to - from)
  const tokens: Token[] = []
  for (let i = from; i < to; i++) {
    const [id = 0, start = 0, end = 0] = [ids[i], starts[i], ends[i]]
    const piece = rules.pieceOf(id)
    const isUnknown = id === rules.unkId
    const row = i - from
    tokens.push({
      index: firstIndex + row,
      word: isUnknown ? text.slice(start, end) : piece,
      scores: probabilities.subarray(row * L, (row + 1) * L),
      start,
      end,
      isSubword: !isUnknown && isSubword(text, piece, start, end, rules),
    })
  }
  return tokens
}

/**
 * The reference tells a continuation by its length: `##gang` is longer than the `gang` that it stands for. Kept for
 * parity, with what it gets wrong: a first piece whose text shrank or grew when it was normalised (`é` written as two code
 * points becomes the one letter `e`) counts as a continuation too, and a continuation whose text is exactly two code
 * points longer than its letters does not.
 *
 * Without a prefix there is no such sign: what has no space before it continues the word.
 */
function isSubword(text: string, piece: string, start: number, end: number, rules: PieceRules): boolean {
  if (rules.continuingSubwordPrefix !== '') {
    // A code point takes two units at most: of a text that is far longer nothing needs to be counted.
    if (end - start > 2 * piece.length) return true
    return codePoints(piece, 0, piece.length) !== codePoints(text, start, end)
  }
  return start > 0 && !text.slice(start - 1, start + 1).includes(' ')
}
