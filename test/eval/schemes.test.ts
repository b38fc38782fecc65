import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readConll } from '../../dist/eval/conll.js'
import { detectScheme } from '../../dist/eval/gold.js'
import { splitTag } from '../../dist/eval/notation.js'
import { encodeTags, prefixToIob2, SCHEMES, toIob2, typesOf, type Scheme } from '../../dist/eval/schemes.js'

const file = (tags: string) =>
  readConll(
    tags
      .split(' ')
      .map(tag => (tag === '|' ? '' : `w ${tag}`))
      .join('\n'),
    'x.conll',
  ).sentences
const detect = (tags: string, given?: Scheme) => detectScheme(file(tags), 'x.conll', given)

/** The same phrases in every scheme, computed by hand. */
const SAME = {
  IOB1: 'I-PER I-PER B-PER O I-LOC I-ORG I-ORG I-ORG O',
  IOB2: 'B-PER I-PER B-PER O B-LOC B-ORG I-ORG I-ORG O',
  BIOES: 'B-PER E-PER S-PER O S-LOC B-ORG I-ORG E-ORG O',
  BILOU: 'B-PER L-PER U-PER O U-LOC B-ORG I-ORG L-ORG O',
  BMES: 'B-PER E-PER S-PER O S-LOC B-ORG M-ORG E-ORG O',
} as const

describe.each(Object.keys(SAME) as (keyof typeof SAME)[])('%s', scheme => {
  const tags = SAME[scheme].split(' ')
  test('is detected', () => {
    expect(detect(SAME[scheme])).toEqual({ scheme, misfits: 0, firstMisfit: null })
  })
  test('becomes IOB2, and comes back', () => {
    expect(toIob2(tags).join(' ')).toBe(SAME.IOB2)
    expect(encodeTags(SAME.IOB2.split(' '), scheme).join(' ')).toBe(SAME[scheme])
  })
})

test.each([
  ['O O | O', 'IOB2', 0, null],
  ['B-PER O', 'IOB2', 0, null],
  ['I-PER O', 'IOB1', 0, null],
  ['S-PER', 'BIOES', 0, null],
  ['U-PER', 'BILOU', 0, null],
  ['B-PER I-PER O I-LOC B-ORG', 'IOB2', 1, 4], // one slip in IOB2, two in IOB1
  ['I-PER O I-LOC | B-ORG', 'IOB1', 1, 5],
  ['B-PER I-PER O S-LOC', 'BIOES', 1, 2],
])('%s is %s with %d misfits', (tags, scheme, misfits, firstMisfit) => {
  expect(detect(tags)).toEqual({ scheme, misfits, firstMisfit })
})

test('a scheme that is given is taken, and what does not fit is counted', () => {
  expect(detect(SAME.IOB1, 'IOB2')).toEqual({ scheme: 'IOB2', misfits: 3, firstMisfit: 1 })
})

test.each(['B-', 'X-PER', '-PER', 'o', 'BB-PER', '_', '0'])('%s is refused with its line', tag => {
  const refusal = expect.objectContaining({ code: 'CONLL_TAG_UNKNOWN', subject: 'x.conll, line 3' })
  expect(() => detect(`O | ${tag}`)).toThrow(refusal)
  expect(() => detect(`O | ${tag}`, 'IOB1')).toThrow(refusal)
})

test('letters of two schemes are refused with both lines', () => {
  expect(() => detect('S-PER O | U-LOC')).toThrow(
    expect.objectContaining({ code: 'CONLL_SCHEME_MIXED', found: expect.stringMatching(/line 1.*line 4/) }),
  )
  expect(detect('S-PER O | U-LOC', 'BIOES').misfits).toBe(1)
})

test('tags split at the first hyphen', () => {
  expect(splitTag('B-TV-SHOW')).toEqual({ prefix: 'B', type: 'TV-SHOW' })
  expect(splitTag('O')).toEqual({ prefix: 'O', type: '' })
  expect(typesOf(['O', 'I-PER', 'B-TV-SHOW', 'B-PER'])).toEqual(['PER', 'TV-SHOW'])
})

test('a guess keeps its breaks when its letters are mapped', () => {
  expect(['O', 'S-PER', 'E-PER', 'L-X', 'U-X', 'I-X', 'B-X'].map(prefixToIob2)).toEqual(
    'O B-PER I-PER I-X B-X I-X B-X'.split(' '),
  )
})

test('sound IOB2 goes through every scheme unchanged', () => {
  const word = fc.constantFrom('O', 'B-A', 'I-A', 'B-B', 'I-B')
  fc.assert(
    fc.property(fc.array(word), fc.constantFrom(...SCHEMES.filter(scheme => scheme !== 'IO')), (tags, scheme) => {
      const iob2 = toIob2(tags)
      expect(toIob2(encodeTags(iob2, scheme))).toEqual(iob2)
    }),
  )
})
