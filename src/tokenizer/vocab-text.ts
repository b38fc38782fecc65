/** vocab.txt, with what the files beside it say → {@link TokenizerConfig}. As BertTokenizer of `transformers` reads them. */
import {
  checkLength,
  DEFAULT_NAMES,
  MAX_ID,
  MAX_INPUT_CHARS_PER_WORD,
  missingToken,
  readShared,
  type SpecialName,
  type SpecialNames,
  type TokenizerConfig,
} from './config.ts'
import { readText, type JsonObject } from '../json/object.ts'
import { readDeclarations, type Declarations } from './declared.ts'
import { TOKENIZER_FILES, wrongValue } from './errors.ts'
import type { BertNormalizerOptions } from './normalizer.ts'
import type { Settings } from './settings.ts'
import { bertTemplate, type Template } from './template.ts'
import { isWhitespace } from './unicode.ts'
import { Vocabulary } from './vocabulary.ts'

export function configFromVocab(vocabText: string | Uint8Array, settings: Settings): TokenizerConfig {
  const pieces = new Vocabulary(splitLines(readText(vocabText, FILE, TOKENIZER_FILES)))
  return bertConfig(FILE, pieces, readDeclarations(settings, pieces, [], bertNames()), settings.config)
}

const FILE = 'vocab.txt'

/** A BertTokenizer over a vocabulary that was read out of `file`. `silent`: the normalizer if the configuration says nothing. */
export function bertConfig(
  file: string,
  pieces: Vocabulary,
  { names, addedTokens, implied }: Declarations,
  config: JsonObject,
  silent: BertNormalizerOptions = BERT_NORMALIZER,
): TokenizerConfig {
  const vocabulary = pieces.with(addedTokens)
  const missing = (name: SpecialName) => missingToken(file, names.get(name) ?? `${name}_token`, vocabulary)
  const unkToken = names.get('unk')
  // An unknown word becomes a piece, so that an added token of this name is not enough.
  if (unkToken === undefined || pieces.idOf(unkToken) === undefined) throw missing('unk')
  const required = (name: SpecialName): [string, number] => {
    const token = names.get(name)
    const id = token === undefined || implied.has(token) ? undefined : vocabulary.idOf(token)
    if (token === undefined || id === undefined) throw missing(name)
    return [token, id]
  }
  const template: Template = bertTemplate(required('cls'), required('sep'))
  return {
    pieces,
    vocabulary,
    wordPiece: { unkToken, continuingSubwordPrefix: '##', maxInputCharsPerWord: MAX_INPUT_CHARS_PER_WORD },
    normalizer: readNormalizer(config, silent),
    template,
    addedTokens,
    implied,
    decoder: { prefix: '##', cleanup: true },
    ...readShared(config, names, vocabulary),
  }
}

/** BERT's names for its special tokens, some of them replaced. */
export function bertNames(others: Partial<Record<SpecialName, string>> = {}): SpecialNames {
  return new Map(Object.entries({ ...DEFAULT_NAMES, ...others })) as SpecialNames
}

/** QUIRK: a vocabulary without a word on letter case is taken for an uncased one, also if it has capitals. */
const BERT_NORMALIZER = { cleanText: true, handleChineseChars: true, stripAccents: true, lowercase: true }

function readNormalizer(config: JsonObject, silent: BertNormalizerOptions): BertNormalizerOptions {
  const lowercase = config.boolean('do_lower_case', silent.lowercase)
  const saysAccents = config.get('strip_accents') !== undefined || config.has('do_lower_case')
  return {
    cleanText: true,
    handleChineseChars: config.boolean('tokenize_chinese_chars', silent.handleChineseChars),
    stripAccents: saysAccents ? config.boolean('strip_accents', lowercase) : silent.stripAccents,
    lowercase,
  }
}

/** One token a line, its number the id. White space at the end of a line is cut off, a carriage return among it. */
function splitLines(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (lines.length > MAX_ID) throw wrongValue(FILE, `at most ${MAX_ID} lines`, lines.length)
  return lines.map(line => {
    let end = line.length
    while (end > 0 && isWhitespace(line.charCodeAt(end - 1))) end--
    checkLength(end === line.length ? line : (line = line.slice(0, end)), FILE)
    return line
  })
}
