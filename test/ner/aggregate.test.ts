/** Each rule of the aggregation by itself, on probabilities written by hand. */
import { describe, expect, test } from '@jest/globals'
import { aggregate, type AggregationOptions, type LabelSet } from '../../dist/ner/aggregate.js'
import type { AggregationStrategy } from '../../dist/ner/entity.js'
import { resolveOverlaps } from '../../dist/ner/overlap.js'
import { readTags } from '../../dist/ner/tags.js'
import { gatherTokens, type Token, type PieceRules } from '../../dist/ner/tokens.js'

const vocabulary: PieceRules = {
  unkId: 100,
  continuingSubwordPrefix: '##',
  pieceOf: String,
  decodeTokens: tokens =>
    tokens.map((token, i) => (token.startsWith('##') && i > 0 ? token.slice(2) : i > 0 ? ` ${token}` : token)).join(''),
}
const BIO = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC']

function labelSet(names: readonly string[]): LabelSet {
  return { names, tags: readTags(names) }
}

/** `['Wolf', 'B-PER', 0.9]`: a piece, its label, the label's probability; the rest goes to the other labels evenly. */
function tokensOf(names: readonly string[], pieces: readonly (readonly [string, string, number])[]): Token[] {
  let at = 0
  return pieces.map(([word, label, score], i) => {
    const isSubword = word.startsWith('##')
    const start = i === 0 || isSubword ? at : at + 1
    at = start + word.length - (isSubword ? 2 : 0)
    const rest = (1 - score) / (names.length - 1)
    const scores = Float32Array.from(names, name => (name === label ? score : rest))
    return { index: i + 1, word, scores, start, end: at, isSubword }
  })
}

function run(
  pieces: readonly (readonly [string, string, number])[],
  strategy: AggregationStrategy,
  { names = BIO, ...options }: Partial<AggregationOptions> & { names?: readonly string[] } = {},
) {
  return aggregate(tokensOf(names, pieces), labelSet(names), vocabulary, {
    strategy,
    ignoreLabels: new Set(['O']),
    topK: 0,
    ...options,
  })
}

const brief = (entities: ReturnType<typeof run>) =>
  entities.map(entity => [
    'entity' in entity ? entity.entity : entity.entity_group,
    entity.word,
    entity.start,
    entity.end,
  ])

const wolfgang = [
  ['My', 'O', 0.9],
  ['Wolf', 'B-PER', 0.5],
  ['##gang', 'I-LOC', 0.9],
  ['Berlin', 'B-LOC', 0.8],
] as const

describe('strategies', () => {
  test('none gives every token with its index, fields in the order of the reference', () => {
    const entities = run(wolfgang, 'none')
    expect(brief(entities)).toEqual([
      ['B-PER', 'Wolf', 3, 7],
      ['I-LOC', '##gang', 7, 11],
      ['B-LOC', 'Berlin', 12, 18],
    ])
    expect(entities.map(Object.keys)[0]).toEqual(['entity', 'score', 'index', 'word', 'start', 'end'])
    expect(entities[0]).toMatchObject({ index: 2, score: 0.5 })
  })

  test('simple groups tokens, and may cut a word', () => {
    const entities = run(wolfgang, 'simple')
    expect(brief(entities)).toEqual([
      ['PER', 'Wolf', 3, 7],
      ['LOC', '##gang', 7, 11],
      ['LOC', 'Berlin', 12, 18],
    ])
    expect(entities.map(Object.keys)[0]).toEqual(['entity_group', 'score', 'word', 'start', 'end'])
  })

  test.each([
    ['first', 'PER', 0.5],
    ['max', 'LOC', 0.9],
    // PER: (0.5 + 0.025) / 2, LOC: (0.125 + 0.9) / 2
    ['average', 'LOC', 0.5125],
  ] as const)('%s gives a word one label', (strategy, group, score) => {
    const [entity] = run(wolfgang.slice(0, 3), strategy)
    expect(entity).toEqual({
      entity_group: group,
      score: expect.closeTo(score, 6),
      word: 'Wolfgang',
      start: 3,
      end: 11,
    })
  })

  test('max takes the first of equally certain tokens', () => {
    const pieces = [['a', 'B-PER', 0.75], ['##b', 'B-LOC', 0.75]] as const // prettier-ignore
    expect(brief(run(pieces, 'max'))).toEqual([['PER', 'ab', 0, 2]])
  })

  test('of equal probabilities the label with the smaller id wins', () => {
    const pieces = [['a', 'O', 0.2]] as const
    expect(run(pieces, 'none', { ignoreLabels: new Set() })).toMatchObject([{ entity: 'O' }])
  })

  test('a text may begin with a continuation: it begins a word all the same', () => {
    expect(brief(run([['##gang', 'B-PER', 0.9]], 'first'))).toEqual([['PER', '##gang', 0, 4]])
  })

  test('no tokens, no entities', () => {
    for (const strategy of ['none', 'simple', 'first', 'average', 'max'] as const) expect(run([], strategy)).toEqual([])
  })
})

