import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decodeConll, readConll } from '../../dist/eval/conll.js'
import { detectScheme } from '../../dist/eval/gold.js'
import { phrasesOf } from '../../dist/eval/schemes.js'

const read = (text: string) => readConll(text, 'x.conll')
const pairs = (text: string) => read(text).sentences.map(({ words, tags }) => words.map((word, i) => [word, tags[i]]))

test('four columns as CoNLL-2003 has them: documents, sentences, lines', () => {
  const file = read(
    '-DOCSTART- -X- O O\n\nMira NNP I-NP I-PER\nslept VBD I-VP O\n\nUlm NNP I-NP I-LOC\n\n-DOCSTART- -X- O O\n\nYes UH I-NP O\n',
  )
  expect(file).toEqual({
    sentences: [
      { words: ['Mira', 'slept'], tags: ['I-PER', 'O'], line: 3, document: 0 },
      { words: ['Ulm'], tags: ['I-LOC'], line: 6, document: 0 },
      { words: ['Yes'], tags: ['O'], line: 10, document: 1 },
    ],
    columns: 4,
    wordColumn: 1,
    words: 4,
    documents: 2,
    comments: 0,
    ranges: 0,
  })
})

test.each([
  ['two columns', 'Mira B-PER\nslept O\n\nUlm B-LOC\n'],
  ['no newline at the end', 'Mira B-PER\nslept O\n\nUlm B-LOC'],
  ['CRLF', 'Mira B-PER\r\nslept O\r\n\r\nUlm B-LOC\r\n'],
  ['tabs', 'Mira\tB-PER\nslept\tO\n\nUlm\tB-LOC\n'],
  ['tabs and stray spaces', ' Mira \tB-PER \nslept\t O\n\t\n  \nUlm\tB-LOC'],
  ['several spaces', 'Mira   B-PER\nslept O   \n\n\n\nUlm  B-LOC\n\n\n'],
  ['a byte order mark', '\uFEFFMira B-PER\nslept O\n\nUlm B-LOC\n'],
  ['document lines of any width', '-DOCSTART-\nMira B-PER\nslept O\n-DOCSTART- -X- -X- O\nUlm B-LOC\n'],
])('%s read the same', (_, text) => {
  expect(pairs(text)).toEqual([
    [
      ['Mira', 'B-PER'],
      ['slept', 'O'],
    ],
    [['Ulm', 'B-LOC']],
  ])
})

test('documents that are empty, or start without -DOCSTART-, are counted right', () => {
  expect(read('')).toMatchObject({ sentences: [], columns: 0, words: 0, documents: 0 })
  expect(read('-DOCSTART-\n\n-DOCSTART-\n\na O\n').documents).toBe(1)
  expect(read('a O\n-DOCSTART-\nb O\n').sentences.map(({ document }) => document)).toEqual([0, 1])
})

test('what is no ASCII space is part of a word', () => {
  expect(pairs('\u00A0 O\n\u3000 O\nNew\u00A0York B-LOC\n')).toEqual([
    [
      ['\u00A0', 'O'],
      ['\u3000', 'O'],
      ['New\u00A0York', 'B-LOC'],
    ],
  ])
  expect(pairs('New York\tB-LOC\n')).toEqual([[['New York', 'B-LOC']]])
})

describe('malformed lines are reported with their number', () => {
  test.each([
    ['Mira\n', 1, 'at least two columns'],
    ['Mira B-PER\n\nslept\n', 3, '2 columns'],
    ['Mira NNP B-PER\r\nslept O\r\n', 2, '3 columns'],
    ['Mira\tB-PER\nslept VBD\tx\tO\n', 2, '2 columns'],
    ['Mira\tB-PER\nslept\t \n', 2, '2 columns'],
  ])('%j', (text, line, expected) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        code: 'CONLL_LINE_MALFORMED',
        subject: `x.conll, line ${line}`,
        expected: expect.stringContaining(expected),
      }),
    )
  })

  test('bytes that are no UTF-8', () => {
    const bytes = Buffer.from('Mira B-PER\n\nM\xfcller B-PER\n', 'latin1')
    expect(() => decodeConll(bytes, 'x.conll')).toThrow(
      expect.objectContaining({ code: 'CONLL_NOT_UTF8', subject: 'x.conll, line 3' }),
    )
    expect(decodeConll(Buffer.from('Müller B-PER'), 'x.conll')).toBe('Müller B-PER')
  })
})

test('any text is read or refused with a code', () => {
  const text = fc.array(fc.constantFrom('a', ' ', '\t', '\n', '\r', '\r\n', 'O', '-DOCSTART-', '\u0000', '😀'), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(text, parts => {
      try {
        const { sentences, words } = read(parts.join(''))
        expect(sentences.reduce((sum, sentence) => sum + sentence.words.length, 0)).toBe(words)
      } catch (error) {
        expect(error).toMatchObject({ code: 'CONLL_LINE_MALFORMED' })
      }
    }),
  )
})

describe('CoNLL-2003 itself, from ../shared/conll2003', () => {
  /** What the shared task's own tables say (Tjong Kim Sang and De Meulder 2003, tables 1 and 2). */
  const parts = [
    ['eng.train', 946, 14_041, 203_621, { LOC: 7140, MISC: 3438, ORG: 6321, PER: 6600 }],
    ['eng.testa', 216, 3250, 51_362, { LOC: 1837, MISC: 922, ORG: 1341, PER: 1842 }],
  ] as const
  for (const [name, documents, sentences, words, phrases] of parts) {
    const path = new URL(`../../../shared/conll2003/${name}`, import.meta.url)
    const run = existsSync(path) ? test : test.skip
    run(`${name}${existsSync(path) ? '' : ' (not run: the file is not there)'}`, () => {
      const file = readConll(decodeConll(readFileSync(path), name), name)
      expect(file).toMatchObject({ documents, words, columns: 4 })
      expect(file.sentences).toHaveLength(sentences)
      expect(detectScheme(file.sentences, name)).toEqual({ scheme: 'IOB1', misfits: 0, firstMisfit: null })
      const counts: Record<string, number> = {}
      for (const { type } of file.sentences.flatMap(({ tags }) => phrasesOf(tags)))
        counts[type] = (counts[type] ?? 0) + 1
      expect(counts).toEqual(phrases)
    })
  }
})
