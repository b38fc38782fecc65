/** Files as they should not be: every one gives a tokenizer, or a TokenizerError that says what to do. */
import { describe, expect, test } from '@jest/globals'
import { Tokenizer } from '../../dist/node.js'
import { Random } from './oracle.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const special = (content: string, id: number): Json => ({ id, content, special: true, normalized: false })
const vocab = { '[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, a: 4, '##b': 5, '"': 6, '\\': 7, é: 8 }
const part = (kind: string, id: string): Json => ({ [kind]: { id, type_id: 0 } })
const single = [part('SpecialToken', '[CLS]'), part('Sequence', 'A'), part('SpecialToken', '[SEP]')]
const good: Record<string, Json> = {
  version: '1.0',
  added_tokens: [special('[CLS]', 2), special('[SEP]', 3), special('[NEW]', 9)],
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: false,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single,
    pair: [...single, part('Sequence', 'B')],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab,
  },
}
const config: Record<string, Json> = {
  do_lower_case: true,
  strip_accents: null,
  tokenize_chinese_chars: true,
  model_max_length: 512,
  cls_token: '[CLS]',
  sep_token: { content: '[SEP]', lstrip: false },
  additional_special_tokens: ['[X]'],
  added_tokens_decoder: { '3': { content: '[SEP]', special: true } },
  token_type_rule: 'word-case',
  split_special_tokens: false,
  tokenizer_class: 'BertTokenizer',
}
const VOCAB_TEXT = Object.keys(vocab).join('\n')

const clone = (value: Json): Record<string, Json> => JSON.parse(JSON.stringify(value)) as Record<string, Json>

/** Made with one change: `[path, value]`, or without a value, where the place is deleted. */
function changed(value: Json, path: readonly (string | number)[], to?: Json): Record<string, Json> {
  const copy = clone(value)
  let at = copy
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, Json>
  const last = path.at(-1)!
  if (to === undefined) Reflect.deleteProperty(at, last)
  else at[last] = to
  return copy
}

function codeOf(make: () => unknown): string {
  try {
    make()
    return 'none'
  } catch (error) {
    const { code, subject, expected, found, nextStep } = error as Record<string, unknown>
    for (const said of [subject, expected, found, nextStep]) {
      if (typeof said !== 'string' || said === '') throw new Error('a raw error', { cause: error })
    }
    return String(code)
  }
}

test('the one that all others are changes of', () => {
  for (const input of [good, JSON.stringify(good), JSON.stringify(good, null, 1)]) {
    const tokenizer = Tokenizer.fromJson(input)
    expect(tokenizer.encode('ab "\\ [NEW]é').ids).toEqual([2, 4, 5, 6, 7, 9, 8, 3])
    expect(tokenizer.vocabSize).toBe(10)
  }
  const { ids, typeIds } = Tokenizer.fromVocab(VOCAB_TEXT, config).encode('A [X]')
  expect([ids, typeIds]).toEqual([
    [2, 4, 10, 3], // 9 is [MASK], which BERT names and the vocabulary lacks
    [0, 2, 0, 0],
  ])
})