describe('grouping', () => {
  const groupsOf = (labels: readonly string[], names = BIO, ignoreLabels = new Set(['O'])) =>
    run(
      labels.map(label => ['x', label, 0.9] as const),
      'simple',
      { names, ignoreLabels },
    ).map(entity => ['entity_group' in entity && entity.entity_group, entity.word.split(' ').length])

  test('B- begins another entity, I- goes on with one of its type or begins one', () => {
    expect(groupsOf(['B-PER', 'I-PER', 'B-PER', 'I-LOC', 'I-LOC', 'I-PER'])).toEqual([
      ['PER', 2],
      ['PER', 1],
      ['LOC', 2],
      ['PER', 1],
    ])
  })

  test('what is ignored parts what it stands between', () => {
    expect(groupsOf(['B-PER', 'O', 'O', 'I-PER'])).toEqual([['PER', 1], ['PER', 1]]) // prettier-ignore
    expect(groupsOf(['B-PER', 'O', 'O', 'I-PER'], BIO, new Set())).toEqual([['PER', 1], ['O', 2], ['PER', 1]]) // prettier-ignore
    expect(groupsOf(['B-PER', 'I-LOC', 'I-PER'], BIO, new Set(['LOC']))).toEqual([['PER', 1], ['PER', 1]]) // prettier-ignore
  })

  test('none ignores labels, groups ignore types', () => {
    const pieces = [['a', 'B-PER', 0.9], ['b', 'B-LOC', 0.9]] as const // prettier-ignore
    expect(brief(run(pieces, 'none', { ignoreLabels: new Set(['B-PER', 'LOC']) }))).toEqual([['B-LOC', 'b', 2, 3]])
    expect(brief(run(pieces, 'simple', { ignoreLabels: new Set(['B-PER', 'LOC']) }))).toEqual([['PER', 'a', 0, 1]])
  })

  test('labels without a prefix continue themselves; the name of a group ends at the first hyphen', () => {
    const names = ['O', 'NOUN', 'B-NOUN', 'I-A-B', 'X-A']
    expect(groupsOf(['NOUN', 'NOUN', 'B-NOUN', 'NOUN'], names)).toEqual([['NOUN', 2], ['NOUN', 2]]) // prettier-ignore
    expect(groupsOf(['I-A-B', 'X-A', 'X-A'], names)).toEqual([['A-B', 1], ['A', 2]]) // prettier-ignore
  })

  test('BIOES: S and E end an entity', () => {
    const names = ['O', 'B-P', 'I-P', 'E-P', 'S-P', 'B-L', 'E-L', 'S-L', 'I-L']
    expect(groupsOf(['B-P', 'I-P', 'E-P', 'S-P', 'S-P', 'I-P', 'E-P', 'I-P', 'S-L', 'B-L'], names)).toEqual([
      ['P', 3],
      ['P', 1],
      ['P', 1],
      ['P', 2],
      ['P', 1],
      ['L', 1],
      ['L', 1],
    ])
  })

  test('BILOU is the same in other letters', () => {
    expect(groupsOf(['B-P', 'L-P', 'U-P', 'L-P'], ['O', 'B-P', 'I-P', 'L-P', 'U-P'])).toEqual([['P', 2], ['P', 1], ['P', 1]]) // prettier-ignore
  })

  test('BMES and BMEWO too', () => {
    expect(groupsOf(['B-P', 'M-P', 'E-P', 'S-P', 'S-P'], ['O', 'B-P', 'M-P', 'E-P', 'S-P'])).toEqual([['P', 3], ['P', 1], ['P', 1]]) // prettier-ignore
    expect(groupsOf(['W-P', 'W-P', 'B-P', 'E-P'], ['O', 'B-P', 'M-P', 'E-P', 'W-P'])).toEqual([['P', 1], ['P', 1], ['P', 2]]) // prettier-ignore
  })

  test.each([['[PAD]'], ['X'], ['[CLS]'], ['[SEP]'], ['<PAD>'], ['S-DATE'], ['I-PHONE'], ['MISC'], ['T-cell']])(
    'one odd label does not turn the scheme off: %s',
    odd => {
      const names = ['O', 'B-P', 'I-P', 'E-P', 'S-P', odd]
      expect(groupsOf(['S-P', 'S-P', 'B-P', 'I-P', 'E-P'], names)).toEqual([['P', 1], ['P', 1], ['P', 3]]) // prettier-ignore
    },
  )

  test('… and stays what transformers makes of it', () => {
    const names = ['O', 'B-P', 'E-P', 'S-P', '[PAD]', 'X']
    expect(groupsOf(['[PAD]', '[PAD]', 'X', 'B-P', 'E-P'], names)).toEqual([['[PAD]', 2], ['X', 1], ['P', 2]]) // prettier-ignore
  })

  test('a name that only looks like BIOES is read as the reference reads it', () => {
    const names = ['O', 'B-PER', 'I-PER', 'E-commerce']
    expect(groupsOf(['E-commerce', 'E-commerce', 'B-PER'], names)).toEqual([['commerce', 2], ['PER', 1]]) // prettier-ignore
  })
})

