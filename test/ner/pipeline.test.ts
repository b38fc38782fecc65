/** What the pipeline does beyond the answers of Python: windows, streams, options, errors, Unicode. */
import { getEventListeners } from 'node:events'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, test } from '@jest/globals'
import {
  pipeline,
  sourceFromFolder,
  type EntityGroup,
  type NerPipeline,
  type ProgressEvent,
  type TokenEntity,
} from '../../dist/node.js'
import { pipeline as corePipeline } from '../../dist/index.js'
import { tinyModel } from '../helpers/tiny-model.ts'

let ner: NerPipeline
/** The same weights, told that they see 16 tokens at once. */
let narrow: NerPipeline

beforeAll(async () => {
  ner = await pipeline('token-classification', tinyModel())
  narrow = await pipeline('ner', tinyModel({ model_max_length: 16 }))
})

const all = { ignore_labels: [] }
const numbers = (n: number) => Array.from({ length: n }, (_, i) => `w${i}`).join(' ')

describe('texts of any kind have an answer', () => {
  test.each(['', ' \n\t\u3000', '\u200b\u0000', '\ud800', '\udc00\ud800', '[CLS] [SEP]', '##', '\ufeff'])(
    '%j',
    async text => {
      for (const aggregation_strategy of ['none', 'simple', 'first', 'average', 'max'] as const) {
        for (const entity of await ner(text, { ...all, aggregation_strategy })) {
          expect(text.slice(entity.start, entity.end)).not.toBe('')
        }
      }
      expect(await ner('', all)).toEqual([])
    },
  )

  test('a place is where the entity is, whatever stands before it', async () => {
    const text = '👩‍👩‍👧‍👦 e\u0301 𝒜 \ud83d x \u202e東京 Zo\u0308e'
    const tokens = await ner(text, all)
    expect(tokens.map(({ start, end }) => text.slice(start, end)).join('')).toBe(
      ['👩‍👩‍👧‍👦', 'e\u0301', '𝒜', 'x', '\u202e東京', 'Zo\u0308e'].join('').replace('\u202e', ''),
    )
    const points = Array.from(text)
    const counted = await ner(text, { ...all, offsetUnit: 'codepoint' })
    expect(counted.map(({ start, end }) => points.slice(start, end).join(''))).toEqual(
      tokens.map(({ start, end }) => text.slice(start, end)),
    )
  })

  test('lists give lists, in order; an empty one gives an empty one', async () => {
    const texts = ['one two', '', 'three', numbers(40)]
    expect(await ner(texts, all)).toEqual(await Promise.all(texts.map(text => ner(text, all))))
    expect(await ner([])).toEqual([])
  })

  test('a list of words is one text, as in Python: a list of one result', async () => {
    const [entities = []] = await ner(['My', 'na', '', 'x'], { ...all, is_split_into_words: true, delimiter: '__' })
    expect(entities.map(({ start }) => start)).toEqual([0, 4, 5, 10])
    expect(await ner([['My'], [], ['x']], { ...all, is_split_into_words: true })).toHaveLength(3)
  })

  test('results do not share state with the model: they may be changed', async () => {
    const [first] = await ner('a b', all)
    if (first) first.score = 7
    expect((await ner('a b', all))[0]?.score).toBeLessThan(1)
  })
})

describe('long text', () => {
  test('is never cut: every token has a label, with the index that it has in the whole text', async () => {
    const text = numbers(100)
    const tokens = await narrow(text, all)
    expect(tokens.map(({ index }) => index)).toEqual(tokens.map((_, i) => i + 1))
    expect(tokens.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text.replaceAll(' ', ''))
  })

  test('tokens are labelled where they have more context', async () => {
    // Windows hold 14 tokens and share 7: [0, 14), [7, 21), … The hand-over is at 10.
    const text = 'a b c d e f g h i j k l m n o p q r s t u'
    const tokens = await narrow(text, all)
    const head = await narrow('a b c d e f g h i j k l m n', all)
    const tail = await narrow('h i j k l m n o p q r s t u', all)
    expect(tokens.map(({ score }) => score)).toEqual([...head.slice(0, 10), ...tail.slice(3)].map(({ score }) => score))
  })

  test('a model of 512 positions reads a text of 3,000 tokens', async () => {
    const tokens = await ner('a '.repeat(3000), all)
    expect(tokens).toHaveLength(3000)
  })

  test('with stride, explicit none gives what leaving it out gives', async () => {
    const options = { ...all, stride: 3 }
    expect(await narrow(numbers(20), { ...options, aggregation_strategy: 'none' })).toEqual(
      await narrow(numbers(20), options),
    )
  })

  test.each([14, 15, 1000])('a stride of %i does not fit a window of 14', async stride => {
    await expect(narrow('a', { stride })).rejects.toMatchObject({ code: 'OPTION_VALUE', subject: 'stride' })
  })
})

