/** Errors for faults in a tokenizer's files. */
import { TokenizerError } from '../errors.ts'
import type { JsonErrors } from '../json/object.ts'
import { show } from '../values.ts'

export function wrongValue(subject: string, expected: string, found: unknown): TokenizerError {
  return new TokenizerError({
    code: 'TOKENIZER_VALUE',
    subject,
    expected,
    found: show(found),
    nextStep: 'Compare the file with the one that the model was published with.',
  })
}

export function unsupported(subject: string, expected: string, found: unknown): TokenizerError {
  return new TokenizerError({
    code: 'TOKENIZER_UNSUPPORTED',
    subject,
    expected,
    found: show(found),
    nextStep: 'Only tokenizers of BERT (WordPiece) are implemented: choose a model that has one.',
  })
}

export const TOKENIZER_FILES: JsonErrors = {
  wrongValue,
  notJson: (subject, found, cause) =>
    new TokenizerError({
      code: 'TOKENIZER_NOT_JSON',
      subject,
      expected: 'JSON',
      found,
      nextStep: 'A download may have broken off, or saved an error page: fetch the file again.',
      cause,
    }),
  notUtf8: (subject, found, cause) =>
    new TokenizerError({
      code: 'TOKENIZER_NOT_UTF8',
      subject,
      expected: 'text in UTF-8',
      found,
      nextStep: 'The file is compressed, of another encoding, or damaged: fetch it again.',
      cause,
    }),
}