test.each<[string, (string | number)[], Json | undefined, string]>([
  ['no model', ['model'], undefined, 'TOKENIZER_VALUE'],
  ['no vocabulary', ['model', 'vocab'], undefined, 'TOKENIZER_VALUE'],
  ['a list for a vocabulary', ['model', 'vocab'], ['a'], 'TOKENIZER_VALUE'],
  ['an empty vocabulary', ['model', 'vocab'], {}, 'TOKENIZER_TOKEN_MISSING'],
  ['an id that is no number', ['model', 'vocab', 'a'], '4', 'TOKENIZER_VALUE'],
  ['a negative id', ['model', 'vocab', 'a'], -1, 'TOKENIZER_VALUE'],
  ['a fraction', ['model', 'vocab', 'a'], 0.5, 'TOKENIZER_VALUE'],
  ['an id beyond all tables', ['model', 'vocab', 'a'], 2 ** 31, 'TOKENIZER_VALUE'],
  ['an id of two tokens', ['model', 'vocab', 'a'], 5, 'TOKENIZER_VALUE'],
  ['half a character', ['model', 'vocab', '\ud83d'], 20, 'TOKENIZER_VALUE'],
  ['a name of the prototype', ['model', 'vocab', '__proto__x'], 20, 'none'],
  ['another model', ['model', 'type'], 'BPE', 'TOKENIZER_UNSUPPORTED'],
  ['merges', ['model', 'merges'], [], 'TOKENIZER_UNSUPPORTED'],
  ['no unknown token', ['model', 'unk_token'], '<unk>', 'TOKENIZER_TOKEN_MISSING'],
  ['another normalizer', ['normalizer', 'type'], 'NFKC', 'TOKENIZER_UNSUPPORTED'],
  ['no normalizer', ['normalizer'], null, 'none'],
  ['half a normalizer', ['normalizer', 'lowercase'], undefined, 'TOKENIZER_VALUE'],
  ['another pre-tokenizer', ['pre_tokenizer', 'type'], 'ByteLevel', 'TOKENIZER_UNSUPPORTED'],
  ['no pre-tokenizer', ['pre_tokenizer'], null, 'TOKENIZER_UNSUPPORTED'],
  ['no post-processor', ['post_processor'], null, 'none'],
  ['another post-processor', ['post_processor', 'type'], 'ByteLevel', 'TOKENIZER_UNSUPPORTED'],
  ['BertProcessing', ['post_processor'], { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] }, 'none'],
  [
    'BertProcessing, wrong',
    ['post_processor'],
    { type: 'BertProcessing', sep: ['[SEP]', 30], cls: 1 },
    'TOKENIZER_VALUE',
  ],
  ['a template without the text', ['post_processor', 'single'], [single[0]!], 'TOKENIZER_VALUE'],
  ['a template with the text twice', ['post_processor', 'single'], [single[1]!, single[1]!], 'TOKENIZER_VALUE'],
  ['a template of something else', ['post_processor', 'single', 0], { Other: {} }, 'TOKENIZER_VALUE'],
  ['a sequence C', ['post_processor', 'pair', 1, 'Sequence', 'id'], 'C', 'TOKENIZER_VALUE'],
  ['a template without names', ['post_processor', 'special_tokens'], {}, 'TOKENIZER_VALUE'],
  ['a template with an unknown id', ['post_processor', 'special_tokens', '[CLS]', 'ids'], [77], 'TOKENIZER_VALUE'],
  ['ids without tokens', ['post_processor', 'special_tokens', '[CLS]', 'tokens'], [], 'TOKENIZER_VALUE'],
  ['no decoder', ['decoder'], null, 'none'],
  ['another decoder', ['decoder', 'type'], 'Metaspace', 'TOKENIZER_UNSUPPORTED'],
  ['an added token of another id', ['added_tokens', 0, 'id'], 3, 'TOKENIZER_VALUE'],
  ['an added token of a taken id', ['added_tokens', 2, 'id'], 4, 'TOKENIZER_VALUE'],
  ['an added token without text', ['added_tokens', 0, 'content'], undefined, 'TOKENIZER_VALUE'],
  ['a token beyond all length', ['model', 'vocab', 'x'.repeat(1001)], 20, 'TOKENIZER_VALUE'],
  ['a token of many escapes', ['model', 'vocab', '\n'.repeat(10_000_000)], 20, 'TOKENIZER_VALUE'],
  ['a token of 1,000 units', ['model', 'vocab', '"'.repeat(1000)], 20, 'none'],
  ['an added token beyond all length', ['added_tokens', 2, 'content'], 'x'.repeat(1001), 'TOKENIZER_VALUE'],
  ['an added token that is empty', ['added_tokens', 2, 'content'], '', 'none'],
])('tokenizer.json: %s', (_, path, to, code) => {
  const value = changed(good, path, to)
  expect(codeOf(() => Tokenizer.fromJson(value).encode('a'))).toBe(code)
  expect(codeOf(() => Tokenizer.fromJson(JSON.stringify(value)).encode('a'))).toBe(code)
})