describe('options', () => {
  test('batch_size changes no answer', async () => {
    const texts = ['a', numbers(30), 'b c', numbers(10), '']
    const expected = await narrow(texts, all)
    for (const batch_size of [1, 2, 100]) expect(await narrow(texts, { ...all, batch_size })).toEqual(expected)
  })

  test('threshold comes after grouping', async () => {
    const options = { ...all, aggregation_strategy: 'simple' } as const
    const entities = await ner(numbers(30), options)
    const middle = entities.map(({ score }) => score).sort()[entities.length >> 1] ?? 0
    expect(await ner(numbers(30), { ...options, threshold: middle })).toEqual(
      entities.filter(({ score }) => score >= middle),
    )
  })

  test('top_k lists the best labels, the entity first', async () => {
    for (const entity of await ner(numbers(10), { ...all, top_k: 2, aggregation_strategy: 'first' })) {
      expect(entity.labels).toHaveLength(2)
      expect(entity.labels?.[0]).toEqual({ label: entity.entity_group, score: entity.score })
    }
    const [token] = await ner('a', { ...all, top_k: 99 })
    expect(token?.labels?.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5)
  })

  test('of the pipeline are defaults of its calls, and its types follow', async () => {
    const grouped = await pipeline('ner', tinyModel(), { aggregation_strategy: 'simple', ...all })
    const entities: EntityGroup[] = await grouped('a b')
    expect(entities[0]).toHaveProperty('entity_group')
    const tokens: TokenEntity[] = await grouped('a b', { aggregation_strategy: 'none' })
    expect(tokens[0]).toHaveProperty('entity')
    await grouped.dispose()
  })

  test('an aborted signal stops the call', async () => {
    await expect(ner('a', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    const controller = new AbortController()
    const call = ner(
      Array.from({ length: 200 }, () => numbers(100)),
      { signal: controller.signal },
    )
    setTimeout(() => { controller.abort() }, 20) // prettier-ignore
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    expect(await ner('a', all)).toHaveLength(1) // the pipeline is as good as new
  })
})

describe('stream', () => {
  async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
    const list: T[] = []
    for await (const result of results) list.push(result)
    return list
  }

  async function leaveAfterOne(results: AsyncIterable<unknown>): Promise<void> {
    for await (const result of results) {
      expect(result).toBeDefined()
      return
    }
  }

  test('results in order, from iterables and async iterables', async () => {
    const texts = Array.from({ length: 50 }, (_, i) => numbers(1 + ((i * 7) % 40)))
    const expected = await ner(texts, all)
    async function* slowly() {
      for (const text of texts) {
        if (text.length % 5 === 0) await new Promise(resolve => setTimeout(resolve, 2))
        yield text
      }
    }
    expect(await collect(ner.stream(texts, all))).toEqual(expected)
    expect(await collect(ner.stream(new Set(['a', 'b']), all))).toHaveLength(2)
    expect(await collect(ner.stream(slowly(), all))).toEqual(expected)
    expect(await collect(ner.stream([['a', 'b'], ['c']], { ...all, is_split_into_words: true }))).toHaveLength(2)
  })

  test('what is there is answered before the next text comes', async () => {
    const wait = { over: (): void => undefined }
    async function* source() {
      yield 'a'
      await new Promise<void>(resolve => (wait.over = resolve))
      yield 'b c'
    }
    const results = ner.stream(source(), all)
    expect((await results.next()).value).toHaveLength(1)
    wait.over()
    expect((await results.next()).value).toHaveLength(2)
    expect(await results.next()).toEqual({ done: true, value: undefined })
  })

  test('results come as their batches end, not when all of a pool is done', async () => {
    const counted = await pipeline('token-classification', tinyModel())
    let passes = 0
    const { model } = counted
    const forward = model.forward.bind(model)
    model.forward = (...args: Parameters<typeof forward>) => {
      passes++
      return forward(...args)
    }
    const texts = Array.from({ length: 60 }, () => numbers(3))
    const seen: number[] = []
    for await (const entities of counted.stream(texts, { ...all, batch_size: 10 })) {
      expect(entities.length).toBeGreaterThan(0)
      seen.push(passes)
    }
    await counted.dispose()
    expect(seen).toHaveLength(60)
    // One batch is done, and the next may be under way.
    for (const [i, before] of seen.entries()) expect(before).toBeLessThanOrEqual(Math.floor(i / 10) + 2)
    expect(passes).toBe(6)
  })

  test('reads ahead by no more than a few pools', async () => {
    let read = 0
    function* endless() {
      for (;;) {
        read++
        yield numbers(20)
      }
    }
    const results = ner.stream(endless(), all)
    for (let i = 0; i < 10; i++) await results.next()
    expect(read).toBeLessThan(500)
    await results.return()
  })

  test('a consumer that leaves closes its source; one that never answers is not waited for', async () => {
    let closed = false
    async function* source() {
      try {
        yield 'a'
        await new Promise(() => undefined)
        yield 'b'
      } finally {
        closed = true
      }
    }
    await leaveAfterOne(ner.stream(source()))
    function* plain() {
      try {
        yield* ['a', 'b']
      } finally {
        closed = true
      }
    }
    await leaveAfterOne(ner.stream(plain()))
    expect(closed).toBe(true)
  })

  test('results before a failure come before it', async () => {
    async function* source() {
      yield 'a'
      yield 'b'
      await Promise.resolve()
      throw new Error('torn')
    }
    const results = ner.stream(source(), all)
    expect((await results.next()).value).toHaveLength(1)
    expect((await results.next()).value).toHaveLength(1)
    await expect(results.next()).rejects.toThrow('torn')
    const mixed = ner.stream(['a', 3 as unknown as string])
    await mixed.next()
    await expect(mixed.next()).rejects.toMatchObject({ code: 'OPTION_VALUE', subject: 'text' })
  })

  test('an aborted signal ends it at the next result', async () => {
    const controller = new AbortController()
    const results = ner.stream(['a', 'b', 'c'], { signal: controller.signal })
    await results.next()
    controller.abort(new Error('enough'))
    await expect(results.next()).rejects.toThrow('enough')
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  test('an aborted signal ends the wait for a text', async () => {
    const controller = new AbortController()
    // eslint-disable-next-line require-yield
    async function* never(): AsyncGenerator<string> {
      await new Promise(() => undefined)
    }
    const next = ner.stream(never(), { signal: controller.signal }).next()
    controller.abort(new Error('enough'))
    await expect(next).rejects.toThrow('enough')
  })
})

describe('loading', () => {
  test('reports where it stands', async () => {
    const events: ProgressEvent[] = []
    const loaded = await pipeline('ner', tinyModel(), {
      backend: 'naive',
      progress_callback: event => events.push(event),
    })
    await loaded.dispose()
    const weights = events.filter(event => 'file' in event && event.file === 'model.safetensors')
    expect(weights[0]?.status).toBe('initiate')
    expect(weights.at(-1)?.status).toBe('done')
    expect(weights.at(-2)).toMatchObject({ status: 'progress', progress: 100 })
    expect(events.at(-1)).toEqual({ status: 'ready', task: 'ner' })
  })

  test('from a folder, a URL, a source or bytes gives the same model', async () => {
    const folder = 'weights'
    const text = 'Ada Lovelace lived in London.'
    const answers = []
    const url = pathToFileURL(folder)
    for (const model of [undefined, folder, url, url.href, sourceFromFolder(folder)]) {
      const loaded = await pipeline('token-classification', model, { aggregation_strategy: 'first' })
      answers.push(await loaded(text))
      await loaded.dispose()
    }
    const [first, ...rest] = answers
    expect(first?.map(({ entity_group, word }) => [entity_group, word])).toEqual([['PER', 'ada lovelace'], ['LOC', 'london']]) // prettier-ignore
    for (const other of rest) expect(other).toEqual(first)
  })

  test.each([
    ['a task that does not exist', () => pipeline('fill-mask' as 'ner', tinyModel()), 'OPTION_VALUE'],
    ['no model, without Node', () => corePipeline('ner', undefined as never), 'OPTION_MODEL'],
    ['a path, without Node', () => corePipeline('ner', './some/folder'), 'OPTION_MODEL'],
    ['two revisions, without Node', () => corePipeline('ner', 'a/b@c', { revision: 'd' }), 'OPTION_REVISION'],
    ['a revision of files', () => corePipeline('ner', tinyModel(), { revision: 'd' }), 'OPTION_REVISION'],
    ['a record of nothing', () => pipeline('ner', {}), 'OPTION_MODEL'],
    ['a URL of something else', () => pipeline('ner', new URL('https://example.org/model')), 'OPTION_MODEL'],
    ['a device that its backend lacks', () => pipeline('ner', tinyModel(), { device: 'webgpu' }), 'OPTION_DEVICE'],
    ['a folder that is not there', () => pipeline('ner', './no/such/folder'), 'SOURCE_FILE_MISSING'],
    ['neither a folder nor a name', () => pipeline('ner', 'no/such/folder'), 'OPTION_MODEL'],
    [
      'a model without a tokenizer',
      () => pipeline('ner', { ...tinyModel(), 'vocab.txt': undefined as never }),
      'OPTION_MODEL',
    ],
    [
      'a backend that does not exist',
      () => pipeline('ner', tinyModel(), { backend: 'cuda' as 'naive' }),
      'OPTION_BACKEND',
    ],
    [
      'an option that does not exist',
      () => pipeline('ner', tinyModel(), { quantized: true } as never),
      'OPTION_UNKNOWN',
    ],
    ['a wrong option of calls', () => pipeline('ner', tinyModel(), { top_k: -1 }), 'OPTION_VALUE'],
    [
      'windows without room',
      () => pipeline('ner', tinyModel({ model_max_length: 2 })).then(p => p('a')),
      'CONFIG_WINDOW',
    ],
  ])('%s is refused', async (_, load, code) => {
    await expect(load()).rejects.toMatchObject({ code })
  })

  test.each([
    ['text', '{}'],
    ['an ArrayBuffer', new ArrayBuffer(8)],
  ])('%s for the bytes of a file: the error names the file', async (_, content) => {
    const files = { ...tinyModel(), 'config.json': content } as never
    await expect(pipeline('ner', files)).rejects.toMatchObject({
      code: 'OPTION_MODEL',
      subject: 'model, file "config.json"',
      expected: 'its bytes, as a Uint8Array',
    })
  })

  test.each([
    ['a number', 3],
    ['nothing', undefined],
    ['an object', { text: 'a' }],
    ['a list with a number', ['a', 3]],
  ])('%s is no text', async (_, text) => {
    await expect(ner(text as never)).rejects.toMatchObject({ code: 'OPTION_VALUE', name: 'OptionError' })
  })

  test('words must be words', async () => {
    for (const words of ['a b', [['a'], 'b'], [[3]], { 0: 'a' }]) {
      await expect(ner(words as never, { is_split_into_words: true })).rejects.toMatchObject({ code: 'OPTION_VALUE' })
    }
    for (const texts of ['abc', 3, null, {}, { [Symbol.iterator]: 3 }]) {
      expect(() => ner.stream(texts as never)).toThrow(expect.objectContaining({ code: 'OPTION_VALUE' }))
    }
  })

  test('after dispose() every call is refused, and one under way is answered', async () => {
    const loaded = await pipeline('ner', tinyModel())
    const call = loaded(numbers(100), all).then(
      () => 'answered',
      (error: unknown) => (error as { code: string }).code,
    )
    await loaded.dispose()
    await loaded.dispose()
    expect(['answered', 'BACKEND_DISPOSED']).toContain(await call)
    for (const input of ['a', '', []]) {
      await expect(loaded(input as string)).rejects.toMatchObject({ code: 'BACKEND_DISPOSED' })
    }
    await expect(loaded.stream([]).next()).rejects.toMatchObject({ code: 'BACKEND_DISPOSED' })
  })
})
