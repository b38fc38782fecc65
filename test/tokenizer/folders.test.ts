/** Folders of tokenizer files as versions of transformers have left them: read as AutoTokenizer of 5.23 reads them, or refused. */
import { expect, test } from '@jest/globals'
import { sourceFromBytes, Tokenizer } from '../../dist/node.js'
import { readFixture } from './oracle.ts'

interface Case {
  readonly files: Readonly<Record<string, string>>
  readonly texts: readonly string[]
  readonly refused?: true
  readonly answers?: readonly (readonly [ids: number[], offsets: number[], typeIds: number[]])[]
  readonly special?: Readonly<Record<string, number>>
}

const cases = readFixture('folders') as Case[]

const open = (files: Case['files']): Promise<Tokenizer> => {
  const bytes = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)] as const)
  return Tokenizer.fromSource(sourceFromBytes(Object.fromEntries(bytes)))
}

/** What a folder's tokenizer makes of the texts, in the form of the fixture. */
async function answersOf({ files, texts }: Case): Promise<Pick<Case, 'answers'>> {
  const tokenizer = await open(files)
  return {
    answers: texts.map(text => {
      const { ids, offsets, typeIds } = tokenizer.encode(text, { offsetUnit: 'codepoint' })
      return [ids, offsets.flat(), typeIds]
    }),
  }
}

test('as AutoTokenizer, whichever files there are and wherever they declare tokens', async () => {
  const answered = cases.filter(({ refused }) => !refused)
  expect(answered.length).toBeGreaterThan(400)
  for (const folder of answered) {
    const result = await answersOf(folder).catch((error: unknown) => ({ error }))
    expect({ files: folder.files, texts: folder.texts, ...result }).toEqual({
      files: folder.files,
      texts: folder.texts,
      answers: folder.answers,
    })
  }
})

test('special tokens by their part', async () => {
  for (const { files, special } of cases) {
    if (special === undefined) continue
    const tokenizer = await open(files)
    const names = ['unk', 'sep', 'pad', 'cls', 'mask'] as const
    const found = names.flatMap(name => {
      const token = tokenizer.specialToken(name)
      return token === undefined ? [] : [[name, token.id] as const]
    })
    expect({ files, special: Object.fromEntries(found) }).toEqual({
      files,
      special: Object.fromEntries(names.flatMap(name => (name in special ? [[name, special[name]]] : []))),
    })
  }
})

test('ids that the files do not agree on, and words that could have no id, are an error', async () => {
  const refused = cases.filter(({ refused }) => refused)
  expect(refused.length).toBeGreaterThan(50)
  const loaded: unknown[] = []
  for (const { files } of refused) {
    const code = await open(files).then(
      () => 'none',
      (error: unknown) => (error as { code?: string }).code ?? 'a raw error',
    )
    expect(['TOKENIZER_VALUE', 'TOKENIZER_TOKEN_MISSING', 'none']).toContain(code)
    if (code === 'none') loaded.push(files)
  }
  expect(loaded).toEqual([])
})

const VOCAB = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nlives\n'
const failure = (files: Case['files']): Promise<unknown> =>
  open(files).then(
    () => 'none',
    (error: unknown) => error,
  )

test.each<[string, string, unknown]>([
  ['BertJapaneseTokenizer', 'tokenizer_class', 'BertJapaneseTokenizer'],
  ['KoBertTokenizer', 'tokenizer_class', 'KoBertTokenizer'],
  ['BertweetTokenizer', 'tokenizer_class', 'BertweetTokenizer'],
  ['RobertaTokenizerFast', 'tokenizer_class', 'RobertaTokenizerFast'],
  ['RemBertTokenizer', 'tokenizer_class', 'RemBertTokenizer'],
  ['a class of no name', 'tokenizer_class', ''],
  ['mecab', 'word_tokenizer_type', 'mecab'],
  ['character', 'subword_tokenizer_type', 'character'],
])('another tokenizer is refused by name: %s', async (_, key, value) => {
  const config = JSON.stringify({ [key]: value })
  for (const files of [{ 'vocab.txt': VOCAB }, { 'tokenizer.json': jsonOf(VOCAB) }]) {
    for (const name of key === 'tokenizer_class'
      ? ['tokenizer_config.json', 'config.json']
      : ['tokenizer_config.json']) {
      const error = await failure({ ...files, [name]: config })
      expect(error).toMatchObject({ code: 'TOKENIZER_UNSUPPORTED', found: JSON.stringify(value) })
      expect(error).toMatchObject({ subject: `${name}: ${key}` })
    }
  }
})