test.each<[string, string, Json, string]>([
  ['a rule that is not known', 'token_type_rule', 'case', 'TOKENIZER_UNSUPPORTED'],
  ['a length that is none', 'model_max_length', 'long', 'TOKENIZER_VALUE'],
  ['no length', 'model_max_length', null, 'none'],
  ['a negative length', 'model_max_length', -1, 'TOKENIZER_VALUE'],
  ['case by name', 'do_lower_case', 'yes', 'TOKENIZER_VALUE'],
  ['a token that is none', 'cls_token', 5, 'TOKENIZER_VALUE'],
  ['a token without text', 'cls_token', {}, 'TOKENIZER_VALUE'],
  ['a token that the vocabulary does not have', 'cls_token', '<s>', 'TOKENIZER_TOKEN_MISSING'],
  ['an added token of another id', 'added_tokens_decoder', { '2': { content: '[SEP]' } }, 'TOKENIZER_VALUE'],
  ['an added token of no id', 'added_tokens_decoder', { x: { content: '[SEP]' } }, 'TOKENIZER_VALUE'],
  ['an added token beyond all tables', 'added_tokens_decoder', { '99999999999': { content: 'x' } }, 'TOKENIZER_VALUE'],
  ['an added token that is a list', 'added_tokens_decoder', { '2': [] }, 'TOKENIZER_VALUE'],
  ['additional tokens that are none', 'additional_special_tokens', [5], 'TOKENIZER_VALUE'],
])('tokenizer_config.json: %s', (_, key, to, code) => {
  expect(codeOf(() => Tokenizer.fromVocab(VOCAB_TEXT, { ...config, [key]: to }))).toBe(code)
})

test('tokenizer_config.json counts for more than tokenizer.json, where it says something', () => {
  const tokens = (tokenizerConfig: Json): string[] =>
    Tokenizer.fromJson(good, tokenizerConfig as object).encode('A é').tokens
  expect(tokens({})).toEqual(['[CLS]', '[UNK]', 'é', '[SEP]'])
  expect(tokens({ do_lower_case: true })).toEqual(['[CLS]', 'a', '[UNK]', '[SEP]'])
  expect(tokens({ do_lower_case: true, strip_accents: false })).toEqual(['[CLS]', 'a', 'é', '[SEP]'])
  expect(tokens({ do_lower_case: true, tokenizer_class: 'PreTrainedTokenizerFast' })).toEqual(tokens({}))
})

test('type ids are those of the template, with special tokens and without', () => {
  const sequence = (id: string, type: number): Json => ({ Sequence: { id, type_id: type } })
  const template = {
    ...(good.post_processor as object),
    single: [sequence('A', 3)],
    pair: [sequence('A', 1), sequence('B', 0)],
  }
  const tokenizer = Tokenizer.fromJson({ ...good, post_processor: template })
  for (const addSpecialTokens of [true, false]) {
    expect(tokenizer.encode('a', { addSpecialTokens }).typeIds).toEqual([3])
    expect(tokenizer.encode('a', { addSpecialTokens, pair: 'a' }).typeIds).toEqual([1, 0])
  }
})

test('decode leaves special tokens out by what they are spelled as', () => {
  const added = [
    { id: 9, content: 'New', special: true, normalized: true },
    { id: 10, content: 'New', special: true },
  ]
  const normalizer = { ...(good.normalizer as object), lowercase: true }
  const lower = Tokenizer.fromJson({ ...good, normalizer, added_tokens: [added[0]] })
  expect(lower.decode([9, 2, 4])).toBe('new [CLS] a')
  expect(Tokenizer.fromJson({ ...good, normalizer, added_tokens: [added[1]] }).decode([10, 4])).toBe('a')
})

test('offsets in code points where added tokens overlap', () => {
  const added = [
    { id: 9, content: '😀', rstrip: true, special: true },
    { id: 10, content: '  ', special: true },
  ]
  const tokenizer = Tokenizer.fromJson({ ...good, added_tokens: added })
  const { offsets } = tokenizer.encode('😀  😀a', { addSpecialTokens: false, offsetUnit: 'codepoint' })
  expect(offsets).toEqual([
    [0, 3],
    [1, 3],
    [3, 4],
    [4, 5],
  ])
})

