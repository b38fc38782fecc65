import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { conlleval, formatConlleval } from '../../dist/eval/conlleval.js'
import { fixed2 } from '../../dist/eval/conlleval.js'
import { readPredictions, type PredictionOptions } from '../../dist/eval/predictions.js'
import { seqeval, type SeqevalReport } from '../../dist/eval/seqeval.js'

function fixture(name: string): unknown {
  return JSON.parse(
    gunzipSync(readFileSync(new URL(`../fixtures/${name}.json.gz`, import.meta.url))).toString('utf8'),
  ) as unknown
}

const report = (text: string, options?: PredictionOptions) =>
  formatConlleval(readPredictions(text, 'x.txt', options).counts)
const file = (...lines: string[]) => lines.map(line => `${line}\n`).join('')

describe('conlleval, computed by hand', () => {
  test('two phrases, one with the wrong type', () => {
    expect(report(file('a B-PER B-PER', 'b I-PER I-PER', 'c O O', 'd B-LOC B-ORG', 'e O O'))).toBe(
      file(
        'processed 5 tokens with 2 phrases; found: 2 phrases; correct: 1.',
        'accuracy:  80.00%; precision:  50.00%; recall:  50.00%; FB1:  50.00',
        '              LOC: precision:   0.00%; recall:   0.00%; FB1:   0.00  0',
        '              ORG: precision:   0.00%; recall:   0.00%; FB1:   0.00  1',
        '              PER: precision: 100.00%; recall: 100.00%; FB1: 100.00  1',
      ),
    )
  })

  test('nothing at all, and nothing but boundaries', () => {
    const empty = 'processed 0 tokens with 0 phrases; found: 0 phrases; correct: 0.\n'
    expect(report('')).toBe(empty)
    expect(report('\n\n-X- O O\n')).toBe(empty)
  })

  test('no phrases', () => {
    expect(report('a O O')).toBe(
      file(
        'processed 1 tokens with 0 phrases; found: 0 phrases; correct: 0.',
        'accuracy: 100.00%; precision:   0.00%; recall:   0.00%; FB1:   0.00',
      ),
    )
  })

  /** gold / guess, then phrases, found, correct, and words with the right tag. */
  test.each([
    ['I-A I-A', 'B-A I-A', 1, 1, 1, 1], // I after O begins
    ['B-A I-B', 'B-A I-B', 2, 2, 2, 2], // another type begins
    ['B-A B-A', 'B-A I-A', 2, 1, 0, 1], // B begins within
    ['B-A I-A I-A', 'B-A I-A O', 1, 1, 0, 2], // ends too early
    ['B-A I-A O', 'B-A I-A I-A', 1, 1, 0, 2], // ends too late
    ['O I-A', 'I-A I-A', 1, 1, 0, 1], // begins too early
    ['B-A E-A I-A', 'B-A E-A B-A', 2, 1, 0, 2], // I after E begins, B after E does not: so it is in the script
    ['E-A E-A', 'B-A B-A', 2, 2, 2, 0], // E after E begins
    ['B-A E-A B-B', 'B-A I-A B-B', 2, 2, 2, 2], // unless its type is another
    ['S-A S-A', 'S-A B-A', 1, 1, 1, 1], // conlleval knows no S: its type alone begins a phrase, and nothing ends here
    ['B-0', 'B', 1, 1, 1, 1], // a type of 0 is none
    ['[-A ]-A', 'B-A B-A', 2, 2, 2, 0], // [ and ] are phrases of one word
    ['B-A .-A I-A', 'B-A I-A I-A', 1, 1, 1, 2], // . neither begins nor ends
    ['.-A', '.-A', 0, 0, 0, 1],
    ['B-A | I-A', 'B-A | B-A', 2, 2, 2, 1], // a boundary ends all
    ['I-A-B', 'I-A-C', 1, 1, 0, 0], // the first hyphen splits
    ['B B-', 'B- B', 2, 2, 2, 2], // B and B- have the same parts
    ['O-A I-A', 'O I-A', 1, 1, 1, 1],
    ['o o', 'B-A o', 0, 2, 0, 1], // o is a prefix like any other: it begins a phrase after type A
  ])('%s / %s', (gold, guess, phrases, found, correct, right) => {
    const guesses = guess.split(' ')
    const lines = gold.split(' ').map((tag, i) => (tag === '|' ? '' : `w ${tag} ${guesses[i] ?? ''}`))
    const { counts } = readPredictions(lines.join('\n'), 'x.txt')
    expect(counts.total).toEqual({ gold: phrases, found, correct })
    expect(counts.correctTokens).toBe(right)
  })

  test('a type without a name is listed twice where both sides have it', () => {
    const line = '                 : precision: 100.00%; recall: 100.00%; FB1: 100.00  1\n'
    expect(report('a B B\n')).toContain(`FB1: 100.00\n${line}${line}`)
    expect(report('a B O\n').split('\n')).toHaveLength(4)
  })

  test('types are in byte order, and padded by bytes', () => {
    const bytes = Buffer.from('a B-b B-b\na B-Zürich B-Zürich\na B-B O\n').toString('latin1')
    const lines = report(bytes).split('\n')
    expect(lines.slice(2, 5).map(line => Buffer.from(line.slice(0, 18), 'latin1').toString())).toEqual([
      '                B:',
      '          Zürich:',
      '                b:',
    ])
  })
})

