/** What tokenization gives: six lists of one length, one entry per piece, special tokens included. */
export interface Encoding {
  readonly ids: number[]
  /** The pieces as the vocabulary spells them: `"Wolf"`, `"##gang"`, `"[CLS]"`. */
  readonly tokens: string[]
  /**
   * `[start, end)` of each piece in the original string, in UTF-16 units unless `offsetUnit: 'codepoint'` was asked for.
   * After `encodeWords` they count from the start of the word that the piece came from. Special tokens: `[0, 0]`.
   */
  readonly offsets: (readonly [number, number])[]
  /** Token type (segment) ids: 0, or the letter case of the word under `"token_type_rule": "word-case"`. */
  readonly typeIds: number[]
  /** Index of the word that each piece came from: pre-tokenizer words, or those given to `encodeWords`; null: special. */
  readonly wordIds: (number | null)[]
  /** 1 where the piece was added by the post-processor ([CLS], [SEP]), 0 elsewhere. */
  readonly specialTokensMask: number[]
}
