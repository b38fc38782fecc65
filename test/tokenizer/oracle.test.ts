import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { Tokenizer } from '../../dist/node.js'
import { isSlow } from '../helpers/slow.ts'
import {
  addEncoding,
  addText,
  differing,
  Fnv,
  generate,
  hashCodePoints,
  hashStrings,
  load,
  readFixture,
  strings,
} from './oracle.ts'

interface Hashes {
  codePoints: string[]
  strings: string[]
}

describe.each(['cased', 'uncased'] as const)('%s, as the reference implementation', name => {
  const tokenizer = load(name)
  const hashes = readFixture(`${name}-hashes`) as Hashes

  test('a{c}b for every Unicode scalar value', () => {
    expect(hashes.codePoints).toHaveLength(0x110000 / strings.codePointBlock)
    const show = (block: number): string => `show ${name} 0x${(block * strings.codePointBlock).toString(16)}`
    expect(differing(name, hashes.codePoints, block => hashCodePoints(tokenizer, block), show)).toEqual([])
  }, 120_000)

  // Each of the 100,000 strings is checked, half of them cased and half uncased; BERT_NER_SLOW=1 checks all with both.
  const isChecked = (block: number): boolean => isSlow || (block % 2 === 0) === (name === 'cased')

  test(`${isSlow ? strings.seeds : strings.seeds / 2} generated strings: raw, as words, literal, decoded`, () => {
    expect(hashes.strings).toHaveLength(strings.seeds / strings.block)
    const show = (block: number): string => `show-strings ${name} ${block}`
    const hash = (block: number): string =>
      isChecked(block) ? hashStrings(tokenizer, block) : (hashes.strings[block] ?? '')
    expect(differing(name, hashes.strings, hash, show)).toEqual([])
  }, 120_000)
})

test('strings are generated as in Python', () => {
  expect(strings.sample.map((_, seed) => generate(seed))).toEqual(strings.sample)
})

interface RandomCase {
  tokenizer: object
  texts: [string, string, number[]][]
  hash: string
}

test('tokenizers whose every switch is set at random', () => {
  const cases = readFixture('random') as RandomCase[]
  expect(cases).toHaveLength(200)
  const codePoints = { offsetUnit: 'codepoint' } as const
  const wrong = cases.flatMap(({ tokenizer: json, texts, hash }, number) => {
    const tokenizer = Tokenizer.fromJson(json)
    const fnv = new Fnv()
    for (const [text, pair, ids] of texts) {
      for (const addSpecialTokens of [true, false]) {
        addEncoding(fnv, tokenizer.encode(text, { addSpecialTokens }))
        addEncoding(fnv, tokenizer.encode(text, { ...codePoints, addSpecialTokens, pair }))
        addText(fnv, tokenizer.decode(ids, { skipSpecialTokens: addSpecialTokens }))
      }
      addEncoding(fnv, tokenizer.encodeWords([text, pair], codePoints))
      addEncoding(fnv, tokenizer.encode(text, { ...codePoints, specialTokens: 'literal' }))
    }
    return fnv.hex() === hash ? [] : [number]
  })
  expect(wrong).toEqual([])
})

const shared = new URL('../../../shared/', import.meta.url)
const hasShared = existsSync(new URL('conll2003/eng.train', shared))
const published = new URL('dslim-bert-base-NER/', shared)

const weights = new URL('../../weights/', import.meta.url)
const loadDefault = (): Tokenizer =>
  Tokenizer.fromVocab(readFileSync(new URL('vocab.txt', weights)), {
    ...(JSON.parse(readFileSync(new URL('tokenizer_config.json', weights), 'utf8')) as object),
    token_type_rule: null, // the oracle does not know it; word-case.test.ts does
  })
const defaultHashes = readFixture('default-hashes') as Record<string, string[]>

test("10,000 generated strings with the default model's vocabulary", () => {
  const tokenizer = loadDefault()
  const show = (): string => 'default, and compare'
  expect(differing('weights/', defaultHashes.strings!, block => hashStrings(tokenizer, block), show)).toEqual([])
}, 60_000)

describe(`CoNLL-2003 with published vocabularies${hasShared ? '' : ' (not run: ../shared is absent)'}`, () => {
  const run = hasShared ? test.each : test.skip.each
  run(['eng.train', 'eng.testa'])(
    '%s, as text and as words',
    name => {
      const tokenizers = [
        Tokenizer.fromJson(readFileSync(new URL('tokenizer.json', published))),
        Tokenizer.fromVocab(
          readFileSync(new URL('vocab.txt', published)),
          readFileSync(new URL('tokenizer_config.json', published)),
        ),
      ]
      const expected = (readFixture('conll-hashes') as Record<string, string[]>)[name]
      const sentences = readSentences(readFileSync(new URL(`conll2003/${name}`, shared), 'utf8'))
      for (const tokenizer of tokenizers) expect(hashSentences(tokenizer, sentences)).toEqual(expected)
      expect(hashSentences(loadDefault(), sentences)).toEqual(defaultHashes[name])
    },
    60_000,
  )
})

function readSentences(file: string): string[][] {
  const blocks = file.split('\n\n').map(block =>
    block
      .split('\n')
      .filter(line => line.trim() !== '' && !line.startsWith('-DOCSTART-'))
      .map(line => line.split(' ')[0]!),
  )
  return blocks.filter(words => words.length > 0)
}

function hashSentences(tokenizer: Tokenizer, sentences: readonly string[][]): string[] {
  const hashes: string[] = []
  for (let first = 0; first < sentences.length; first += 500) {
    const fnv = new Fnv()
    for (const words of sentences.slice(first, first + 500)) {
      const text = words.join(' ')
      const encoding = tokenizer.encode(text)
      addEncoding(fnv, encoding)
      addText(fnv, tokenizer.decode(encoding.ids))
      addEncoding(fnv, tokenizer.encodeWords(words))
    }
    hashes.push(fnv.hex())
  }
  return hashes
}
