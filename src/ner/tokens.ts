/** Turns one encoded text and its probabilities into tokens, for aggregation. Special tokens are left out here. */
import type { EncodedText } from './encoded-text.ts'
import { codePoints } from './offsets.ts'

/** Tells how a vocabulary marks its pieces, and turns them back into text. */
export interface PieceRules {
  /** Id of `[UNK]`. */
  readonly unkId: number | undefined
  /** The prefix of a piece that continues a word: `##`. Empty if the model has none. */
  readonly continuingSubwordPrefix: string
  /** The piece of an id, as the vocabulary spells it. */
  pieceOf(id: number): string
  /** Turns pieces into text, as the tokenizer's decoder does. */
  decodeTokens(tokens: readonly string[]): string
}

export interface Token {
  /** Position in the sequence that the model saw, special tokens included. */
  readonly index: number
  /** The piece as the vocabulary spells it; for an unknown word, the word itself. */
  readonly word: string
  readonly scores: Float32Array // [L]
  readonly start: number
  readonly end: number
  /** Whether it continues the word of the token before it. */
  readonly isSubword: boolean
}

/**
 * Gathers tokens `[from, to)` of a text, counted without special tokens. probabilities: [to − from, L]. The first token
 * gets the index `firstIndex`.
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
 * Whether a piece continues a word, as the reference tells it: by length. `##gang` is longer than its text, `gang`. The
 * rule is kept for parity, errors included. A first piece counts as a continuation if normalization changed the length of
 * its text (`é` written as two code points becomes the one letter `e`). And a continuation does not count as one if its
 * text is exactly two code points longer than its letters.
 *
 * Without a prefix there is no such sign: a piece continues the word if it has no space before it.
 */
function isSubword(text: string, piece: string, start: number, end: number, rules: PieceRules): boolean {
  if (rules.continuingSubwordPrefix !== '') {
    // A code point takes at most two units, so if the text is far longer, nothing needs to be counted.
    if (end - start > 2 * piece.length) return true
    return codePoints(piece, 0, piece.length) !== codePoints(text, start, end)
  }
  return start > 0 && !text.slice(start - 1, start + 1).includes(' ')
}
