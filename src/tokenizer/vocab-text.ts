/** vocab.txt, with what tokenizer_config.json says → {@link TokenizerConfig}. As BertTokenizer of `transformers` reads them. */
import type { AddedToken } from './added-tokens.ts'
import {
  checkLength,
  MAX_ID,
  MAX_INPUT_CHARS_PER_WORD,
  missingToken,
  nameOf,
  readAddedToken,
  readConfig,
  readShared,
  SPECIAL_NAMES,
  type SpecialName,
  type TokenizerConfig,
} from './config.ts'
import { readText, type JsonInput, type JsonObject } from '../json/object.ts'
import { show } from '../values.ts'
import { TOKENIZER_FILES, wrongValue } from './errors.ts'
import { bertTemplate } from './template.ts'
import { Vocabulary } from './vocabulary.ts'

export function configFromVocab(vocabText: string | Uint8Array, tokenizerConfig?: JsonInput): TokenizerConfig {
  const config = readConfig(tokenizerConfig)
  const pieces = new Vocabulary(splitLines(readText(vocabText, 'vocab.txt', TOKENIZER_FILES)))
  const addedTokens = addedTokensFromConfig(config, pieces)
  const vocabulary = pieces.with(addedTokens)
  const shared = readShared(config, vocabulary)
  const required = (name: SpecialName): [string, number] => {
    const found = shared.special.get(name)
    if (found === undefined) throw missingToken('vocab.txt', nameOf(config, name), vocabulary)
    return [found.token, found.id]
  }
  const lowercase = config.boolean('do_lower_case', LOWERCASES_BY_DEFAULT)
  return {
    pieces,
    vocabulary,
    wordPiece: {
      unkToken: required('unk')[0],
      continuingSubwordPrefix: '##',
      maxInputCharsPerWord: MAX_INPUT_CHARS_PER_WORD,
    },
    normalizer: {
      cleanText: true,
      handleChineseChars: config.boolean('tokenize_chinese_chars', true),
      stripAccents: config.boolean('strip_accents', lowercase),
      lowercase,
    },
    template: bertTemplate(required('cls'), required('sep')),
    addedTokens,
    decoder: { prefix: '##', cleanup: true },
    ...shared,
  }
}

/** QUIRK: a vocab.txt without a word on letter case is taken for an uncased one, also where it has capitals. */
const LOWERCASES_BY_DEFAULT = true

/** One token a line, its number the id. QUIRK: nothing but the end of the line is cut off, so that spaces stay. */
function splitLines(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (lines.length > MAX_ID) throw wrongValue('vocab.txt', `at most ${MAX_ID} lines`, lines.length)
  for (const line of lines) checkLength(line, 'vocab.txt')
  return lines[0]?.endsWith('\r') ? lines.map(line => (line.endsWith('\r') ? line.slice(0, -1) : line)) : lines
}

/** Special tokens by name, then those of `added_tokens_decoder`, then further ones; new ones get ids after the last. */
function addedTokensFromConfig(config: JsonObject, vocabulary: Vocabulary): AddedToken[] {
  const added = new Map<string, AddedToken>()
  let end = vocabulary.tokens.length
  for (const [key, value] of config.has('added_tokens_decoder')
    ? config.object('added_tokens_decoder').entries()
    : []) {
    const entry = config.inner(value, `added_tokens_decoder: ${show(key)}`)
    const id = /^\d+$/.test(key) ? Number(key) : NaN
    const content = entry.string('content')
    const isKnown = vocabulary.tokens[id] === content || (id >= vocabulary.tokens.length && id <= MAX_ID)
    if (!isKnown) throw wrongValue(entry.path, `the id of ${show(content)} in the vocabulary, or a new one`, key)
    added.set(content, readAddedToken(entry, id))
    end = Math.max(end, id + 1)
  }
  const addSpecial = (content: string, id: number): void => {
    const flags = { special: true, singleWord: false, lstrip: false, rstrip: false, normalized: false }
    checkLength(content, config.at('special tokens'))
    if (!added.has(content)) added.set(content, { id, content, ...flags })
  }
  for (const name of SPECIAL_NAMES) {
    const content = nameOf(config, name)
    const id = vocabulary.idOf(content)
    if (id !== undefined) addSpecial(content, id)
  }
  for (const key of ['additional_special_tokens', 'extra_special_tokens']) {
    for (const value of Array.isArray(config.get(key)) ? config.list(key) : []) {
      const content = typeof value === 'string' ? value : config.inner(value, key).string('content')
      if (!added.has(content)) addSpecial(content, vocabulary.idOf(content) ?? end++)
    }
  }
  return [...added.values()]
}
