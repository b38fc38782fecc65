import { describe, expect, test } from '@jest/globals'
import { wordCase } from '../../dist/tokenizer/word-case.js'
import { Tokenizer } from '../../dist/node.js'
import { differing, Fnv, generate, readFixture, strings } from './oracle.ts'

const { fromCodePoint } = String
const uncased = readFixture('uncased') as object
const tokenizer = Tokenizer.fromJson(uncased, { token_type_rule: 'word-case' })

test.each([
  ['', 0],
  ['1996', 0],
  ['.', 0],
  ['北', 0],
  ['ª', 0], // a letter, but without case
  ['𝐀', 0], // mathematical: no mapping
  ['\u0345', 0], // a combining mark with a mapping
  ['\ud800', 0],
  ['the', 1],
  ['90s', 1],
  ['p', 1],
  ['ß', 1],
  ['ς', 1],
  ['ﬁ', 1],
  ['Berlin', 2],
  ['I', 2],
  ['3M', 2],
  ['1St', 2],
  ['Élan', 2],
  ['É\u0301lan', 2],
  ['ǅ', 2],
  ['İstanbul', 2],
  ['𐐀𐐨', 2],
  ['UN', 3],
  ['USA1', 3],
  ['ⒶⒷ', 3],
  ['iPhone', 4],
  ['McDonald', 4],
  ['PCs', 4],
  ['aB', 4],
])('%j has type %i', (word, type) => {
  expect(wordCase(word)).toBe(type)
})

describe('as the rule in Python', () => {
  const hashes = readFixture('word-case') as { codePoints: string[]; strings: string[] }

  test('every code point alone', () => {
    const hash = (block: number): string => {
      const fnv = new Fnv()
      const first = block * strings.codePointBlock
      for (let c = first; c < first + strings.codePointBlock; c++) {
        if (c < 0xd800 || c >= 0xe000) fnv.add(wordCase(fromCodePoint(c)))
      }
      return fnv.hex()
    }
    expect(differing('letter case', hashes.codePoints, hash, block => `of block ${block}`)).toEqual([])
  })

  test('generated strings', () => {
    const hash = (block: number): string => {
      const fnv = new Fnv()
      for (let seed = block * strings.block; seed < (block + 1) * strings.block; seed++) {
        const text = generate(seed)
        if (text.includes('[UNK]')) continue
        const { typeIds } = tokenizer.encode(text)
        fnv.add(typeIds.length)
        for (const type of typeIds) fnv.add(type)
      }
      return fnv.hex()
    }
    const show = (block: number): string => `show-strings uncased ${block}, then word_case.py`
    expect(differing('types', hashes.strings, hash, show)).toEqual([])
  }, 60_000)
})

test('raw and pre-split text get the same types', () => {
  const words = ['The', 'well-known', 'U.N.', "O'Neill's", 'McDonald', 'ÉLAN', '北京', 'iPhone', '1996', '']
  const raw = tokenizer.encode(words.join(' '))
  const split = tokenizer.encodeWords(words)
  expect(split.ids).toEqual(raw.ids)
  expect(split.typeIds).toEqual(raw.typeIds)
  expect(new Set(raw.typeIds)).toEqual(new Set([0, 1, 2, 3, 4]))
})

test('all pieces of a word have one type, special and added tokens none, also in a pair and around a window', () => {
  const { tokens, typeIds, wordIds } = tokenizer.encode('xXxXxXx [SEP] NEW YORK', {
    pair: 'Berlin',
    specialTokens: 'parse',
  })
  const types = new Map(wordIds.map((word, i) => [word, typeIds[i]]))
  expect(wordIds.filter(word => word === 0).length).toBeGreaterThan(1)
  expect(types.get(null)).toBe(0)
  tokens.forEach((token, i) => {
    if (token === '[SEP]' || token === 'New York') expect(typeIds[i]).toBe(0)
  })
  expect(typeIds.slice(-2, -1)).toEqual([2])
  expect([tokenizer.around.before.typeIds, tokenizer.around.after.typeIds]).toEqual([[0], [0]])
})

test('without the rule type ids are 0', () => {
  const plain = Tokenizer.fromJson(uncased)
  expect(plain.isWordCase).toBe(false)
  expect(new Set(plain.encode('Berlin UN iPhone').typeIds)).toEqual(new Set([0]))
  expect(() => Tokenizer.fromJson(uncased, { token_type_rule: 'letters' })).toThrow(
    expect.objectContaining({ code: 'TOKENIZER_UNSUPPORTED' }),
  )
})
