import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readConll } from '../../dist/eval/conll.js'
import { evaluateFile, checkTypes } from '../../dist/eval/evaluate.js'
import { Labels } from '../../dist/eval/labels.js'
import { tagWords } from '../../dist/eval/word-tags.js'
import type { PackedBatch } from '../../dist/kernels/kernels.js'
import { pipeline, type NerPipeline } from '../../dist/node.js'
import { tinyModel } from '../helpers/tiny-model.ts'
import { Tagger, type TaggerModel, type TaggerTokenizer } from '../../dist/ner/tagger.js'

const LABELS = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC']
const CLS = 1
const SEP = 2

/**
 * A tagger over stand-ins for tokenizer and network: each character of a word is a piece, spaces are dropped, and a piece's
 * logits depend on its id alone: digits name their label. `seen` keeps every batch, to look at what the model was given.
 */
function fakeTagger(maxLength = 512, answer?: (id: number) => number[]): { tagger: Tagger; seen: PackedBatch[] } {
  const seen: PackedBatch[] = []
  const encodeWords: TaggerTokenizer['encodeWords'] = words => {
    const pieces = words.flatMap((word, w) => Array.from(word.replaceAll(' ', ''), char => ({ char, w })))
    const ids = pieces.map(({ char }) => char.codePointAt(0) ?? 0)
    return {
      ids,
      wordIds: pieces.map(({ w }) => w),
      tokens: ids.map(String),
      offsets: ids.map(() => [0, 0] as const),
      typeIds: ids.map(id => id % 5),
      specialTokensMask: ids.map(() => 0),
    }
  }
  const tokenizer: TaggerTokenizer = {
    encode: () => encodeWords([]),
    encodeWords,
    modelMaxLength: undefined,
    around: { before: { ids: [CLS], typeIds: [1] }, after: { ids: [SEP], typeIds: [2] } },
  }
  const model: TaggerModel = {
    config: { labels: LABELS, maxPositionEmbeddings: maxLength },
    forward(batch) {
      seen.push(batch)
      const rows = [...batch.ids].flatMap(id => answer?.(id) ?? LABELS.map((_, l) => (l === id - 48 ? 5 : 0)))
      return Promise.resolve({ logits: Float32Array.from(rows) })
    },
  }
  return { tagger: new Tagger(tokenizer, model), seen }
}

describe('a word’s tag', () => {
  const tags = async (words: string[], wordTag: 'first' | 'average' | 'max') => {
    // a: LOC without doubt; b, c: PER, by a little
    const answer = (id: number) =>
      ({ 97: [0, 0, 0, 3, 0], 98: [0, 2, 0, 0, 0], 99: [0, 2, 0, 0, 0] })[id] ?? [1, 0, 0, 0, 0]
    return (await tagWords(fakeTagger(512, answer).tagger, [words], { wordTag })).tags[0]
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
  const { tagger, seen } = fakeTagger()
  const result = await tagWords(tagger, [[' ', '1', ' '], [' '], []])
  expect(result.tags).toEqual([['O', 'B-PER', 'O'], ['O'], []])
  expect(result.emptyWords).toBe(3)
  expect(seen).toHaveLength(1)
})

test('texts are packed in their order up to the limit', async () => {
  const { tagger, seen } = fakeTagger()
  const texts = ['1', '333', '2222222', '0'].map(word => [word])
  const progress: number[][] = []
  const onProgress = (done: number, total: number) => progress.push([done, total])
  const { tags, tokens } = await tagWords(tagger, texts, { batchTokens: 8, onProgress })
  expect(tags).toEqual([['B-PER'], ['B-LOC'], ['I-PER'], ['O']])
  expect(seen.map(({ starts }) => [...starts])).toEqual([
    [0, 3, 8],
    [0, 9],
    [0, 3],
  ])
  expect(tokens).toBe(20)
  expect(progress).toEqual([
    [8, 20],
    [17, 20],
    [20, 20],
  ])
})

test('a model without room for a single piece is refused', async () => {
  await expect(tagWords(fakeTagger(2).tagger, [['a']])).rejects.toMatchObject({ code: 'CONFIG_WINDOW' })
})

describe('word tags are what the logits of the pipeline say', () => {
  let ner: NerPipeline
  beforeAll(async () => {
    // Twelve tokens at most, so that most texts go through in windows.
    ner = await pipeline('token-classification', tinyModel({ model_max_length: 12 }), { threads: 1, dtype: 'fp32' })
  })
  afterAll(() => ner.dispose())

  /** From the probabilities that the pipeline gives for each token, by hand. */
  async function byHand(words: readonly string[], how: 'first' | 'average' | 'max'): Promise<string[]> {
    const { labels } = ner.model.config
    const options = { is_split_into_words: true, ignore_labels: [], top_k: labels.length } as const
    const [tokens = []] = await ner([words], options)
    const tags = words.map(() => 'O')
    const { wordIds } = ner.tokenizer.encodeWords(words, { addSpecialTokens: false })
    for (const word of new Set(wordIds)) {
      const rows = tokens.filter((_, i) => wordIds[i] === word).slice(0, how === 'first' ? 1 : undefined)
      const sure = (label: string) => rows.map(row => row.labels?.find(other => other.label === label)?.score ?? NaN)
      const value = (label: string) => (how === 'max' ? Math.max(...sure(label)) : sure(label).reduce((a, b) => a + b))
      tags[word ?? -1] = labels.reduce((best, label) => (value(label) > value(best) ? label : best))
    }
    return tags
  }

  test('for random words, windows and rules', async () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'n', 'é', '7', ',', ' '), minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { minLength: 1, maxLength: 25 }),
        fc.constantFrom('first' as const, 'average' as const, 'max' as const),
        async (words, wordTag) => {
          const tagger = new Tagger(ner.tokenizer, ner.model)
          const { tags } = await tagWords(tagger, [words], { wordTag })
          expect(tags[0]).toEqual(await byHand(words, wordTag))
        },
      ),
      { numRuns: 150 },
    )
  })
})

