/**
 * Defines {@link TokenizerConfig}, and reads the part of it that comes from tokenizer_config.json. The rest is read by
 * tokenizer-json.ts or vocab-text.ts. Known keys are read one by one, and each is checked. A setting is refused if it would
 * make us tokenize differently from the model's authors.
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
  /** The pieces that WordPiece splits words into. */
  readonly pieces: Vocabulary
  /** Pieces and added tokens, by id. WordPiece never finds an added token inside a word. */
  readonly vocabulary: Vocabulary
  readonly wordPiece: WordPieceOptions
  readonly normalizer: BertNormalizerOptions
  readonly template: Template
  readonly addedTokens: readonly AddedToken[]
  readonly decoder: DecoderOptions | undefined
  /** Special tokens by their role in the model, if the vocabulary has them. */
  readonly special: ReadonlyMap<SpecialName, { readonly token: string; readonly id: number }>
  readonly modelMaxLength: number | undefined
  /** Added tokens that a model needs no row for. Files name them, but no vocabulary has them and no list gives them an id. */
  readonly implied: ReadonlySet<string>
  readonly isWordCase: boolean
  readonly isLiteral: boolean
}

/** The highest id accepted. No published vocabulary comes near it. A damaged file could have any id, and tables grow to it. */
export const MAX_ID = 2 ** 22 - 1

/**
 * The longest token accepted, in UTF-16 units. Published ones stay below 100. At every character of a text, the search
 * takes time proportional to a token's length. Without a limit, one file could make every text slow.
 */
export const MAX_TOKEN_LENGTH = 1000

/** QUIRK: files write "no limit" as the integer nearest to 1e30. Any length that no memory could hold means the same. */
const MAX_MODEL_LENGTH = 2 ** 31 - 1

export const MAX_INPUT_CHARS_PER_WORD = 100

/** Reads the settings of tokenizer_config.json that all tokenizers share. `names`: the spellings of its special tokens. */
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

/** Reads one entry of `added_tokens` or `added_tokens_decoder`. `special` overrides the entry's own flag. */
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
    found: `${vocabulary.length} tokens without it`,
    nextStep:
      'The file is not the vocabulary of this model, or tokenizer_config.json names its special tokens otherwise.',
  })
}
