/** Files as other people lay them out: the same words and tags come out, or an error says which line is at fault. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { lineOf, readConll } from '../../dist/eval/conll.js'

const read = (text: string) => readConll(text, 'x.conll')
const content = (text: string) => read(text).sentences.map(({ words, tags }) => words.map((word, i) => [word, tags[i]]))

/** What a corpus holds; words that look like numbers, comments and ranges among them. */
const WORDS = ['Ada', '#', '#tag', '0', '1', '2', '1-2', '1.1', 'a b', '\u00a0', '-', 'O', '=', '# x']
const corpus = fc.array(
  fc.array(fc.tuple(fc.constantFrom(...WORDS), fc.constantFrom('O', 'B-PER', 'I-PER')), { minLength: 1, maxLength: 5 }),
  { minLength: 1, maxLength: 5 },
)
type Corpus = [word: string, tag: string][][]
type Layout = (corpus: Corpus) => string

const write = (line: (word: string, tag: string, place: number, running: number) => string, between = '\n'): Layout => {
  return sentences => {
    let running = 0
    return sentences
      .map(words => words.map(([word, tag], place) => `${line(word, tag, place, ++running)}\n`).join(''))
      .join(between)
  }
}
const plain = write((word, tag) => `${word}\t${tag}`)
const LAYOUTS: Record<string, Layout> = {
  'numbers from 0': write((word, tag, place) => `${place}\t${word}\t${tag}`),
  'numbers from 1': write((word, tag, place) => `${place + 1}\t${word}\tNN\t${tag}`),
  'numbers through the file': write((word, tag, _, running) => `${running}\t${word}\t${tag}`),
  'CoNLL-U': sentences =>
    `# newdoc id = a\n${write((word, tag, place) => {
      const line = `${place + 1}\t${word}\t${tag}`
      return `${place + 1}-${place + 2}\tboth\t_\n${line}\n${place + 1}.1\tempty\t_`
    }, '\n# sent_id = 7\n# text = O B-PER\n')(sentences)}`,
  'comments of MultiCoNER': sentences =>
    `# id 1f\tdomain=en\n${write((word, tag) => `${word}\t_\t_\t${tag}`, '\n\n# id 2\tdomain=en\n')(sentences)}`,
  'comments of GermEval': sentences =>
    `#\thttp://de.wikipedia.org/x [2009-10-17]\n${write((word, tag, place) => `${place + 1}\t${word}\t${tag}`)(sentences)}`,
  Windows: sentences => plain(sentences).replaceAll('\n', '\r\n'),
  'converted twice': sentences => plain(sentences).replaceAll('\n', '\r\r\n'),
  'old Macs': sentences => plain(sentences).replaceAll('\n', '\r'),
  'trailing tabs': write((word, tag) => `${word}\t${tag}\t`),
  'trailing spaces and tabs': write((word, tag) => `${word}\t${tag} \t \t`),
}

describe.each(Object.keys(LAYOUTS))('%s', name => {
  test('words and tags are those of the plain file', () => {
    fc.assert(
      fc.property(corpus, sentences => {
        const hasNumbers = LAYOUTS[name]?.(sentences).match(/^[01]\t|^# newdoc|^#\thttp/) && name !== 'Windows'
        // A file of one word proves nothing of its first column.
        if (hasNumbers && sentences.flat().length < 2) return
        expect(content(LAYOUTS[name]?.(sentences) ?? '')).toEqual(sentences)
      }),
      { numRuns: 300 },
    )
  })
})

test('plain: any of these words is a word', () => {
  fc.assert(fc.property(corpus, sentences => { expect(content(plain(sentences))).toEqual(sentences) })) // prettier-ignore
})

test('a first column of numbers is named, and -DOCSTART- behind it begins a document', () => {
  const file = read('0\t-DOCSTART-\tO\n\n0\tAda\tB-PER\n1\tlives\tO\n\n0\t-DOCSTART-\tO\n\n0\tBob\tB-PER\n')
  expect(file).toMatchObject({ words: 3, documents: 2, columns: 3, wordColumn: 2 })
  expect(file.sentences.map(({ words }) => words)).toEqual([['Ada', 'lives'], ['Bob']])
})

test.each([
  ['1\tCD\tO\n', 'one word'],
  ['1\tCD\tO\nof\tIN\tO\n', 'a sentence that begins with 1'],
  ['0\tx\tO\n2\ty\tO\n', 'a gap'],
  ['2\tx\tO\n3\ty\tO\n', 'a beginning at 2'],
  ['0\tO\n1\tO\n', 'no column for words'],
])('%j: %s is no count of words', text => {
  expect(read(text).wordColumn).toBe(1)
})

describe('comments', () => {
  test.each([
    ['# O\na O\n', [['#', 'O'], ['a', 'O']]],
    ['#tag\tO\na\tO\n', [['#tag', 'O'], ['a', 'O']]],
    ['#id O\na O\n', [['#id', 'O'], ['a', 'O']]],
    ['# PER\na PER\n', [['#', 'PER'], ['a', 'PER']]], // types without prefix
    ['# sent_id = 1\n# text = a O\na O\n', [['a', 'O']]],
    ['# Berlin\na B-LOC\n', [['a', 'B-LOC']]],
    ['# a longer remark of some kind\na B-LOC\n', [['a', 'B-LOC']]],
    ['#remark\na O\n', [['a', 'O']]],
    ['a O\n\n# sent_enum = 2\nb O\n', [['a', 'O']], [['b', 'O']]],
    ['-DOCSTART- O\n\n# newdoc\nb O\n', [['b', 'O']]],
    ['a O\n# O\nb O\n', [['a', 'O'], ['#', 'O'], ['b', 'O']]],
  ])('%j', (text, ...expected) => {
    expect(content(text)).toEqual(expected)
  }) // prettier-ignore

  test('are counted, and inside of a sentence there are none', () => {
    expect(read('# sent_id = 1\n# text = a\na O\n')).toMatchObject({ comments: 2, words: 1 })
    expect(() => read('a O\n# a remark in a sentence\n')).toThrow(
      expect.objectContaining({ code: 'CONLL_LINE_MALFORMED', subject: 'x.conll, line 2' }),
    )
  })
})

describe('words and lines', () => {
  test('an empty word is a word', () => {
    expect(content('Ada\tB-PER\n \tO\n\tO\n')).toEqual([[['Ada', 'B-PER'], ['', 'O'], ['', 'O']]]) // prettier-ignore
    expect(content('1\t\tO\n2\tb\tO\n')).toEqual([[['', 'O'], ['b', 'O']]]) // prettier-ignore
  })

  test('a tag that is missing is an error', () => {
    for (const text of ['Ada\tB-PER\nslept\t\n', 'Ada NNP B-PER\nslept VBD\n']) {
      expect(() => read(text)).toThrow(expect.objectContaining({ subject: 'x.conll, line 2' }))
    }
  })

  test('a carriage return inside of a line is an error with its line', () => {
    expect(() => read('a O\nb O\rc O\n')).toThrow(
      expect.objectContaining({ code: 'CONLL_LINE_MALFORMED', subject: 'x.conll, line 2', nextStep: expect.stringContaining("tr '\\r' '\\n'") }), // prettier-ignore
    )
  })

  test('the line of each word is known, also between ranges and comments', () => {
    const { sentences } = read('# a = 1\n1-2\tab\t_\n1\ta\tO\n2\tb\tO\n3.1\t_\t_\n3\tc\tO\n\n1\td\tO\n')
    expect(sentences.map(sentence => sentence.words.map((_, i) => lineOf(sentence, i)))).toEqual([[3, 4, 6], [8]])
  })
})
