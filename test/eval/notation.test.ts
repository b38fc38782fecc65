/** Tags in every notation that corpora and models have, read as seqeval reads them. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { readConll } from '../../dist/eval/conll.js'
import { readGold } from '../../dist/eval/gold.js'
import { Labels } from '../../dist/eval/labels.js'
import { readSpelling } from '../../dist/eval/notation.js'
import { phrasesOf } from '../../dist/eval/schemes.js'

interface Case {
  notation: string
  sound: boolean
  tags: string
  phrases: [type: string, start: number, end: number][]
}
const fixture = gunzipSync(readFileSync(new URL('../fixtures/notations.json.gz', import.meta.url)))
const cases = JSON.parse(fixture.toString()) as Case[]

const sentences = (tags: string) => readConll(tags.replaceAll(/(\S+) ?/g, 'w $1\n'), 'x').sentences
const gold = (tags: string) => readGold(sentences(tags), 'x')
const phrases = (iob2: readonly string[]) => phrasesOf(iob2).map(({ type, start, end }) => [type, start, end])

test.each([...new Set(cases.map(({ notation }) => notation))])('%s: phrases are those of seqeval', name => {
  const own = cases.filter(({ notation }) => notation === name)
  expect(own.length).toBeGreaterThan(150)
  for (const { tags, phrases: expected } of own) {
    // A letter alone says too little to tell letters from suffixes: the whole corpus does.
    const iob2 = readGold([...sentences(tags), ...sentences(corpus(name))], 'x').iob2[0] ?? []
    expect({ tags, phrases: phrases(iob2) }).toEqual({ tags, phrases: expected })
  }

  /** Each tag of the notation once. */
  function corpus(notation: string): string {
    const all = new Set(cases.filter(other => other.notation === notation).flatMap(({ tags }) => tags.split(' ')))
    return [...all].join(' ')
  }
})

test('labels of a model are read as the tags of a file are', () => {
  for (const { notation, sound, tags, phrases: expected } of cases) {
    if (!sound) continue // each label is read by itself, so that a broken guess stays broken
    const all = cases.filter(other => other.notation === notation).flatMap(other => other.tags.split(' '))
    const labels = new Labels([...new Set(['O', ...all])])
    const scheme = labels.schemeOf([])
    expect({ tags, phrases: phrases(labels.toIob2(tags.split(' '), scheme)) }).toMatchObject({
      tags,
      phrases: expected,
    })
  }
})

describe('by example', () => {
  test.each([
    ['B I O B B', 'IOB2', 'B I O B B'],
    ['PER PER O LOC PER', 'IO', 'B-PER I-PER O B-LOC B-PER'],
    ['person-actor person-actor O event-other', 'IO', 'B-person-actor I-person-actor O B-event-other'],
    ['B-X M-X E-X S-X O', 'BMES', 'B-X I-X I-X B-X O'],
    ['B-X M-X E-X W-X O', 'BMES', 'B-X I-X I-X B-X O'],
    ['LOC-B LOC-I O PER-B', 'IOB2', 'B-LOC I-LOC O B-PER'],
    ['LOC_B LOC_I O PER_B', 'IOB2', 'B-LOC I-LOC O B-PER'],
    ['B_LOC I_LOC O', 'IOB2', 'B-LOC I-LOC O'],
    ['TV_SHOW_B TV_SHOW_I', 'IOB2', 'B-TV_SHOW I-TV_SHOW'],
    ['I-PER I-PER B-PER', 'IOB1', 'B-PER I-PER B-PER'],
    ['S S B E O', 'BIOES', 'B B B I O'],
  ])('%s is %s: %s', (tags, scheme, iob2) => {
    expect(gold(tags)).toEqual({
      iob2: [iob2.split(' ')],
      scheme: { scheme, misfits: 0, firstMisfit: null },
      blank: null,
    })
  })

  test('tags that say nothing of a type are O, and counted', () => {
    expect(gold('B-PER X I-PER [SEP] [PAD] [PAD]')).toMatchObject({
      iob2: [['B-PER', 'O', 'B-PER', 'O', 'O', 'O']],
      blank: { tags: ['X', '[SEP]', '[PAD]'], words: 4, firstLine: 2 },
    })
  })

  test.each([
    ['B-PER LOC', 2],
    ['O B-PER B', 3],
    ['B- O', 1],
    ['PER O -LOC', 3],
    ['PER X-LOC', 2],
    ['B I o', 3],
  ])('%s: a tag of another notation is refused with its line', (tags, line) => {
    expect(() => gold(tags)).toThrow(expect.objectContaining({ code: 'CONLL_TAG_UNKNOWN', subject: `x, line ${line}` }))
  })
})

describe('labels of models', () => {
  const iob2 = (labels: string, guess: string) => {
    const read = new Labels(labels.split(' '))
    return { tags: read.toIob2(guess.split(' '), read.schemeOf([])).join(' '), types: read.types, blank: read.blank }
  }
  test.each([
    ['O B-n I-n E-n S-n [PAD]', 'S-n S-n [PAD] B-n I-n E-n', 'B-n B-n O B-n I-n I-n', ['n'], ['[PAD]']],
    ['O X [CLS] [SEP] B-PER I-PER', 'B-PER X I-PER', 'B-PER O I-PER', ['PER'], ['X', '[CLS]', '[SEP]']],
    ['O B-PER I-PER E-PER S-PER S-DATE', 'B-PER E-PER S-DATE S-DATE', 'B-PER I-PER B-DATE B-DATE', ['DATE', 'PER'], []],
    ['O B-PER I-PER DATE', 'DATE DATE B-PER I-PER DATE', 'B-DATE I-DATE B-PER I-PER B-DATE', ['DATE', 'PER'], []],
    ['O B-PER I-PER B', 'B B-PER', 'O B-PER', ['PER'], ['B']],
    ['B I O', 'B I O I', 'B I O I', [''], []],
    ['O PER LOC', 'PER PER LOC O', 'B-PER I-PER B-LOC O', ['LOC', 'PER'], []],
    ['O PER LOC <PAD>', 'PER <PAD> PER', 'B-PER O B-PER', ['LOC', 'PER'], ['<PAD>']],
    ['O B-A M-A E-A S-A', 'B-A M-A E-A S-A', 'B-A I-A I-A B-A', ['A'], []],
    ['O LOC_B LOC_I', 'LOC_B LOC_I LOC_B', 'B-LOC I-LOC B-LOC', ['LOC'], []],
  ])('%s', (labels, guess, tags, types, blank) => {
    expect(iob2(labels, guess)).toEqual({ tags, types, blank })
  })
})

test('a file of O alone, and nothing', () => {
  expect(readSpelling(['O'])).toMatchObject({ notation: 'prefix', strange: [], blank: [] })
  expect(gold('O O').scheme.scheme).toBe('IOB2')
})
