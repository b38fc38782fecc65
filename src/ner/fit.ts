/** Checks that a tokenizer fits a model: the model needs a row for each token and each token type. */
import { TokenizerError } from '../errors.ts'
import type { Tokenizer } from '../tokenizer/tokenizer.ts'
import { quote } from '../values.ts'

interface Tables {
  readonly vocabSize: number
  readonly typeVocabSize: number
}

/**
 * @throws TokenizerError `TOKENIZER_LARGER_THAN_MODEL` for a token or token type that has no row. Tokens that are only named,
 *   such as `mask_token`, may have none: models work without them, as long as no text contains one.
 */
export function checkFit(tokenizer: Tokenizer, { vocabSize, typeVocabSize }: Tables): void {
  const token = tokenizer.firstTokenFrom(vocabSize)
  if (token !== undefined) throw tooLarge(token.token, token.id, tokenizer.vocabSize, vocabSize)
  const { typeIds } = tokenizer
  if (typeIds > typeVocabSize) {
    throw new TokenizerError({
      code: 'TOKENIZER_LARGER_THAN_MODEL',
      subject: 'the token types of the tokenizer',
      expected: `at most ${typeVocabSize}, as many rows as the model has for them (type_vocab_size)`,
      found: `${typeIds}`,
      nextStep: 'Take tokenizer files and weights from one model.',
    })
  }
}

/** The error for a token without a row. `size`: the tokenizer's; `rows`: the model's. */
export function tooLarge(token: string, id: number, size: number, rows: number): TokenizerError {
  return new TokenizerError({
    code: 'TOKENIZER_LARGER_THAN_MODEL',
    subject: `token ${quote(token)}`,
    expected: `an id below ${rows}, as many rows as the model has for tokens (vocab_size)`,
    found: `${id}, in a tokenizer of ${size} tokens`,
    nextStep: 'Take tokenizer files and weights from one model.',
  })
}