describe('a file of predictions', () => {
  test('-DOCSTART- is a token, -X- is not', () => {
    expect(readPredictions('-DOCSTART- O O\n-X- B-A B-A\n', 'x.txt').counts).toMatchObject({
      tokens: 1,
      total: { gold: 0, found: 0, correct: 0 },
    })
  })
  test('empty fields at the end are none, and a line of spaces is empty', () => {
    expect(readPredictions('a B-A B-A  \n   \nb I-A I-A\n', 'x.txt').counts.total.gold).toBe(2)
  })
  test.each([
    ['a O O\nb c O O\n', 2],
    ['\na  O O\nb O O\n', 3],
    ['a O O\r\n\r\n', 2],
    ['a\n', 1],
    ['a O O\n-X-\n', 2],
  ])('%j has a wrong number of fields', (text, line) => {
    expect(() => readPredictions(text, 'x.txt')).toThrow(
      expect.objectContaining({ code: 'CONLL_FIELDS_MISMATCH', subject: `x.txt, line ${line}` }),
    )
  })
  test('raw tags are phrases of one word', () => {
    const text = 'a A A\nb A NIL\nc NIL NIL\n'
    expect(readPredictions(text, 'x.txt', { raw: true, outside: 'NIL' }).counts).toMatchObject({
      correctTokens: 2,
      total: { gold: 2, found: 1, correct: 1 },
    })
  })
  test('columns for other scorers', () => {
    const { gold, guess } = readPredictions('\na B-A O\n\n\n-X- O O\nb O O\nc O B-A', 'x.txt')
    expect(gold).toEqual([['B-A'], ['O', 'O']])
    expect(guess).toEqual([['O'], ['O', 'B-A']])
  })
})

test('conlleval over the generated files, to the byte', () => {
  const cases = fixture('conlleval') as { args: string[]; text: string; report: string | null }[]
  expect(cases.length).toBeGreaterThanOrEqual(4000)
  const wrong = cases.filter(({ args, text, report: expected }) => {
    const value = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
    const [outside, delimiter] = [value('-o'), value('-d')]
    const options: PredictionOptions = {
      raw: args.includes('-r'),
      ...(outside === undefined ? {} : { outside }),
      ...(delimiter === undefined ? {} : { split: (line: string) => line.split(new RegExp(delimiter)) }),
    }
    return expected === null
      ? codeOf(() => report(text, options)) !== 'CONLL_FIELDS_MISMATCH'
      : report(text, options) !== expected
  })
  expect(wrong).toEqual([])
})

test('%6.2f rounds ties to even, and pads', () => {
  const shown = [0, 0.125, 0.375, 0.625, 0.875, 3.125, 62.375, 12.5, 6.25, 0.005, 1.005, 100, 33.335, 1234567.125]
  expect(shown.map(fixed2)).toEqual(
    '  0.00|  0.12|  0.38|  0.62|  0.88|  3.12| 62.38| 12.50|  6.25|  0.01|  1.00|100.00| 33.34|1234567.12'.split('|'),
  )
})

function codeOf(body: () => unknown): unknown {
  try {
    body()
  } catch (error) {
    return (error as { code: unknown }).code
  }
  return undefined
}

const numbers = ({ types, micro, macro, weighted }: SeqevalReport) =>
  new Map(
    [...types, ['micro avg', micro] as const, ['macro avg', macro] as const, ['weighted avg', weighted] as const].map(
      ([name, { precision, recall, f1, support }]) => [name, [precision, recall, f1, support]],
    ),
  )

test('seqeval over the generated tags, default and strict', () => {
  type Rows = Record<string, (number | null)[]>
  const cases = fixture('seqeval') as { gold: string; guess: string; default: Rows | null; strict: Rows | null }[]
  expect(cases.length).toBeGreaterThan(3500)
  const tags = (text: string) => text.split('|').map(sentence => sentence.split(' '))
  let refused = 0
  const wrong: unknown[] = []
  for (const { gold, guess, ...expected } of cases) {
    for (const mode of ['default', 'strict'] as const) {
      const rows = expected[mode]
      if (rows !== null) {
        const got = numbers(seqeval(tags(gold), tags(guess), mode))
        // Where there is no type at all, numpy's mean is NaN (null here), and ours is 0.
        const far = [...got].filter(([name, row]) =>
          row.some((value, i) => !(Math.abs(value - (rows[name]?.[i] ?? 0)) < 2e-9)),
        )
        if (far.length > 0 || [...got.keys()].join() !== Object.keys(rows).join())
          wrong.push({ gold, guess, mode, got })
      } else {
        refused += codeOf(() => seqeval(tags(gold), tags(guess), mode)) === 'CONLL_TAG_NOT_IOB2' ? 1 : 0
      }
    }
  }
  expect(wrong).toEqual([])
  expect(refused).toBe(cases.filter(({ strict }) => strict === null).length)
})

test('conlleval and seqeval differ where a guess is broken', () => {
  const gold = [['B-PER', 'O', 'B-LOC']]
  const guess = [['I-PER', 'O', 'B-LOC']]
  expect(conlleval(gold, guess).total).toEqual({ gold: 2, found: 2, correct: 2 })
  expect(seqeval(gold, guess, 'default').micro.f1).toBe(1)
  expect(seqeval(gold, guess, 'strict').micro).toMatchObject({ precision: 1, recall: 0.5 })
})