const FILE = '-DOCSTART- O\n\n1 I-PER\n2 I-PER\n0 O\n\n3 I-LOC\n\n-DOCSTART- O\n\n1 I-PER\n1 B-PER\n'

describe('a file', () => {
  test('is scored in IOB2, whatever its scheme', async () => {
    const result = await evaluateFile(fakeTagger().tagger, readConll(FILE, 'x'), 'x')
    expect(result.scheme).toEqual({ scheme: 'IOB1', misfits: 0, firstMisfit: null })
    expect(result.gold).toEqual([['B-PER', 'I-PER', 'O'], ['B-LOC'], ['B-PER', 'B-PER']])
    expect(result.guess).toEqual(result.gold)
    expect(result.conlleval).toMatchObject({ tokens: 6, correctTokens: 6, total: { gold: 4, found: 4, correct: 4 } })
    expect(result.seqeval.strict?.micro.f1).toBe(1)
    expect(result.errors).toEqual([])
    expect(result.confidence.f1).toEqual([100, 100])
  })

  test('by document: neighbours are in the window, documents are not mixed', async () => {
    const { tagger, seen } = fakeTagger()
    const result = await evaluateFile(tagger, readConll(FILE, 'x'), 'x', { context: 'document' })
    expect(result.guess).toEqual(result.gold)
    expect(seen.map(({ ids }) => [...ids].map(id => (id < 48 ? '|' : id - 48)).join(''))).toEqual(['|1203||11|'])
    expect([...(seen[0]?.starts ?? [])]).toEqual([0, 6, 10])
  })

  test('in another letter case', async () => {
    const { tagger, seen } = fakeTagger()
    await evaluateFile(tagger, readConll('Añ O\n', 'x'), 'x', { letterCase: 'upper' })
    expect(String.fromCodePoint(...(seen[0]?.ids ?? []))).toBe('\u0001AÑ\u0002')
  })

  test('of one guess wrong in each way', async () => {
    // types: missed, invented, wrong type, wrong boundary
    const text = '0 B-PER\n\n1 O\n\n1 B-LOC\n\n1 B-PER\n2 O\n'
    const result = await evaluateFile(fakeTagger().tagger, readConll(text, 'x'), 'x')
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
    const result = await evaluateFile(fakeTagger().tagger, readConll('2 B-PER\n3 B-LOC\n', 'x'), 'x')
    expect(result.guess).toEqual([['I-PER', 'B-LOC']])
    expect(result.brokenGuesses).toEqual([0])
    expect(result.conlleval.total.correct).toBe(2)
    expect(result.seqeval.strict?.micro.recall).toBe(0.5)
  })

  test('a model of IOB1 is noticed, or given', async () => {
    const text = '2 B-PER\n\n'.repeat(20)
    const noticed = await evaluateFile(fakeTagger().tagger, readConll(text, 'x'), 'x')
    expect(noticed.modelScheme).toBe('IOB1')
    expect(noticed.conlleval.correctTokens).toBe(20)
    const given = await evaluateFile(fakeTagger().tagger, readConll(text, 'x'), 'x', { modelScheme: 'IOB2' })
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
    expect(() => checkTypes(['GPE', 'PERSON'], new Labels(LABELS), 'x')).toThrow(refusal('GPE, PERSON', 'LOC, PER'))
    expect(() => checkTypes(['PER'], new Labels(['LABEL_0', 'LABEL_1']), 'x')).toThrow(
      refusal('PER', 'LABEL_0, LABEL_1'),
    )
  })
  test('that the file lacks are noted', () => {
    expect(checkTypes(['PER'], new Labels(LABELS), 'x')).toEqual([expect.stringContaining('LOC')])
    expect(checkTypes(['LOC', 'PER'], new Labels(LABELS), 'x')).toEqual([])
  })
})
