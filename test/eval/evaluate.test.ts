import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readConll } from '../../dist/eval/conll.js'
import { evaluateFile, checkTypes } from '../../dist/eval/evaluate.js'
import { cutWindows } from '../../dist/eval/evaluate-windows.js'
import { tagWords, type WordTagger } from '../../dist/eval/word-tags.js'
import type { PackedBatch } from '../../dist/kernels/kernels.js'

const LABELS = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC']
const CLS = 1
const SEP = 2

/**
 * Stands in for tokenizer and network: each character of a word is a piece, spaces are dropped, and a piece's logits
 * depend on its id alone: digits name their label. `seen` keeps every batch, to look at what the model was given.
 */
function fakeTagger(maxLength = 512, answer?: (id: number) => number[]): WordTagger & { seen: PackedBatch[] } {
  const seen: PackedBatch[] = []
  return {
    seen,
    labels: LABELS,
    maxLength,
    encodeWords(words) {
      const ids = [CLS]
      const wordIds: (number | null)[] = [null]
      for (const [w, word] of words.entries()) {
        for (const char of word) {
          if (char === ' ') continue
          ids.push(char.codePointAt(0) ?? 0)
          wordIds.push(w)
        }
      }
      ids.push(SEP)
      wordIds.push(null)
      return {
        ids,
        wordIds,
        tokens: ids.map(String),
        offsets: ids.map(() => [0, 0] as const),
        typeIds: ids.map(id => id % 5),
        specialTokensMask: wordIds.map(word => (word === null ? 1 : 0)),
      }
    },
    logits(batch) {
      seen.push(batch)
      const rows = [...batch.ids].flatMap(id => answer?.(id) ?? LABELS.map((_, l) => (l === id - 48 ? 5 : 0)))
      return Promise.resolve(Float32Array.from(rows))
    },
  }
}

describe('a word’s tag', () => {
  const tags = async (words: string[], wordTag: 'first' | 'average' | 'max') => {
    // a: LOC without doubt; b, c: PER, by a little
    const answer = (id: number) =>
      ({ 97: [0, 0, 0, 3, 0], 98: [0, 2, 0, 0, 0], 99: [0, 2, 0, 0, 0] })[id] ?? [1, 0, 0, 0, 0]
    return (await tagWords(fakeTagger(512, answer), [words], { wordTag })).tags[0]
  }
  test('is that of the first piece', async () => {
    expect(await tags(['bac', 'abb', 'x'], 'first')).toEqual(['B-PER', 'B-LOC', 'O'])
  })
  test('or of their mean', async () => {
    expect(await tags(['bac', 'abb', 'ab'], 'average')).toEqual(['B-PER', 'B-PER', 'B-LOC'])
  })
  test('or of the surest', async () => {
    expect(await tags(['bac', 'abb', 'ab'], 'max')).toEqual(['B-LOC', 'B-LOC', 'B-LOC'])
  })
})

test('a word without pieces is O, and counted; a text of such words is never run', async () => {
  const tagger = fakeTagger()
  const result = await tagWords(tagger, [[' ', '1', ' '], [' '], []])
  expect(result.tags).toEqual([['O', 'B-PER', 'O'], ['O'], []])
  expect(result.emptyWords).toBe(3)
  expect(tagger.seen).toHaveLength(1)
})

test('texts are packed by length up to the limit, and come back in order', async () => {
  const tagger = fakeTagger()
  const texts = ['1', '2222222', '333', '0'].map(word => [word])
  const progress: number[][] = []
  const onProgress = (done: number, total: number) => progress.push([done, total])
  const { tags, pieces } = await tagWords(tagger, texts, { batchTokens: 8, onProgress })
  expect(tags).toEqual([['B-PER'], ['I-PER'], ['B-LOC'], ['O']])
  expect(tagger.seen.map(({ starts }) => [...starts])).toEqual([
    [0, 9],
    [0, 5, 8],
    [0, 3],
  ])
  expect(pieces).toBe(20)
  expect(progress).toEqual([
    [9, 20],
    [17, 20],
    [20, 20],
  ])
})

test('long texts go through in windows: special tokens around each, no piece lost, none out of place', () => {
  const word = fc.integer({ min: 1, max: 9 })
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 3, max: 20 }),
      (sizes, maxLength) => {
        const words = sizes.map((size, w) => String.fromCharCode(100 + w).repeat(size))
        const encoding = fakeTagger().encodeWords(words)
        const windows = cutWindows(encoding, maxLength)
        let at = windows.length === 1 ? 0 : 1
        for (const { ids, typeIds, from, to, row } of windows) {
          expect(from).toBe(at)
          expect(to).toBeGreaterThan(from)
          expect(ids.length).toBeLessThanOrEqual(maxLength)
          expect([ids[0], ids.at(-1)]).toEqual([CLS, SEP])
          expect(ids.slice(row, row + to - from)).toEqual(encoding.ids.slice(from, to))
          expect(typeIds.slice(row, row + to - from)).toEqual(encoding.typeIds.slice(from, to))
          expect([typeIds[0], typeIds.at(-1)]).toEqual([CLS % 5, SEP % 5])
          at = to
        }
        expect(at).toBe(encoding.ids.length - (windows.length === 1 ? 0 : 1))
      },
    ),
  )
})

test('windows overlap, and each piece has context on both sides', () => {
  const letters = Array.from({ length: 400 }, (_, w) => String.fromCharCode(100 + w))
  const windows = cutWindows(fakeTagger().encodeWords(letters), 102)
  for (const [w, { from, to, row, ids }] of windows.entries()) {
    if (w > 0) expect(row - 1).toBeGreaterThanOrEqual(20)
    if (w < windows.length - 1) expect(ids.length - 1 - (row + to - from)).toBeGreaterThanOrEqual(20)
  }
  expect(windows.length).toBeLessThan(9)
})