test('tokenizer_config.json counts for more than config.json', async () => {
  const files = {
    'vocab.txt': VOCAB,
    'tokenizer_config.json': '{"tokenizer_class":"BertTokenizer","word_tokenizer_type":"basic"}',
    'config.json': '{"tokenizer_class":"BertJapaneseTokenizer"}',
  }
  expect((await open(files)).encode('lives').ids).toEqual([2, 5, 3])
})

/** A plain tokenizer.json over a vocabulary, without a template. */
function jsonOf(vocab: string): string {
  const pieces = vocab.split('\n').slice(0, -1)
  return JSON.stringify({
    added_tokens: [],
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordPiece', unk_token: '[UNK]', vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])) },
  })
}

test.each([
  ['no class', undefined, [2, 5, 3]],
  ['BertTokenizer', 'BertTokenizer', [2, 5, 3]],
  ['BertTokenizerFast', 'BertTokenizerFast', [2, 5, 3]],
  ['PreTrainedTokenizerFast', 'PreTrainedTokenizerFast', [5]],
  ['TokenizersBackend', 'TokenizersBackend', [5]],
])('no post_processor, %s', async (_, tokenizer_class, ids) => {
  const files = { 'tokenizer.json': jsonOf(VOCAB), 'tokenizer_config.json': JSON.stringify({ tokenizer_class }) }
  const tokenizer = await open(files)
  expect(tokenizer.encode('lives').ids).toEqual(ids)
  expect(tokenizer.around.before.ids).toEqual(ids.slice(0, -2))
})

test('an unknown word never gets the id of another piece', async () => {
  const vocab = '[PAD]\n[CLS]\n[SEP]\nlives\n'
  const decoder = { '4': { content: '<unk>', special: true } }
  for (const config of [{}, { unk_token: '<unk>' }, { unk_token: '<unk>', added_tokens_decoder: decoder }]) {
    const error = await failure({ 'vocab.txt': vocab, 'tokenizer_config.json': JSON.stringify(config) })
    expect(error).toMatchObject({ code: 'TOKENIZER_TOKEN_MISSING' })
  }
})

test('white space at the end of a line of vocab.txt is no part of a token', async () => {
  for (const space of [' ', '\t', '\u3000', '\u00a0', '\u0085', ' \r', '\r']) {
    const tokenizer = await open({ 'vocab.txt': VOCAB.replace('lives', `lives${space}`) })
    expect(tokenizer.encode('lives').ids).toEqual([2, 5, 3])
  }
  const { ids } = (await open({ 'vocab.txt': VOCAB.replaceAll('\n', '\r\n').replace('\r', '') })).encode('lives')
  expect(ids).toEqual([2, 5, 3])
})

test('files that count for nothing are not asked for', async () => {
  const files = new Map([
    ['vocab.txt', VOCAB],
    ['tokenizer_config.json', '{"added_tokens_decoder":{},"tokenizer_class":"BertTokenizer"}'],
  ])
  const asked: string[] = []
  await Tokenizer.fromSource({
    open(name) {
      asked.push(name)
      const bytes = new TextEncoder().encode(files.get(name))
      if (!files.has(name)) return Promise.reject(Object.assign(new Error(name), { code: 'SOURCE_FILE_MISSING' }))
      return Promise.resolve({ size: bytes.length, read: () => Promise.resolve(bytes) })
    },
  })
  expect(asked.sort()).toEqual(['tokenizer.json', 'tokenizer_config.json', 'vocab.txt'])
})
