/**
 * Published models for token classification, as their listings show them: shape, keys, labels and tokenizer files of each, with one
 * layer and random weights. Each loads unchanged and answers with its own labels.
 */
import { afterAll, describe, expect, test } from '@jest/globals'
import { convertModel } from '../../dist/convert/convert.js'
import { pipeline, readSafetensors, sourceFromBytes, type NerPipeline } from '../../dist/node.js'
import { randomModel, type RandomModelOptions } from '../helpers/random-model.js'
import { torchFile } from '../helpers/torch-file.ts'

type Files = Record<string, Uint8Array>

const encode = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const bio = (...types: string[]) => ['O', ...types.flatMap(type => [`B-${type}`, `I-${type}`])]
const CONLL = bio('MISC', 'PER', 'ORG', 'LOC')

const BASE = { hidden: 768, heads: 12, intermediate: 3072, positions: 512, types: 2, layers: 1 }
const LARGE = { ...BASE, hidden: 1024, heads: 16, intermediate: 4096 }
const CASED = 28996
const UNCASED = 30522
const MULTILINGUAL = 119547

/** A vocabulary with BERT's special tokens at their places, letters in both cases, and words up to its size. */
function pieces(size: number): string[] {
  const letters = Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,')
  const first = [
    '[PAD]',
    ...Array.from({ length: 99 }, (_, i) => `[unused${i + 1}]`),
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
  ]
  const known = [...first, ...letters, ...letters.map(letter => `##${letter}`)]
  return [...known, ...Array.from({ length: size - known.length }, (_, i) => `word${i}`)]
}

function tokenizerJson(list: readonly string[], lowercase: boolean): object {
  const special = (content: string) => ({ id: list.indexOf(content), content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }) // prettier-ignore
  const part = (kind: string, id: string, type_id: number) => ({ [kind]: { id, type_id } })
  const single = [part('SpecialToken', '[CLS]', 0), part('Sequence', 'A', 0), part('SpecialToken', '[SEP]', 0)]
  const pair = [...single, part('Sequence', 'B', 1), part('SpecialToken', '[SEP]', 1)]
  const ids = (token: string) => ({ id: token, ids: [list.indexOf(token)], tokens: [token] })
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map(special),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'TemplateProcessing', single, pair, special_tokens: { '[CLS]': ids('[CLS]'), '[SEP]': ids('[SEP]') } }, // prettier-ignore
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab: Object.fromEntries(list.map((piece, id) => [piece, id])) }, // prettier-ignore
  }
}

