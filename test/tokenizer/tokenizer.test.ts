import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { sourceFromBytes } from '../../dist/source/source.js'
import { Tokenizer } from '../../dist/node.js'
import { Tokenizer as CoreTokenizer } from '../../dist/tokenizer/tokenizer.js'
import { generate, load, readFixture } from './oracle.ts'

const VOCAB =
  '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nMy\nname\nis\nWolf\n##gang\n.\nna\n##ive\nnaive\n[\n]\nSEP\n😀\n##x\nmy\n'
const cased = Tokenizer.fromVocab(VOCAB, { do_lower_case: false, model_max_length: 512 })
const uncased = Tokenizer.fromVocab(VOCAB)

describe('encode', () => {
  test('gives six lists', () => {
    expect(cased.encode('My name is Wolfgang.')).toEqual({
      ids: [2, 5, 6, 7, 8, 9, 10, 3],
      tokens: ['[CLS]', 'My', 'name', 'is', 'Wolf', '##gang', '.', '[SEP]'],
      offsets: [
        [0, 0],
        [0, 2],
        [3, 7],
        [8, 10],
        [11, 15],
        [15, 19],
        [19, 20],
        [0, 0],
      ],
      typeIds: [0, 0, 0, 0, 0, 0, 0, 0],
      wordIds: [null, 0, 1, 2, 3, 3, 4, null],
      specialTokensMask: [1, 0, 0, 0, 0, 0, 0, 1],
    })
  })

  test('without special tokens, and of nothing', () => {
    expect(cased.encode('My', { addSpecialTokens: false }).ids).toEqual([5])
    expect(cased.encode('').ids).toEqual([2, 3])
    expect(cased.encode(' \n', { addSpecialTokens: false })).toEqual(cased.encode('', { addSpecialTokens: false }))
  })

  test('uncased: offsets are of the text as it was', () => {
    const text = 'MY Naïve'
    const { tokens, offsets } = uncased.encode(text, { addSpecialTokens: false })
    expect(tokens).toEqual(['my', 'naive'])
    expect(offsets.map(([start, end]) => text.slice(start, end))).toEqual(['MY', 'Naïve'])
  })

  test('typed special tokens are parsed, or taken literally', () => {
    expect(cased.encode('My[SEP]My', { addSpecialTokens: false }).ids).toEqual([5, 3, 5])
    const literal = cased.encode('My[SEP]My', { addSpecialTokens: false, specialTokens: 'literal' })
    expect(literal.tokens).toEqual(['My', '[', 'SEP', ']', 'My'])
    const config = { do_lower_case: false, split_special_tokens: true }
    expect(Tokenizer.fromVocab(VOCAB, config).encode('[SEP]').tokens).toHaveLength(5)
    expect(Tokenizer.fromVocab(VOCAB, config).encode('[SEP]', { specialTokens: 'parse' }).tokens).toHaveLength(3)
  })

  test('offsets in code points', () => {
    const { offsets } = cased.encode('😀x\ud800 😀', { addSpecialTokens: false })
    expect(offsets).toEqual([
      [0, 2],
      [2, 3],
      [5, 7],
    ])
    const codePoints = cased.encode('😀x\ud800 😀', { addSpecialTokens: false, offsetUnit: 'codepoint' })
    expect(codePoints.offsets).toEqual([
      [0, 1],
      [1, 2],
      [4, 5],
    ])
  })

  test('a pair', () => {
    const { tokens, typeIds, wordIds, offsets } = cased.encode('My', { pair: 'My name' })
    expect(tokens).toEqual(['[CLS]', 'My', '[SEP]', 'My', 'name', '[SEP]'])
    expect(typeIds).toEqual([0, 0, 0, 1, 1, 1])
    expect(wordIds).toEqual([null, 0, null, 0, 1, null])
    expect(offsets.slice(3, 5)).toEqual([
      [0, 2],
      [3, 7],
    ])
  })

  test('every slice of a text gives back what its piece came from', () => {
    const tokenizer = load('cased')
    for (let seed = 0; seed < 400; seed++) {
      const text = generate(seed)
      const { offsets, specialTokensMask, tokens } = tokenizer.encode(text)
      offsets.forEach(([start, end], i) => {
        if (specialTokensMask[i] === 1) return
        expect(start < end && end <= text.length).toBe(true)
        // Nothing is normalized but what is dropped: the piece is a part of its source, or unknown.
        const piece = tokens[i]!.replace(/^##(?=.)/u, '')
        const source = text.slice(start, end)
        if (tokens[i] !== '[UNK]' && !source.includes(tokens[i]!)) {
          const kept = tokenizer
            .explain(source, { specialTokens: 'literal' })
            .segments.map(s => s.cleaned.text)
            .join('')
          expect(kept.trim()).toContain(piece)
        }
      })
    }
  })
})

test('encodeWords: word ids of the words given, offsets within each', () => {
  const { tokens, wordIds, offsets } = cased.encodeWords(['My', '', ' ', 'naive.Wolfgang', '[SEP]'])
  expect(tokens).toEqual(['[CLS]', 'My', 'naive', '.', 'Wolf', '##gang', '[SEP]', '[SEP]'])
  expect(wordIds).toEqual([null, 0, 3, 3, 3, 3, 4, null])
  expect(offsets).toEqual([
    [0, 0],
    [0, 2],
    [0, 5],
    [5, 6],
    [6, 10],
    [10, 14],
    [0, 5],
    [0, 0],
  ])
  expect(cased.encodeWords([]).ids).toEqual([2, 3])
})

test('decode', () => {
  const { ids } = cased.encode('My name is Wolfgang.')
  expect(cased.decode(ids)).toBe('My name is Wolfgang.')
  expect(cased.decode(Int32Array.from(ids))).toBe('My name is Wolfgang.')
  expect(cased.decode(ids, { skipSpecialTokens: false })).toBe('[CLS] My name is Wolfgang. [SEP]')
  expect(cased.decode(ids, { cleanUp: false })).toBe('My name is Wolfgang .')
  expect(cased.decode([5, 99999, -1])).toBe('My')
  expect(cased.decode([])).toBe('')
})

test('`around` is what encode puts around a text', () => {
  const { before, after } = cased.around
  for (const text of ['My name', '', 'a [SEP]']) {
    const { ids, typeIds } = cased.encode(text, { addSpecialTokens: false })
    const whole = cased.encode(text)
    expect([...before.ids, ...ids, ...after.ids]).toEqual(whole.ids)
    expect([...before.typeIds, ...typeIds, ...after.typeIds]).toEqual(whole.typeIds)
  }
})

test('explain: each step with offsets', () => {
  const text = 'Na\u200bïve[SEP]My'
  const { segments, encoding } = uncased.explain(text)
  expect(encoding).toEqual(uncased.encode(text))
  expect(segments.map(segment => [segment.source, segment.offsets, segment.added])).toEqual([
    ['Na\u200bïve', [0, 6], undefined],
    ['[SEP]', [6, 11], { token: '[SEP]', id: 3 }],
    ['My', [11, 13], undefined],
  ])
  const first = segments[0]!
  expect(first.cleaned).toEqual({
    text: 'Naïve',
    offsets: [
      [0, 1],
      [1, 2],
      [3, 4],
      [4, 5],
      [5, 6],
    ],
  })
  expect(first.normalized).toEqual({ text: 'naive', offsets: first.cleaned.offsets })
  expect(first.words).toEqual([
    { word: 'naive', source: 'Na\u200bïve', offsets: [0, 6], pieces: [{ token: 'naive', id: 13, offsets: [0, 6] }] },
  ])
})

test('explain agrees with encode', () => {
  const tokenizer = load('uncased')
  for (let seed = 0; seed < 400; seed++) {
    const text = generate(seed >> 1)
    const { segments, encoding } = tokenizer.explain(text, { offsetUnit: seed % 2 === 0 ? 'utf16' : 'codepoint' })
    for (const { cleaned, normalized } of segments) {
      for (const step of [cleaned, normalized]) expect(step.offsets).toHaveLength(Array.from(step.text).length)
    }
    const pieces = segments.flatMap(segment => segment.words.flatMap(word => word.pieces))
    expect(pieces.map(piece => piece.id)).toEqual(encoding.ids.slice(1, -1))
    expect(pieces.map(piece => piece.offsets)).toEqual(encoding.offsets.slice(1, -1))
  }
})

test('what a pipeline asks for', () => {
  expect(cased.modelMaxLength).toBe(512)
  expect(cased.vocabSize).toBe(20)
  expect(cased.padToken).toEqual({ token: '[PAD]', id: 0 })
  expect([cased.unkToken?.id, cased.clsToken?.id, cased.sepToken?.id, cased.maskToken?.id]).toEqual([1, 2, 3, 4])
  expect(cased.tokenToId('##gang')).toBe(9)
  expect(cased.tokenToId('gang')).toBeUndefined()
  expect(cased.idToToken(9)).toBe('##gang')
  expect(cased.idToToken(-1)).toBeUndefined()
  expect(uncased.modelMaxLength).toBeUndefined()
  expect(Tokenizer.fromVocab(VOCAB, { model_max_length: 1e30 }).modelMaxLength).toBeUndefined()
  expect(Tokenizer.fromVocab(VOCAB, { max_len: 128 }).modelMaxLength).toBe(128)
})

describe('text of any kind', () => {
  test('a lone surrogate counts as U+FFFD', () => {
    const tokenizer = load('cased')
    for (const text of ['a\ud800b', '\udc00', 'x\ud83d', '\ude00\ud83d\ude00', '\ud83d\ud83d\ude00']) {
      const well = Array.from(text, c => (c.length === 1 && c >= '\ud800' && c < '\ue000' ? '\ufffd' : c)).join('')
      expect(tokenizer.encode(text)).toEqual(tokenizer.encode(well))
    }
  })

  test.each([
    ['1 MB of spaces', ' '.repeat(1 << 20), 0],
    ['1 MB of NUL', '\0'.repeat(1 << 20), 0],
    ['50,000 × a', 'a'.repeat(50_000), 1],
    ['1 MB of brackets', '['.repeat(1 << 20), 1 << 20],
    ['1 MB of marks', '\u0301\u0334'.repeat(1 << 19), 0],
    ['100,000 ideographs', '北'.repeat(100_000), 100_000],
    ['1 MB of the start of a special token', '[SE'.repeat(350_000), 700_000],
    ['lone surrogates', '\ud800'.repeat(100_000), 0],
  ])('%s', (_, text, count) => {
    expect(uncased.encode(text, { addSpecialTokens: false }).ids).toHaveLength(count)
  })

  test('an unknown word, however long, is one piece with all of its text', () => {
    expect(cased.encode('a'.repeat(50_000)).offsets[1]).toEqual([0, 50_000])
  })
})

test.each([
  ['encode', () => cased.encode(1 as never), 'TOKENIZER_INPUT'],
  ['encode nothing', () => cased.encode(undefined as never), 'TOKENIZER_INPUT'],
  ['encode words', () => cased.encode(['a'] as never), 'TOKENIZER_INPUT'],
  ['pair', () => cased.encode('a', { pair: 1 as never }), 'TOKENIZER_INPUT'],
  ['encodeWords of text', () => cased.encodeWords('a' as never), 'TOKENIZER_INPUT'],
  ['encodeWords of numbers', () => cased.encodeWords(['a', 1 as never]), 'TOKENIZER_INPUT'],
  ['encodeWords with a hole', () => cased.encodeWords(new Array<string>(2)), 'TOKENIZER_INPUT'],
  ['decode text', () => cased.decode('1' as never), 'TOKENIZER_INPUT'],
  ['decode null', () => cased.decode(null as never), 'TOKENIZER_INPUT'],
  ['decode fractions', () => cased.decode([0.5]), 'TOKENIZER_INPUT'],
  ['specialTokens', () => cased.encode('a', { specialTokens: 'raw' as never }), 'OPTION_VALUE'],
  ['offsetUnit', () => cased.encode('a', { offsetUnit: 'byte' as never }), 'OPTION_VALUE'],
  ['decode options', () => cased.decode([5], null as never), 'OPTION_VALUE'],
  ['cleanUp', () => cased.decode([5], { cleanUp: 'no' as never }), 'OPTION_VALUE'],
  ['options', () => cased.encode('a', null as never), 'OPTION_VALUE'],
  ['addSpecialTokens', () => cased.encode('a', { addSpecialTokens: 1 as never }), 'OPTION_VALUE'],
])('what is no text, or no option: %s', (_, call, code) => {
  expect(call).toThrow(expect.objectContaining({ code, nextStep: expect.stringMatching(/\w/) }))
})

describe('where it comes from', () => {
  const json = JSON.stringify(readFixture('cased'))
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  const text = 'Wolfgang, Café [SEP] New York'

  test('text, bytes and objects are read alike', () => {
    const expected = load('cased').encode(text)
    expect(Tokenizer.fromJson(json).encode(text)).toEqual(expected)
    expect(Tokenizer.fromJson(`\ufeff${json}`).encode(text)).toEqual(expected)
    expect(Tokenizer.fromJson(bytes(json)).encode(text)).toEqual(expected)
    expect(Tokenizer.fromJson(JSON.stringify(JSON.parse(json), null, 2)).encode(text)).toEqual(expected)
    expect(cased.encode(text)).toEqual(
      Tokenizer.fromVocab(bytes(VOCAB.replaceAll('\n', '\r\n')), { do_lower_case: false }).encode(text),
    )
  })

  test('a source: tokenizer.json first, then vocab.txt', async () => {
    const config = bytes('{"do_lower_case":false,"model_max_length":99}')
    const both = sourceFromBytes({
      'tokenizer.json': bytes(json),
      'vocab.txt': bytes('x'),
      'tokenizer_config.json': config,
    })
    const tokenizer = await Tokenizer.fromSource(both)
    expect(tokenizer.encode(text)).toEqual(load('cased').encode(text))
    expect(tokenizer.modelMaxLength).toBe(99)
    const vocab = await Tokenizer.fromSource(sourceFromBytes({ 'vocab.txt': bytes(VOCAB) }))
    expect(vocab.encode('MY').tokens).toEqual(['[CLS]', 'my', '[SEP]'])
    await expect(Tokenizer.fromSource(sourceFromBytes({}))).rejects.toMatchObject({ code: 'SOURCE_FILE_MISSING' })
  })

  test('a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bert-ner-'))
    try {
      await writeFile(join(folder, 'tokenizer.json'), json)
      const tokenizer = await Tokenizer.fromFolder(folder)
      expect(tokenizer).toBeInstanceOf(CoreTokenizer)
      expect(tokenizer.encode(text)).toEqual(load('cased').encode(text))
      expect((await Tokenizer.fromFolder(pathToFileURL(folder))).encode(text)).toEqual(tokenizer.encode(text))
      await expect(Tokenizer.fromSource(folder as never)).rejects.toMatchObject({ code: 'SOURCE_INVALID' })
      await expect(Tokenizer.fromFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'SOURCE_FILE_MISSING' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
