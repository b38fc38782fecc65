/** vocab.txt and the settings beside it → {@link TokenizerConfig}, as BertTokenizer of `transformers` reads them. */
import {
  checkLength,
  DEFAULT_NAMES,
  MAX_ID,
  MAX_INPUT_CHARS_PER_WORD,
  MAX_TOKEN_LENGTH,
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
import { Vocabulary, type PieceRow } from './vocabulary.ts'

export function configFromVocab(vocabText: string | Uint8Array, settings: Settings): TokenizerConfig {
  const steps = configSteps(vocabText, settings)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** {@link configFromVocab} in steps. Each takes some milliseconds for 30,000 pieces. */
export function* configSteps(
  vocabText: string | Uint8Array,
  settings: Settings,
): Generator<undefined, TokenizerConfig, undefined> {
  const row = splitLines(readText(vocabText, FILE, TOKENIZER_FILES))
  yield
  const pieces = new Vocabulary(row)
  yield
  return bertConfig(FILE, pieces, readDeclarations(settings, pieces, [], bertNames()), settings.config)
}

const FILE = 'vocab.txt'

/** Configures a BertTokenizer over the vocabulary of `file`. `silent`: the normalizer for settings that are missing. */
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
  // An unknown word becomes a piece, so an added token of this name is not enough.
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

/** BERT's names for its special tokens, with `others` in place of the defaults. */
export function bertNames(others: Partial<Record<SpecialName, string>> = {}): SpecialNames {
  return new Map(Object.entries({ ...DEFAULT_NAMES, ...others })) as SpecialNames
}

/** QUIRK: a vocabulary without a letter-case setting counts as uncased, even if it has capitals. */
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

/** Finds the tokens, one a line; the line number is the id. White space at a line's end is cut off, also `\r`. */
function splitLines(text: string): PieceRow {
  const starts: number[] = []
  const ends: number[] = []
  for (let start = 0; start < text.length;) {
    const found = text.indexOf('\n', start)
    const next = found < 0 ? text.length : found
    let end = next
    for (; end > start; end--) {
      const unit = text.charCodeAt(end - 1)
      if ((unit > 0x20 && unit < 0x7f) || !isWhitespace(unit)) break // nearly all end in a letter of ASCII
    }
    if (end - start > MAX_TOKEN_LENGTH) checkLength(text.slice(start, end), FILE)
    starts.push(start)
    ends.push(end)
    start = next + 1
  }
  if (starts.length > MAX_ID) throw wrongValue(FILE, `at most ${MAX_ID} lines`, starts.length)
  return { row: text, starts: Int32Array.from(starts), ends: Int32Array.from(ends) }
}
