/**
 * What a tokenizer is made of, {@link TokenizerConfig}, and the part of it that tokenizer_config.json says. The rest is read by
 * tokenizer-json.ts or vocab-text.ts. Known keys are picked one by one and each is checked. Nothing is accepted that would then
 * be tokenized otherwise than its authors did.
 */
import { TokenizerError } from '../errors.ts'
import type { AddedToken } from './added-tokens.ts'
import type { DecoderOptions } from './decoder.ts'
import type { JsonObject } from '../json/object.ts'
import { show } from '../values.ts'
import { unsupported, wrongValue } from './errors.ts'
import type { BertNormalizerOptions } from './normalizer.ts'
import type { Template } from './template.ts'
import type { Vocabulary } from './vocabulary.ts'
import type { WordPieceOptions } from './word-piece.ts'

/** The special tokens that tokenizer_config.json can name, and BERT's names for them. */
export const DEFAULT_NAMES = {
  unk: '[UNK]',
  sep: '[SEP]',
  pad: '[PAD]',
  cls: '[CLS]',
  mask: '[MASK]',
} as const
export type SpecialName = keyof typeof DEFAULT_NAMES
export type SpecialNames = ReadonlyMap<SpecialName, string>
export const SPECIAL_NAMES = Object.keys(DEFAULT_NAMES) as SpecialName[]

export interface TokenizerConfig {
  /** What WordPiece makes words of. */
  readonly pieces: Vocabulary
  /** Pieces and added tokens: what ids stand for. An added token is found as such, and never inside of a word. */
  readonly vocabulary: Vocabulary
  readonly wordPiece: WordPieceOptions
  readonly normalizer: BertNormalizerOptions
  readonly template: Template
  readonly addedTokens: readonly AddedToken[]
  readonly decoder: DecoderOptions | undefined
  /** Special tokens by their part in the model, if the vocabulary has them. */
  readonly special: ReadonlyMap<SpecialName, { readonly token: string; readonly id: number }>
  readonly modelMaxLength: number | undefined
  /** Added tokens that no model has to have a row for: they are named, but neither in the vocabulary nor listed with an id. */
  readonly implied: ReadonlySet<string>
  readonly isWordCase: boolean
  readonly isLiteral: boolean
}

/** No published vocabulary is near this; an id of a damaged file could be anywhere, and a table is made up to it. */
export const MAX_ID = 2 ** 22 - 1

/**
 * The longest token that is taken, in UTF-16 units. Published ones stay below 100. Looking for a token takes time in
 * proportion to its length at every character of a text, so that no limit would let a file make texts of any kind slow.
 */
export const MAX_TOKEN_LENGTH = 1000

/** QUIRK: "no limit" is written as the integer nearest to 1e30; whatever no memory could hold means that. */
const MAX_MODEL_LENGTH = 2 ** 31 - 1

export const MAX_INPUT_CHARS_PER_WORD = 100

/** What tokenizer_config.json says of all tokenizers. `names`: how its special tokens are spelled. */
export function readShared(
  config: JsonObject,
  names: SpecialNames,
  vocabulary: Vocabulary,
): Pick<TokenizerConfig, 'special' | 'modelMaxLength' | 'isWordCase' | 'isLiteral'> {
  const rule = config.get('token_type_rule') ?? null
  if (rule !== null && rule !== 'word-case') throw unsupported(config.at('token_type_rule'), '"word-case"', rule)
  const special = new Map<SpecialName, { token: string; id: number }>()
  for (const [name, token] of names) {
    const id = vocabulary.idOf(token)
    if (id !== undefined) special.set(name, { token, id })
  }
  const length = config.get('model_max_length') ?? config.get('max_len') ?? Infinity
  if (typeof length !== 'number' || length < 1) throw wrongValue(config.at('model_max_length'), 'a number', length)
  return {
    special,
    modelMaxLength: length > MAX_MODEL_LENGTH ? undefined : Math.floor(length),
    isWordCase: rule !== null,
    isLiteral: config.boolean('split_special_tokens', false),
  }
}

/** One entry of `added_tokens`, or of `added_tokens_decoder`. `special` counts for more than what the entry says. */
export function readAddedToken(entry: JsonObject, id: number, special = entry.boolean('special', false)): AddedToken {
  const content = entry.string('content')
  checkLength(content, entry.at('content'))
  return {
    id,
    content,
    special,
    singleWord: entry.boolean('single_word', false),
    lstrip: entry.boolean('lstrip', false),
    rstrip: entry.boolean('rstrip', false),
    normalized: entry.boolean('normalized', !special),
  }
}

export function checkLength(token: string, subject: string): void {
  if (token.length <= MAX_TOKEN_LENGTH) return
  throw wrongValue(subject, `tokens of at most ${MAX_TOKEN_LENGTH} UTF-16 units`, token.length)
}

export function missingToken(file: string, token: string, vocabulary: Vocabulary): TokenizerError {
  return new TokenizerError({
    code: 'TOKENIZER_TOKEN_MISSING',
    subject: file,
    expected: `the special token ${show(token)}`,
    found: `${vocabulary.tokens.length} tokens without it`,
    nextStep:
      'The file is not the vocabulary of this model, or tokenizer_config.json names its special tokens otherwise.',
  })
}