test('windows and cuts fall between words', () => {
  const words = Array.from({ length: 60 }, (_, w) => String.fromCharCode(100 + w).repeat(1 + (w % 4)))
  const encoding = fakeTagger().encodeWords(words)
  const begins = (at: number) => encoding.wordIds[at] === null || encoding.wordIds[at] !== encoding.wordIds[at - 1]
  for (const { from, to } of cutWindows(encoding, 42)) expect([begins(from), begins(to)]).toEqual([true, true])
})

test('a model without room for a single piece is refused', () => {
  expect(() => cutWindows(fakeTagger().encodeWords(['a']), 2)).toThrow(
    expect.objectContaining({ code: 'OPTION_MAX_LENGTH' }),
  )
})

const FILE = '-DOCSTART- O\n\n1 I-PER\n2 I-PER\n0 O\n\n3 I-LOC\n\n-DOCSTART- O\n\n1 I-PER\n1 B-PER\n'

describe('a file', () => {
  test('is scored in IOB2, whatever its scheme', async () => {
    const result = await evaluateFile(fakeTagger(), readConll(FILE, 'x'), 'x')
    expect(result.scheme).toEqual({ scheme: 'IOB1', misfits: 0, firstMisfit: null })
    expect(result.gold).toEqual([['B-PER', 'I-PER', 'O'], ['B-LOC'], ['B-PER', 'B-PER']])
    expect(result.guess).toEqual(result.gold)
    expect(result.conlleval).toMatchObject({ tokens: 6, correctTokens: 6, total: { gold: 4, found: 4, correct: 4 } })
    expect(result.seqeval.strict?.micro.f1).toBe(1)
    expect(result.errors).toEqual([])
    expect(result.confidence.f1).toEqual([100, 100])
  })

  test('by document: neighbours are in the window, documents are not mixed', async () => {
    const tagger = fakeTagger()
    const result = await evaluateFile(tagger, readConll(FILE, 'x'), 'x', { context: 'document' })
    expect(result.guess).toEqual(result.gold)
    expect(tagger.seen.map(({ ids }) => [...ids].map(id => (id < 48 ? '|' : id - 48)).join(''))).toEqual(['|1203||11|'])
    expect([...(tagger.seen[0]?.starts ?? [])]).toEqual([0, 6, 10])
  })

  test('in another letter case', async () => {
    const tagger = fakeTagger()
    await evaluateFile(tagger, readConll('Añ O\n', 'x'), 'x', { letterCase: 'upper' })
    expect(String.fromCodePoint(...(tagger.seen[0]?.ids ?? []))).toBe('\u0001AÑ\u0002')
  })

  test('of one guess wrong in each way', async () => {
    // types: missed, invented, wrong type, wrong boundary
    const text = '0 B-PER\n\n1 O\n\n1 B-LOC\n\n1 B-PER\n2 O\n'
    const result = await evaluateFile(fakeTagger(), readConll(text, 'x'), 'x')
    expect(result.errors.map(({ sentence, errors }) => [sentence, errors.map(({ kind }) => kind)])).toEqual([
      [0, ['missed']],
      [1, ['invented']],
      [2, ['wrong type']],
      [3, ['wrong boundary']],
    ])
    expect(result.confusion).toEqual({
      types: ['O', 'LOC', 'PER'],
      counts: [
        [0, 0, 2],
        [0, 0, 1],
        [1, 0, 1],
      ],
    })
  })

  test('a guess that begins with I- is kept as it is, and pointed out', async () => {
    const result = await evaluateFile(fakeTagger(), readConll('2 B-PER\n3 B-LOC\n', 'x'), 'x')
    expect(result.guess).toEqual([['I-PER', 'B-LOC']])
    expect(result.brokenGuesses).toEqual([0])
    expect(result.conlleval.total.correct).toBe(2)
    expect(result.seqeval.strict?.micro.recall).toBe(0.5)
  })

  test('a model of IOB1 is noticed, or given', async () => {
    const text = '2 B-PER\n\n'.repeat(20)
    const noticed = await evaluateFile(fakeTagger(), readConll(text, 'x'), 'x')
    expect(noticed.modelScheme).toBe('IOB1')
    expect(noticed.conlleval.correctTokens).toBe(20)
    const given = await evaluateFile(fakeTagger(), readConll(text, 'x'), 'x', { modelScheme: 'IOB2' })
    expect(given.conlleval.correctTokens).toBe(0)
  })
})

describe('types', () => {
  const refusal = (found: string, expected: string) =>
    expect.objectContaining({
      code: 'CONLL_TYPES_DIFFER',
      found: expect.stringContaining(found),
      expected: expect.stringContaining(expected),
    })
  test('that differ are refused, with both lists', () => {
    expect(() => checkTypes(['GPE', 'PERSON'], LABELS, 'x')).toThrow(refusal('GPE, PERSON', 'LOC, PER'))
    expect(() => checkTypes(['PER'], ['LABEL_0', 'LABEL_1'], 'x')).toThrow(refusal('PER', 'LABEL_0, LABEL_1'))
  })
  test('that the file lacks are noted', () => {
    expect(checkTypes(['PER'], LABELS, 'x')).toEqual([expect.stringContaining('LOC')])
    expect(checkTypes(['LOC', 'PER'], LABELS, 'x')).toEqual([])
  })
})