describe('top_k', () => {
  test('of a token: the best labels of the model', () => {
    const [entity] = run([['a', 'B-PER', 0.6]], 'none', { topK: 2 })
    expect(entity?.labels).toEqual([
      { label: 'B-PER', score: expect.closeTo(0.6, 6) },
      { label: 'O', score: expect.closeTo(0.1, 6) },
    ])
  })

  test('of a group: each type by its likelier label, the group first, with its own score', () => {
    const pieces = [['a', 'B-PER', 0.6], ['b', 'I-PER', 0.8]] as const // prettier-ignore
    const [entity] = run(pieces, 'simple', { topK: 9 })
    expect(entity?.labels).toEqual([
      { label: 'PER', score: entity?.score },
      { label: 'O', score: expect.closeTo(0.075, 6) },
      { label: 'LOC', score: expect.closeTo(0.075, 6) },
    ])
  })
})

describe('tokens', () => {
  const gather = (text: string, pieces: readonly (readonly [string, number, number, number])[], prefix = '##') =>
    gatherTokens(
      {
        text,
        length: pieces.length,
        ids: Int32Array.from(pieces, ([, id]) => id),
        typeIds: new Int32Array(pieces.length),
        starts: Int32Array.from(pieces, ([, , start]) => start),
        ends: Int32Array.from(pieces, ([, , , end]) => end),
        wordIds: new Int32Array(pieces.length),
      },
      [0, pieces.length],
      new Float32Array(pieces.length),
      {
        ...vocabulary,
        continuingSubwordPrefix: prefix,
        pieceOf: id => pieces.find(([, other]) => other === id)?.[0] ?? '',
      },
      1,
    ).map(({ word, isSubword }) => [word, isSubword])

  test('a piece longer than its text continues a word; an unknown word is itself', () => {
    const found = gather('Wolfgang 𝒳 𐐀b', [['Wolf', 1, 0, 4], ['##gang', 2, 4, 8], ['[UNK]', 100, 9, 11], ['𐐀', 3, 12, 14], ['##b', 4, 14, 15]]) // prettier-ignore
    expect(found).toEqual([['Wolf', false], ['##gang', true], ['𝒳', false], ['𐐀', false], ['##b', true]]) // prettier-ignore
  })

  test('quirk: a first piece whose text shrank when it was normalised counts as a continuation', () => {
    expect(gather('e\u0301', [['e', 1, 0, 2]])).toEqual([['e', true]])
  })

  test('quirk: a continuation two code points longer than its letters does not', () => {
    expect(gather('ae\u0301\u0302', [['a', 1, 0, 1], ['##e', 2, 1, 4]])).toEqual([['a', false], ['##e', false]]) // prettier-ignore
  })

  test('without a prefix, what has no space before it continues', () => {
    expect(gather('ab c', [['a', 1, 0, 1], ['b', 2, 1, 2], ['c', 3, 3, 4]], '')).toEqual([['a', false], ['b', true], ['c', false]]) // prettier-ignore
  })
})

describe('overlapping entities', () => {
  const span = (start: number, end: number, score: number) => ({ start, end, score })
  const text = 'x'.repeat(30)

  test('the longer stays, then the surer, then the first', () => {
    expect(
      resolveOverlaps(text, [
        span(0, 5, 0.9),
        span(3, 9, 0.1),
        span(20, 25, 0.3),
        span(20, 25, 0.4),
        span(20, 25, 0.4),
      ]),
    ).toEqual([span(3, 9, 0.1), span(20, 25, 0.4)])
  })

  test('results are by place, whatever window they come from; what only touches stays', () => {
    expect(resolveOverlaps(text, [span(5, 9, 1), span(0, 5, 1)])).toEqual([span(0, 5, 1), span(5, 9, 1)])
    expect(resolveOverlaps(text, [])).toEqual([])
  })

  test('length is that of Python, in code points', () => {
    expect(resolveOverlaps('abc😀', [span(0, 3, 0.1), span(2, 5, 1)])).toEqual([span(0, 3, 0.1)])
  })
})
