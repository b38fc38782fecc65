import { describe, expect, test } from '@jest/globals'
import { bootstrap, mulberry32 } from '../../dist/eval/bootstrap.js'
import { phraseErrors } from '../../dist/eval/phrase-errors.js'

const errors = (gold: string, guess: string) =>
  phraseErrors(gold.split(' '), guess.split(' ')).map(({ kind, gold: a, guess: b }) =>
    [kind, a && `${a.type} ${a.start}-${a.end}`, b && `${b.type} ${b.start}-${b.end}`].join(', '),
  )

test.each([
  ['B-A O', 'B-A O', []],
  ['B-A O', 'O O', ['missed, A 0-1, ']],
  ['O O', 'O B-A', ['invented, , A 1-2']],
  ['B-A I-A', 'B-B I-B', ['wrong type, A 0-2, B 0-2']],
  ['B-A I-A', 'B-A O', ['wrong boundary, A 0-2, A 0-1']],
  ['B-A I-A O', 'O B-B I-B', ['wrong type, A 0-2, B 1-3']],
  ['B-A I-A I-A', 'B-A O B-B', ['wrong boundary, A 0-3, A 0-1', 'invented, , B 2-3']],
  ['B-A B-A', 'B-A I-A', ['wrong boundary, A 0-1, A 0-2', 'missed, A 1-2, ']],
  // the pair of one type comes before the pair that shares more words
  ['B-A I-A I-A', 'B-B I-B B-A', ['invented, , B 0-2', 'wrong boundary, A 0-3, A 2-3'].sort()],
  ['O B-A', 'B-B B-C', ['invented, , B 0-1', 'wrong type, A 1-2, C 1-2']],
])('%s / %s', (gold, guess, expected) => {
  expect(errors(gold, guess).sort()).toEqual([...expected].sort())
})

describe('bootstrap', () => {
  const sentences = Array.from({ length: 200 }, (_, i) => ({ gold: 2, found: 2, correct: i % 2 === 0 ? 2 : 1 }))
  test('holds the score, is as wide as theory says, and comes out the same every time', () => {
    const { f1, precision, recall } = bootstrap(sentences)
    // Of each sentence 1/2 or 1 is right: mean 75 %, standard error 25 / √200 = 1.77, 95 %: ± 3.46.
    expect(f1[0]).toBeGreaterThan(70.8)
    expect(f1[0]).toBeLessThan(72.3)
    expect(f1[1]).toBeGreaterThan(77.7)
    expect(f1[1]).toBeLessThan(79.2)
    expect([precision, recall]).toEqual([f1, f1])
    expect(bootstrap(sentences)).toEqual(bootstrap(sentences, { seed: 1, resamples: 1000 }))
    expect(bootstrap(sentences, { seed: 2 }).f1).not.toEqual(f1)
  })
  test('of nothing is zero', () => {
    expect(bootstrap([]).f1).toEqual([0, 0])
  })
  test('draws from a known generator', () => {
    const random = mulberry32(1)
    const drawn = Array.from({ length: 1e4 }, random)
    expect(drawn[0]).toBeCloseTo(0.6270739405881613, 12)
    expect(drawn.reduce((a, b) => a + b) / 1e4).toBeCloseTo(0.5, 1)
  })
})
