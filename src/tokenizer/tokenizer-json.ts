/** tokenizer.json → {@link TokenizerConfig}. */
import type { AddedToken } from './added-tokens.ts'
import { isWellFormed } from './aligned-text.ts'
import {
  checkLength,
  DEFAULT_NAMES,
  MAX_ID,
  MAX_INPUT_CHARS_PER_WORD,
  missingToken,
  readAddedToken,
  readConfig,
  readShared,
  type TokenizerConfig,
} from './config.ts'
import type { DecoderOptions } from './decoder.ts'
import { isIndex, isJsonText, readJson, readText, type JsonInput, JsonObject } from '../json/object.ts'
import { show } from '../values.ts'
import { TOKENIZER_FILES, unsupported, wrongValue } from './errors.ts'
import type { BertNormalizerOptions } from './normalizer.ts'
import { SCANNED, scanVocab } from './scan-vocab.ts'
import { BARE_TEMPLATE, bertTemplate, type Template, type TemplatePart } from './template.ts'
import { Vocabulary } from './vocabulary.ts'

export function configFromJson(tokenizerJson: JsonInput, tokenizerConfig?: JsonInput): TokenizerConfig {
  const { json, scanned } = openJson(tokenizerJson)
  const config = readConfig(tokenizerConfig)
  const model = json.object('model')
  const type = model.get('type') ?? 'WordPiece'
  if (type !== 'WordPiece' || model.has('merges')) throw unsupported(model.at('type'), '"WordPiece"', type)
  const tokens = tokensOf(scanned ?? model.object('vocab').entries())
  const pieces = new Vocabulary(tokens)
  const addedTokens = json.has('added_tokens') ? readAddedTokens(json.list('added_tokens'), pieces) : []
  const vocabulary = pieces.with(addedTokens)
  const unkToken = model.string('unk_token', DEFAULT_NAMES.unk)
  if (pieces.idOf(unkToken) === undefined) throw missingToken('tokenizer.json', unkToken, vocabulary)
  return {
    pieces,
    vocabulary,
    wordPiece: {
      unkToken,
      continuingSubwordPrefix: model.string('continuing_subword_prefix', '##'),
      maxInputCharsPerWord: model.integer(
        'max_input_chars_per_word',
        Number.MAX_SAFE_INTEGER,
        MAX_INPUT_CHARS_PER_WORD,
      ),
    },
    normalizer: overrideNormalizer(readNormalizer(json), config),
    template: readTemplate(json, vocabulary),
    addedTokens,
    decoder: readDecoder(json),
    ...readShared(config, vocabulary),
  }
}

type Entries = readonly (readonly [token: string, id: unknown])[]

/** The file as an object, and the vocabulary in it where it could be read apart. */
function openJson(input: JsonInput): { json: JsonObject; scanned: Entries | undefined } {
  if (!isJsonText(input)) return { json: readJson(input, FILE, TOKENIZER_FILES), scanned: undefined }
  const text = readText(input, FILE, TOKENIZER_FILES)
  const found = scanVocab(text)
  const json = readJson(found?.rest ?? text, FILE, TOKENIZER_FILES)
  if (found === undefined) return { json, scanned: undefined }
  const model = json.get('model')
  const isModels = typeof model === 'object' && model !== null && 'vocab' in model && model.vocab === SCANNED
  return isModels
    ? { json, scanned: found.entries }
    : { json: readJson(text, FILE, TOKENIZER_FILES), scanned: undefined }
}

const FILE = 'tokenizer.json'

/** [token, id] → token by id. */
function tokensOf(entries: Entries): (string | undefined)[] {
  const path = `${FILE}: model: vocab`
  const tokens: (string | undefined)[] = []
  for (const [token, id] of entries) {
    if (!isIndex(id, MAX_ID)) throw wrongValue(`${path}: ${show(token)}`, `an id from 0 to ${MAX_ID}`, id)
    if (tokens[id] !== undefined) {
      throw wrongValue(path, 'one token for each id', `${show(token)} and ${show(tokens[id])} for ${id}`)
    }
    checkLength(token, path)
    if (!isWellFormed(token)) throw wrongValue(path, 'tokens of whole characters', `half of a surrogate pair, id ${id}`)
    tokens[id] = token
  }
  return tokens
}

/** The list `added_tokens`. Ids are those of the vocabulary, or new ones. */
function readAddedTokens(list: readonly unknown[], vocabulary: Vocabulary): AddedToken[] {
  const byId = new Map<number, string>()
  return list.map((value, i) => {
    const entry = new JsonObject(value, `${FILE}: added_tokens[${i}]`, TOKENIZER_FILES)
    const added = readAddedToken(entry, entry.integer('id', MAX_ID))
    const id = vocabulary.idOf(added.content)
    if (id !== undefined && id !== added.id) throw wrongValue(entry.at('id'), `${id}, as in the vocabulary`, added.id)
    const other = byId.get(added.id) ?? vocabulary.tokens[added.id] ?? added.content
    if (other !== added.content) throw wrongValue(entry.at('id'), 'an id that no token has', `that of ${show(other)}`)
    byId.set(added.id, added.content)
    return added
  })
}