const NAMES = { unk_token: '[UNK]', sep_token: '[SEP]', pad_token: '[PAD]', cls_token: '[CLS]', mask_token: '[MASK]' }
const DECODER = Object.fromEntries(
  [0, 100, 101, 102, 103].map((id, i) => [id, { content: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'][i], lstrip: false, normalized: false, rstrip: false, single_word: false, special: true }]), // prettier-ignore
)

interface Published {
  readonly name: string
  readonly model: RandomModelOptions & { vocab: number; labels: string[] }
  readonly isCased: boolean
  /** More of config.json. */
  readonly config?: object
  /** tokenizer_config.json */
  readonly tokenizer: object
  readonly files: readonly ('vocab.txt' | 'tokenizer.json' | 'special_tokens_map.json' | 'added_tokens.json')[]
  readonly isPickle?: true
}

const OLD = { do_lower_case: false, max_len: 512, init_inputs: [] }
const SAVED = {
  do_lower_case: false,
  model_max_length: 512,
  strip_accents: null,
  tokenize_chinese_chars: true,
  ...NAMES,
}

const FAMILY: readonly Published[] = [
  {
    name: 'dslim/bert-base-NER',
    model: { ...BASE, vocab: CASED, labels: CONLL, pooler: true },
    isCased: true,
    config: { _num_labels: 9, output_past: true, pad_token_id: 0, hidden_dropout_prob: 0.1 },
    tokenizer: OLD,
    files: ['vocab.txt', 'special_tokens_map.json', 'added_tokens.json'],
  },
  {
    name: 'dslim/bert-base-NER-uncased',
    model: { ...BASE, vocab: UNCASED, labels: CONLL, pooler: true },
    isCased: false,
    config: { _num_labels: 9, output_past: true },
    tokenizer: { do_lower_case: true, max_len: 512, init_inputs: [] },
    files: ['vocab.txt', 'special_tokens_map.json', 'added_tokens.json'],
  },
  {
    name: 'dslim/bert-large-NER',
    model: { ...LARGE, vocab: CASED, labels: CONLL, pooler: true },
    isCased: true,
    config: { _num_labels: 9, directionality: 'bidi', pooler_type: 'first_token_transform' },
    tokenizer: OLD,
    files: ['vocab.txt', 'special_tokens_map.json', 'added_tokens.json'],
  },
  {
    name: 'dslim/distilbert-NER',
    model: { ...BASE, vocab: CASED, labels: CONLL, family: 'distilbert' },
    isCased: true,
    config: {
      output_past: true,
      seq_classif_dropout: 0.2,
      qa_dropout: 0.1,
      tie_weights_: true,
      torch_dtype: 'float32',
    },
    tokenizer: { ...SAVED, added_tokens_decoder: DECODER, tokenizer_class: 'DistilBertTokenizer', clean_up_tokenization_spaces: true }, // prettier-ignore
    files: ['vocab.txt', 'tokenizer.json', 'special_tokens_map.json'],
  },
  {
    name: 'dbmdz/bert-large-cased-finetuned-conll03-english',
    model: { ...LARGE, vocab: CASED, labels: CONLL, pooler: true },
    isCased: true,
    config: { _num_labels: 9, directionality: 'bidi', pooler_fc_size: 768, pooler_num_attention_heads: 12 },
    tokenizer: { do_lower_case: false, model_max_length: 512 },
    files: ['vocab.txt', 'tokenizer.json'],
  },
  {
    name: 'Davlan/bert-base-multilingual-cased-ner-hrl',
    model: { ...BASE, vocab: MULTILINGUAL, labels: bio('DATE', 'PER', 'ORG', 'LOC') },
    isCased: true,
    config: { directionality: 'bidi', position_embedding_type: 'absolute', use_cache: true },
    tokenizer: { ...SAVED, special_tokens_map_file: null, tokenizer_file: null, tokenizer_class: 'BertTokenizer' },
    files: ['vocab.txt', 'special_tokens_map.json'],
  },
  {
    name: 'Babelscape/wikineural-multilingual-ner',
    model: { ...BASE, vocab: MULTILINGUAL, labels: bio('PER', 'ORG', 'LOC', 'MISC') },
    isCased: true,
    config: { directionality: 'bidi', pooler_type: 'first_token_transform', use_cache: true },
    tokenizer: { ...SAVED, tokenizer_class: 'BertTokenizer', never_split: null, do_basic_tokenize: true },
    files: ['vocab.txt', 'tokenizer.json', 'special_tokens_map.json'],
  },
  {
    name: 'StanfordAIMI/stanford-deidentifier-base',
    model: { ...BASE, vocab: UNCASED, labels: ['VENDOR', 'DATE', 'HCW', 'HOSPITAL', 'ID', 'PATIENT', 'PHONE', 'O'] },
    isCased: false,
    config: { gradient_checkpointing: false, position_embedding_type: 'absolute' },
    tokenizer: { do_lower_case: true },
    files: ['vocab.txt'],
    isPickle: true,
  },
  {
    name: 'd4data/biomedical-ner-all',
    model: { ...BASE, vocab: UNCASED, labels: [...bio(...Array.from({ length: 41 }, (_, i) => `Type_${i}`)), 'B-Mass'], family: 'distilbert' }, // prettier-ignore
    isCased: false,
    config: { seq_classif_dropout: 0.2, sinusoidal_pos_embds: false, tie_weights_: true },
    tokenizer: { ...SAVED, do_lower_case: true, tokenizer_class: 'DistilBertTokenizer' },
    files: ['vocab.txt', 'tokenizer.json', 'special_tokens_map.json'],
  },
]

function folderOf({ model, config, tokenizer, files, isCased }: Published): Files {
  const list = pieces(model.vocab)
  const contents = {
    'vocab.txt': () => list.map(piece => `${piece}\n`).join(''),
    'tokenizer.json': () => tokenizerJson(list, !isCased),
    'special_tokens_map.json': () => NAMES,
    'added_tokens.json': () => ({}),
  }
  const made = randomModel({ std: 0.05, ...model })
  const said = JSON.parse(new TextDecoder().decode(made['config.json'])) as object
  return {
    ...Object.fromEntries(files.map(name => [name, encode(contents[name]())])),
    'config.json': encode({ ...said, ...config }),
    'tokenizer_config.json': encode(tokenizer),
    'model.safetensors': made['model.safetensors'],
  }
}

function isSame(a: ArrayBufferView, b: ArrayBufferView | undefined): boolean {
  const bytes = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength)
  return b !== undefined && bytes(a).equals(bytes(b))
}

const TEXT = 'Wolf, a word7'

async function check(ner: NerPipeline, { model, isCased }: Published): Promise<void> {
  const list = pieces(model.vocab)
  const letters = isCased ? ['W', '##o', '##l', '##f'] : ['w', '##o', '##l', '##f']
  const tokens = ['[CLS]', ...letters, ',', 'a', 'word7', '[SEP]']
  expect(ner.tokenizer.encode(TEXT).ids).toEqual(tokens.map(token => list.indexOf(token)))
  expect(ner.model.config.labels).toEqual(model.labels)
  const entities = await ner(TEXT, { ignore_labels: [] })
  expect(entities.map(({ word }) => word)).toEqual(tokens.slice(1, -1))
  for (const { entity, score } of entities) {
    expect(model.labels).toContain(entity)
    expect(score).toBeGreaterThan(1 / model.labels.length - 1e-6)
  }
}

describe('the family', () => {
  let ner: NerPipeline | undefined
  afterAll(async () => ner?.dispose())

  test.each(FAMILY.filter(({ isPickle }) => !isPickle).map(entry => [entry.name, entry] as const))(
    '%s',
    async (_, entry) => {
      await ner?.dispose()
      ner = await pipeline('token-classification', folderOf(entry), { threads: 1 })
      await check(ner, entry)
    },
    60_000,
  )

  test.each(FAMILY.filter(({ isPickle }) => isPickle).map(entry => [entry.name, entry] as const))(
    '%s, which has pytorch_model.bin alone',
    async (_, entry) => {
      const { 'model.safetensors': weights = new Uint8Array(), ...files } = folderOf(entry)
      const published = { ...files, 'pytorch_model.bin': torchFile(readSafetensors(weights).tensors) }
      await expect(pipeline('token-classification', published)).rejects.toMatchObject({
        nextStep: expect.stringContaining('bert-ner convert'),
      })
      const made: Files = {}
      const create = (name: string, size: number) => {
        const bytes = (made[name] = new Uint8Array(size))
        return Promise.resolve({
          size,
          read: (offset: number, length: number) => Promise.resolve(bytes.slice(offset, offset + length)),
          write(offset: number, part: Uint8Array) {
            bytes.set(part, offset)
            return Promise.resolve()
          },
        })
      }
      await convertModel(sourceFromBytes(published), { create }, { store: 'f32' })
      const { tensors } = readSafetensors(made['model.safetensors'] ?? new Uint8Array())
      for (const [name, { data }] of readSafetensors(weights).tensors) {
        // Not by toEqual, which looks at each of 30 million numbers for itself.
        expect([name, isSame(data, tensors.get(name)?.data)]).toEqual([name, true])
      }
      await ner?.dispose()
      ner = await pipeline('token-classification', made, { threads: 1 })
      await check(ner, entry)
    },
    60_000,
  )
})