describe('anything else', () => {
  const KNOWN = /^(?:none|TOKENIZER_(?:NOT_JSON|NOT_UTF8|VALUE|UNSUPPORTED|TOKEN_MISSING))$/
  const AN_OBJECT = 'a key that could be the vocabulary'
  const use = (tokenizer: Tokenizer): void => {
    tokenizer.decode(tokenizer.encode('ab [NEW] "é').ids)
  }

  test.each<[string, unknown]>([
    ['nothing', ''],
    ['no JSON', '<html>'],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', 5],
    ['undefined', undefined],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0)],
    ['a deep list', '['.repeat(200_000)],
    ['a deep vocabulary', `{"model":{"vocab":${'{"a":'.repeat(100_000)}`],
    [AN_OBJECT, '{"x":{"vocab":{"a":1}},"model":{"vocab":"vocabulary read before"}}'],
  ])('%s', (name, input) => {
    expect(codeOf(() => Tokenizer.fromJson(input as string))).toMatch(/^TOKENIZER_/)
    expect(codeOf(() => Tokenizer.fromVocab(input as string))).toMatch(/^TOKENIZER_/)
    if (input !== undefined && name !== AN_OBJECT) {
      expect(codeOf(() => Tokenizer.fromJson(good, input as string))).toMatch(/^TOKENIZER_/)
    }
  })

  test('tokenizer.json cut off anywhere, and with every byte changed', () => {
    const text = JSON.stringify(good)
    for (let end = 0; end < text.length; end++) {
      expect(codeOf(() => Tokenizer.fromJson(text.slice(0, end)))).toMatch(/^TOKENIZER_/)
    }
    const bytes = new TextEncoder().encode(text)
    const random = new Random(7)
    for (let i = 0; i < bytes.length; i++) {
      const copy = bytes.slice()
      copy[i] = copy[i]! ^ (1 << random.below(8))
      expect(
        codeOf(() => {
          use(Tokenizer.fromJson(copy))
        }),
      ).toMatch(KNOWN)
    }
  })

  test('every value of both files replaced by one of another type', () => {
    const others: Json[] = [null, true, -1, 1e300, 0.5, '', 'x', [], {}, [null], { x: null }]
    const places = (value: Json, path: (string | number)[] = []): (string | number)[][] => [
      ...(path.length > 0 ? [path] : []),
      ...(typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))
        : []),
    ]
    for (const path of places(good)) {
      for (const to of [undefined, ...others]) {
        expect(
          codeOf(() => {
            use(Tokenizer.fromJson(changed(good, path, to)))
          }),
        ).toMatch(KNOWN)
      }
    }
    for (const path of places(config)) {
      for (const to of [undefined, ...others]) {
        const value = changed(config, path, to)
        expect(
          codeOf(() => {
            use(Tokenizer.fromVocab(VOCAB_TEXT, value))
          }),
        ).toMatch(KNOWN)
        expect(
          codeOf(() => {
            use(Tokenizer.fromJson(good, value))
          }),
        ).toMatch(KNOWN)
      }
    }
  })

  test('vocab.txt: no special tokens, many empty lines, bytes at random', () => {
    expect(codeOf(() => Tokenizer.fromVocab('a\nb'))).toBe('TOKENIZER_TOKEN_MISSING')
    expect(codeOf(() => Tokenizer.fromVocab(`[UNK]\n${'x'.repeat(1001)}`))).toBe('TOKENIZER_VALUE')
    expect(codeOf(() => Tokenizer.fromVocab(VOCAB_TEXT, { additional_special_tokens: ['x'.repeat(1001)] }))).toBe(
      'TOKENIZER_VALUE',
    )
    expect(codeOf(() => Tokenizer.fromVocab('\n'.repeat(5_000_000)))).toBe('TOKENIZER_VALUE')
    expect(Tokenizer.fromVocab(`[UNK]\n[CLS]\n[SEP]${'\n'.repeat(1_000_000)}a`).encode('a').ids).toEqual([
      1, 1_000_002, 2,
    ])
    const random = new Random(11)
    for (let i = 0; i < 200; i++) {
      const bytes = Uint8Array.from({ length: 50 }, () => random.below(256))
      expect(codeOf(() => Tokenizer.fromVocab(bytes))).toMatch(KNOWN)
    }
  })
})