function readNormalizer(json: JsonObject): BertNormalizerOptions {
  const preTokenizer = json.has('pre_tokenizer') ? json.object('pre_tokenizer').get('type') : null
  if (preTokenizer !== 'BertPreTokenizer') throw unsupported(json.at('pre_tokenizer'), 'BertPreTokenizer', preTokenizer)
  if (!json.has('normalizer')) {
    return { cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false }
  }
  const normalizer = json.object('normalizer')
  const type = normalizer.get('type')
  if (type !== 'BertNormalizer') throw unsupported(normalizer.at('type'), '"BertNormalizer"', type)
  const lowercase = normalizer.boolean('lowercase')
  return {
    cleanText: normalizer.boolean('clean_text'),
    handleChineseChars: normalizer.boolean('handle_chinese_chars'),
    stripAccents: normalizer.boolean('strip_accents', lowercase),
    lowercase,
  }
}

/**
 * QUIRK: `transformers` builds a BertTokenizer's normalizer out of tokenizer_config.json, whatever tokenizer.json says. Here
 * too, where the configuration does say something; where it is silent, tokenizer.json is believed.
 */
function overrideNormalizer(normalizer: BertNormalizerOptions, config: JsonObject): BertNormalizerOptions {
  const type = config.get('tokenizer_class')
  if (type === 'PreTrainedTokenizerFast' || type === 'TokenizersBackend') return normalizer
  const lowercase = config.boolean('do_lower_case', normalizer.lowercase)
  const saysAccents = config.get('strip_accents') !== undefined || config.has('do_lower_case')
  return {
    cleanText: normalizer.cleanText,
    handleChineseChars: config.boolean('tokenize_chinese_chars', normalizer.handleChineseChars),
    stripAccents: saysAccents ? config.boolean('strip_accents', lowercase) : normalizer.stripAccents,
    lowercase,
  }
}

function readTemplate(json: JsonObject, vocabulary: Vocabulary): Template {
  if (!json.has('post_processor')) return BARE_TEMPLATE
  const processor = json.object('post_processor')
  const type = processor.get('type')
  if (type === 'BertProcessing') {
    return bertTemplate(readTokenAndId(processor, 'cls', vocabulary), readTokenAndId(processor, 'sep', vocabulary))
  }
  if (type !== 'TemplateProcessing') {
    throw unsupported(processor.at('type'), '"TemplateProcessing" or "BertProcessing"', type)
  }
  const specials = processor.object('special_tokens')
  const parts = (key: 'single' | 'pair', sequences: string): TemplatePart[] => {
    const read = processor
      .list(key)
      .map((value, i) => readPart(processor.inner(value, `${key}[${i}]`), specials, vocabulary))
    const found = read.flatMap(part => (part.kind === 'sequence' ? [part.sequence] : [])).join(', ')
    if (found !== sequences) throw wrongValue(processor.at(key), `the sequences ${sequences}, once each`, found)
    return read
  }
  return { single: parts('single', 'A'), pair: parts('pair', 'A, B') }
}

function readPart(part: JsonObject, specials: JsonObject, vocabulary: Vocabulary): TemplatePart {
  if (part.has('Sequence')) {
    const sequence = part.object('Sequence')
    const id = sequence.string('id')
    if (id !== 'A' && id !== 'B') throw wrongValue(sequence.at('id'), '"A" or "B"', id)
    return { kind: 'sequence', sequence: id, typeId: sequence.integer('type_id', MAX_TYPE_ID) }
  }
  const name = part.object('SpecialToken')
  const special = specials.object(name.string('id'))
  const ids = special.list('ids').map(id => checkId(id, special.at('ids'), vocabulary))
  const tokens = special.list('tokens').map(token => {
    if (typeof token !== 'string') throw wrongValue(special.at('tokens'), 'strings', token)
    return token
  })
  if (ids.length !== tokens.length) throw wrongValue(special.path, `${ids.length} tokens`, tokens.length)
  return { kind: 'special', ids, tokens, typeId: name.integer('type_id', MAX_TYPE_ID) }
}

const MAX_TYPE_ID = 2 ** 16

function readTokenAndId(processor: JsonObject, key: string, vocabulary: Vocabulary): readonly [string, number] {
  const [token, id] = processor.list(key)
  if (typeof token !== 'string') throw wrongValue(processor.at(key), 'a token and its id', token)
  return [token, checkId(id, processor.at(key), vocabulary)]
}

function checkId(id: unknown, subject: string, vocabulary: Vocabulary): number {
  if (isIndex(id, MAX_ID) && vocabulary.tokens[id] !== undefined) return id
  throw wrongValue(subject, 'ids of the vocabulary', id)
}

function readDecoder(json: JsonObject): DecoderOptions | undefined {
  if (!json.has('decoder')) return undefined
  const decoder = json.object('decoder')
  const type = decoder.get('type')
  if (type !== 'WordPiece') throw unsupported(decoder.at('type'), '"WordPiece"', type)
  return { prefix: decoder.string('prefix', '##'), cleanup: decoder.boolean('cleanup', true) }
}
