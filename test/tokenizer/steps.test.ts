/** Each step alone: normalizer, pre-tokenizer, WordPiece, added tokens, decoder. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import { AddedTokenFinder, type AddedToken } from '../../dist/tokenizer/added-tokens.js'
import { AlignedText } from '../../dist/tokenizer/aligned-text.js'
import { decodePieces } from '../../dist/tokenizer/decoder.js'
import { BertNormalizer, type BertNormalizerOptions } from '../../dist/tokenizer/normalizer.js'
import { preTokenize } from '../../dist/tokenizer/pre-tokenizer.js'
import { isWhitespace, loadFlags, PUNCTUATION } from '../../dist/tokenizer/unicode.js'
import { Vocabulary } from '../../dist/tokenizer/vocabulary.js'
import { isWordCharacter } from '../../dist/tokenizer/word-characters.js'
import { WordPiece } from '../../dist/tokenizer/word-piece.js'

const OFF: BertNormalizerOptions = {
  cleanText: false,
  handleChineseChars: false,
  stripAccents: false,
  lowercase: false,
}

function normalize(text: string, on: Partial<BertNormalizerOptions>): { text: string; sources: number[] } {
  const aligned = new BertNormalizer({ ...OFF, ...on }).normalize(text)
  return { text: aligned.toString(), sources: [...aligned.sources.subarray(0, aligned.length)] }
}

describe('normalizer', () => {
  test.each<[string, Partial<BertNormalizerOptions>, string, string, number[]]>([
    ['drops controls', { cleanText: true }, 'a\0\u200db\ufffdc\ue000', 'abc', [0, 3, 5]],
    ['makes spaces plain', { cleanText: true }, 'a\tb\u00a0c\u2028', 'a b c ', [0, 1, 2, 3, 4, 5]],
    ['drops vertical tabs', { cleanText: true }, 'a\u000bb', 'ab', [0, 2]],
    ['surrounds ideographs', { handleChineseChars: true }, 'a北𠀀', 'a 北  𠀀 ', [0, 1, 1, 1, 2, 2, 2, 2]],
    ['leaves kana and Hangul', { handleChineseChars: true }, 'かナ한', 'かナ한', [0, 1, 2]],
    ['leaves 2B820 to 2B91F', { handleChineseChars: true }, '\u{2b820}', '\u{2b820}', [0, 0]],
    ['strips marks', { stripAccents: true }, 'Élan e\u0301x', 'Elan ex', [0, 1, 2, 3, 4, 5, 7]],
    ['decomposes Hangul', { stripAccents: true }, '한b', '\u1112\u1161\u11abb', [0, 0, 0, 1]],
    ['decomposes ideographs', { stripAccents: true }, '\uf900', '\u8c48', [0]],
    ['hands out places in order', { stripAccents: true }, 'a\u0301\u{1d165}', 'a\u{1d165}', [0, 1, 1]],
    ['lower-cases', { lowercase: true }, 'AÉΣ𐐀İx', 'aéσ𐐨i\u0307x', [0, 1, 2, 3, 3, 5, 5, 6]],
    ['lower-cases a final sigma as any other', { lowercase: true }, 'ΟΔΟΣ', 'οδοσ', [0, 1, 2, 3]],
    ['does all in order', { cleanText: true, stripAccents: true, lowercase: true }, '\0É\u200dİ', 'ei', [1, 3]],
    ['reads a lone surrogate as U+FFFD', {}, 'a\ud800b\udc00', 'a\ufffdb\ufffd', [0, 1, 2, 3]],
    ['drops a lone surrogate', { cleanText: true }, '\ud83d\ud83d\ude00\ude00', '😀', [1, 1]],
    ['has nothing to do', { cleanText: true }, '', '', []],
  ])('%s', (_, on, text, expected, sources) => {
    expect(normalize(text, on)).toEqual({ text: expected, sources })
  })

  test('a part of a text keeps its places in the whole', () => {
    const aligned = new BertNormalizer({ ...OFF, lowercase: true }).normalize('ab CD ef', 3, 5)
    expect(aligned.toString()).toBe('cd')
    expect([...aligned.sources.subarray(0, 2)]).toEqual([3, 4])
  })

  test('a long run of marks is put in order', () => {
    const marks = '\u0301\u0334'.repeat(50_000)
    expect(normalize(`a${marks}\u{1d165}b`, { stripAccents: true }).text).toBe('a\u{1d165}b')
  })
})

describe('characters', () => {
  test.each([[PUNCTUATION, '!/:@[`{~$+<=>^|¡§«·»¿—‘’“”†•…‰、。《》', 'aA0 é北½°©£×÷\u{1f600}\u2e52\u{10eff}']])(
    'flag %i',
    (flag, yes, no) => {
      const has = (c: string): boolean => (loadFlags()[c.codePointAt(0)!]! & flag) !== 0
      expect(Array.from(yes).filter(c => !has(c))).toEqual([])
      expect(Array.from(no).filter(has)).toEqual([])
    },
  )
  test('white space and word characters', () => {
    const of = (text: string, is: (c: number) => boolean): string[] =>
      Array.from(text).filter(c => is(c.codePointAt(0)!))
    expect(of('\t\n\v\f\r \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000', isWhitespace)).toHaveLength(16)
    expect(of('\u200b\u180e\ufeffa_', isWhitespace)).toEqual([])
    expect(of('aÉ_0北\u0301\u200d𐐀', isWordCharacter)).toHaveLength(8)
    expect(of(' -[.😀', isWordCharacter)).toEqual([])
  })
})

const align = (text: string): AlignedText => new BertNormalizer(OFF).normalize(text)

test.each([
  ["O'Neill's  U.N.", ['O', "'", 'Neill', "'", 's', 'U', '.', 'N', '.']],
  ['', []],
  [' \t ', []],
  ['a', ['a']],
  ['𐄀x𐄀', ['𐄀', 'x', '𐄀']], // punctuation of two units
  ['😀😀', ['😀😀']],
])('pre-tokenizer: %j', (text, words) => {
  const aligned = align(text)
  const bounds = preTokenize(aligned)
  const found: string[] = []
  for (let i = 0; i < bounds.length; i += 2) found.push(aligned.toString(bounds[i], bounds[i + 1]))
  expect(found).toEqual(words)
})

describe('WordPiece', () => {
  const tokens = [
    '[UNK]',
    'un',
    '##aff',
    '##able',
    'a',
    '##a',
    'aa',
    '##',
    '##ab##',
    'ab',
    'toolongforthis',
    '😀',
    '##😀',
    '',
    'ab',
  ]
  const make = (maxInputCharsPerWord: number): WordPiece =>
    new WordPiece(new Vocabulary(tokens), 0, { unkToken: '[UNK]', continuingSubwordPrefix: '##', maxInputCharsPerWord })
  const pieces = (word: string, wordPiece = make(100)): string[] => {
    const aligned = align(word)
    const count = wordPiece.tokenize(aligned.units, 0, aligned.length)
    return Array.from({ length: count }, (_, i) => tokens[wordPiece.pieces[3 * i]!]!)
  }

  test.each([
    ['unaffable', ['un', '##aff', '##able']],
    ['unaffablex', ['[UNK]']], // the whole word
    ['aaa', ['aa', '##a']], // the longest first
    ['##', ['##']],
    ['a##', ['[UNK]']], // a prefix alone continues nothing
    ['😀😀', ['😀', '##😀']],
    ['toolongforthi', ['[UNK]']],
  ])('%s', (word, expected) => {
    expect(pieces(word)).toEqual(expected)
  })

  test('of a piece that is there twice, the last counts', () => {
    expect(new Vocabulary(tokens).idOf('ab')).toBe(14)
    expect(new Vocabulary(tokens).idOf('abc')).toBeUndefined()
    expect(new Vocabulary([]).idOf('')).toBeUndefined()
  })

  test('a word of more than 100 code points is unknown', () => {
    expect(pieces('a'.repeat(100))).toHaveLength(99)
    expect(pieces('a'.repeat(101))).toEqual(['[UNK]'])
    expect(pieces('😀'.repeat(100))).toHaveLength(100)
    expect(pieces('😀'.repeat(101))).toEqual(['[UNK]'])
    expect(pieces('aaa', make(2))).toEqual(['[UNK]'])
  })
})

describe('added tokens', () => {
  const token = (content: string, flags: Partial<AddedToken> = {}): AddedToken => ({
    ...{ id: 0, special: true, singleWord: false, lstrip: false, rstrip: false, normalized: false },
    content,
    ...flags,
  })
  const split = (tokens: AddedToken[], text: string, literal = false): string[] =>
    new AddedTokenFinder(tokens, isWordCharacter)
      .split(text, literal)
      .map(({ start, end, added }) => (added ? `<${text.slice(start, end)}>` : text.slice(start, end)))

  test.each<[string, AddedToken[], string, string[]]>([
    ['none', [], 'abc', ['abc']],
    ['empty text', [token('a')], '', []],
    ['cuts', [token('[S]')], 'a[S]b[S]', ['a', '<[S]>', 'b', '<[S]>']],
    ['the longest', [token('ab'), token('abc'), token('bcd')], 'abcd', ['<abc>', 'd']],
    ['goes back after a start that leads nowhere', [token('abx'), token('bc')], 'abc', ['a', '<bc>']],
    ['strips left', [token('[S]', { lstrip: true })], 'a \t[S] b', ['a', '< \t[S]>', ' b']],
    ['strips right', [token('[S]', { rstrip: true })], 'a [S] \n b', ['a ', '<[S] \n >', 'b']],
    ['does not strip twice', [token('[S]', { lstrip: true, rstrip: true })], '[S] [S]', ['<[S] >', '<[S]>']],
    [
      'gives way on the left',
      [token('A', { rstrip: true }), token(' x', { lstrip: true })],
      'A  xb',
      ['<A  >', '<x>', 'b'],
    ],
    ['leaves nothing', [token('A', { rstrip: true }), token('  ', { lstrip: true })], 'A    b', ['<A    >', 'b']],
    ['overlaps', [token('A', { rstrip: true }), token(' x')], 'A  xb', ['<A  >', '< x>', 'b']],
    ['whole words', [token('S', { singleWord: true })], 'S, aS Sé S_ 𐐀S -S', ['<S>', ', aS Sé S_ 𐐀S -', '<S>']],
    ['an empty one is never found', [token('')], 'abc', ['abc']],
  ])('%s', (_, tokens, text, expected) => {
    expect(split(tokens, text)).toEqual(expected)
  })

  test('literal: special ones are text, and still hide what overlaps them', () => {
    const tokens = [token('[S]x'), token('S', { special: false })]
    expect(split(tokens, '[S]x S', true)).toEqual(['[S]x ', '<S>'])
  })
})

test.each([
  [['My', 'name', 'is', 'Wolf', '##gang', '.'], 'My name is Wolfgang.'],
  [['##gang', '##s'], '##gangs'],
  [['do', "'", "n't", '!', '?', ',', "'s"], "do 'n't!?,'s"],
  [[], ''],
])('decoder: %j', (pieces, text) => {
  expect(decodePieces(pieces, { prefix: '##', cleanup: true })).toBe(text)
})

test('decoder: without cleaning up, and without one', () => {
  expect(decodePieces(['a', '##b', '.'], { prefix: '##', cleanup: false })).toBe('ab .')
  expect(decodePieces(['a', '##b', '.'], undefined)).toBe('a ##b .')
})

test('an engine without decompositions is refused, for uncased models alone', () => {
  const tokenizer = (lower: boolean) =>
    `Tokenizer.fromVocab('[UNK]\\n[CLS]\\n[SEP]\\ne', { do_lower_case: ${lower} }).encode('é').ids.join()`
  const program = `
    String.prototype.normalize = function () { return String(this) }
    const { Tokenizer } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)})
    console.log(${tokenizer(false)})
    try { ${tokenizer(true)} } catch (error) { console.log(error.code) }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect([stdout, stderr]).toEqual(['1,0,2\nTOKENIZER_ENGINE\n', ''])
})
