/** The result of tokenization: six lists of equal length, with one entry per piece. Special tokens are included. */
export interface Encoding {
  readonly ids: number[]
  /** The pieces as the vocabulary spells them: `"Wolf"`, `"##gang"`, `"[CLS]"`. */
  readonly tokens: string[]
  /**
   * `[start, end)` of each piece in the original string, in UTF-16 units unless `offsetUnit: 'codepoint'` was asked for.
   * After `encodeWords` they count from the start of the piece's own word. Special tokens: `[0, 0]`.
   */
  readonly offsets: (readonly [number, number])[]
  /** Token type (segment) ids: 0, or the letter case of the word under `"token_type_rule": "word-case"`. */
  readonly typeIds: number[]
  /** Index of each piece's word: a pre-tokenizer word, or one given to `encodeWords`. Special tokens: null. */
  readonly wordIds: (number | null)[]
  /** 1 if the post-processor added the piece ([CLS], [SEP]), else 0. */
  readonly specialTokensMask: number[]
}
