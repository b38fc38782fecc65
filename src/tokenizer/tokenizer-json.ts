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
  readShared,
  type TokenizerConfig,
} from './config.ts'
import { readDeclarations } from './declared.ts'
import type { DecoderOptions } from './decoder.ts'
import { isIndex, isJsonText, readJson, readText, type JsonInput, JsonObject } from '../json/object.ts'
import { show } from '../values.ts'
import { TOKENIZER_FILES, unsupported, wrongValue } from './errors.ts'
import type { BertNormalizerOptions } from './normalizer.ts'
import { SCANNED, scanVocab } from './scan-vocab.ts'
import { CONFIG_FILE, type Settings } from './settings.ts'
import { BARE_TEMPLATE, bertTemplate, type Template, type TemplatePart } from './template.ts'
import { bertConfig, bertNames } from './vocab-text.ts'
import { Vocabulary } from './vocabulary.ts'

/** Reads tokenizer.json as transformers does, with the `settings` beside it; without them, as `tokenizers` does. */
export function configFromJson(tokenizerJson: JsonInput, settings?: Settings): TokenizerConfig {
  const { json, scanned } = openJson(tokenizerJson)
  const model = json.object('model')
  const type = model.get('type') ?? 'WordPiece'
  if (type !== 'WordPiece' || model.has('merges')) throw unsupported(model.at('type'), '"WordPiece"', type)
  const pieces = new Vocabulary(tokensOf(scanned ?? model.object('vocab').entries()))
  const unkToken = model.string('unk_token', DEFAULT_NAMES.unk)
  const own = json.has('added_tokens') ? readAddedTokens(json.list('added_tokens'), pieces) : []
  const normalizer = readNormalizer(json)
  if (settings?.isBert !== true) return plainConfig(json, pieces, own, unkToken, settings)
  const declared = readDeclarations(settings, pieces, own, bertNames({ unk: unkToken }))
  // QUIRK: transformers lower-cases if tokenizer_config.json does not say. That would misread a cased model without that file.
  return bertConfig(FILE, pieces, declared, settings.config, json.has('normalizer') ? normalizer : undefined)
}

/** Builds a tokenizer as tokenizer.json says, with the tokens that the files beside it declare. */
function plainConfig(
  json: JsonObject,
  pieces: Vocabulary,
  own: readonly AddedToken[],
  unkToken: string,
  settings: Settings | undefined,
): TokenizerConfig {
  const declared = settings ? readDeclarations(settings, pieces, own) : undefined
  const addedTokens = declared?.addedTokens ?? own
  const vocabulary = pieces.with(addedTokens)
  if (pieces.idOf(unkToken) === undefined) throw missingToken(FILE, unkToken, vocabulary)
  const model = json.object('model')
  const maxInputCharsPerWord = model.integer(
    'max_input_chars_per_word',
    Number.MAX_SAFE_INTEGER,
    MAX_INPUT_CHARS_PER_WORD,
  )
  return {
    pieces,
    vocabulary,
    wordPiece: {
      unkToken,
      continuingSubwordPrefix: model.string('continuing_subword_prefix', '##'),
      maxInputCharsPerWord,
    },
    normalizer: readNormalizer(json),
    template: readTemplate(json, vocabulary),
    addedTokens,
    implied: declared?.implied ?? new Set(),
    decoder: readDecoder(json),
    ...readShared(
      settings?.config ?? new JsonObject({}, CONFIG_FILE, TOKENIZER_FILES),
      declared?.names ?? bertNames(),
      vocabulary,
    ),
  }
}

type Entries = readonly (readonly [token: string, id: unknown])[]

/** Parses the file, and gives its vocabulary separately if {@link scanVocab} could read it. */
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

/** Reads the list `added_tokens`. Ids are those of the vocabulary, or new ones. */
function readAddedTokens(list: readonly unknown[], vocabulary: Vocabulary): AddedToken[] {
  const byId = new Map<number, string>()
  return list.map((value, i) => {
    const entry = new JsonObject(value, `${FILE}: added_tokens[${i}]`, TOKENIZER_FILES)
    const added = readAddedToken(entry, entry.integer('id', MAX_ID))
    const id = vocabulary.idOf(added.content)
    if (id !== undefined && id !== added.id) throw wrongValue(entry.at('id'), `${id}, as in the vocabulary`, added.id)
    const other = byId.get(added.id) ?? vocabulary.token(added.id) ?? added.content
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
    const list = processor.list(key)
    if (list.length > MAX_TEMPLATE) throw wrongValue(processor.at(key), `at most ${MAX_TEMPLATE} parts`, list.length)
    const read = list.map((value, i) => readPart(processor.inner(value, `${key}[${i}]`), specials, vocabulary))
    const count = read.reduce((sum, part) => sum + (part.kind === 'special' ? part.ids.length : 1), 0)
    if (count > MAX_TEMPLATE) throw wrongValue(processor.at(key), `at most ${MAX_TEMPLATE} tokens`, count)
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
  const list = special.list('ids')
  if (list.length > MAX_TEMPLATE) throw wrongValue(special.at('ids'), `at most ${MAX_TEMPLATE} ids`, list.length)
  const ids = list.map(id => checkId(id, special.at('ids'), vocabulary))
  const tokens = special.list('tokens').map(token => {
    if (typeof token !== 'string') throw wrongValue(special.at('tokens'), 'strings', token)
    return token
  })
  if (ids.length !== tokens.length) throw wrongValue(special.path, `${ids.length} tokens`, tokens.length)
  return { kind: 'special', ids, tokens, typeId: name.integer('type_id', MAX_TYPE_ID) }
}

const MAX_TYPE_ID = 2 ** 16

/** The most special tokens around a text. BERT has two or three, but each part of a template could name a thousand. */
const MAX_TEMPLATE = 512

function readTokenAndId(processor: JsonObject, key: string, vocabulary: Vocabulary): readonly [string, number] {
  const [token, id] = processor.list(key)
  if (typeof token !== 'string') throw wrongValue(processor.at(key), 'a token and its id', token)
  return [token, checkId(id, processor.at(key), vocabulary)]
}

function checkId(id: unknown, subject: string, vocabulary: Vocabulary): number {
  if (isIndex(id, MAX_ID) && vocabulary.token(id) !== undefined) return id
  throw wrongValue(subject, 'ids of the vocabulary', id)
}

function readDecoder(json: JsonObject): DecoderOptions | undefined {
  if (!json.has('decoder')) return undefined
  const decoder = json.object('decoder')
  const type = decoder.get('type')
  if (type !== 'WordPiece') throw unsupported(decoder.at('type'), '"WordPiece"', type)
  return { prefix: decoder.string('prefix', '##'), cleanup: decoder.boolean('cleanup', true) }
}
