/** The pipeline in a worker beside the pipeline itself: the same results, the same errors, and an end of every wait. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Worker } from 'node:worker_threads'
import { pipeline as direct, sourceFromFolder, type NerPipeline } from '../../dist/node.js'
import { pipeline, type WorkerPipeline } from '../../dist/node-worker.js'

const TEXT = "Angela Merkel met Tim Cook at Apple's office in Berlin."
const TEXTS = ['', 'Berlin', TEXT, 'No name here.', `${TEXT} 👩‍🚀 José`]
const script = new URL('../../dist/node/worker-script.js', import.meta.url)

let here: NerPipeline<'first'>
let there: WorkerPipeline<'first'>
beforeAll(async () => {
  here = await direct('ner', undefined, { aggregation_strategy: 'first', threads: 1 })
  there = await pipeline('ner', undefined, { aggregation_strategy: 'first', threads: 1 })
})
afterAll(async () => {
  await here.dispose()
  await there.dispose()
})

/** The code of the error that a promise rejects with, and its class and message. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) return error
  return { name: error.name, code: (error as { code?: unknown }).code, message: error.message }
}

describe('results', () => {
  test.each([
    {},
    { aggregation_strategy: 'none' },
    { top_k: 2, offsetUnit: 'codepoint' },
    { aggregation_strategy: 'max', threshold: 0.9, decoding: 'argmax' },
  ] as const)('of a list, with %j', async options => {
    expect(await there(TEXTS, options)).toEqual(await here(TEXTS, options))
  })

  test('of words', async () => {
    const words = [TEXT.split(' '), ['Berlin']]
    const options = { is_split_into_words: true } as const
    expect(await there(words, options)).toEqual(await here(words, options))
  })

  test('explain, encode, and what runs', async () => {
    expect(await there.tokenizer.explain(TEXT)).toEqual(here.tokenizer.explain(TEXT))
    expect(await there.tokenizer.encode(TEXT, { pair: 'Rome' })).toEqual(here.tokenizer.encode(TEXT, { pair: 'Rome' }))
    const { backend, device, dtype, threads, config, ignoredKeys } = here.model
    expect(there.model).toEqual({ backend, device, dtype, threads, config, ignoredKeys })
  })

  test('progress is heard, and the calls of two pipelines do not mix', async () => {
    const heard: unknown[] = []
    const other = await pipeline('ner', undefined, { threads: 1, progress_callback: event => heard.push(event.status) })
    expect(new Set(heard)).toEqual(new Set(['initiate', 'progress', 'done', 'ready']))
    const [a, b] = await Promise.all([other('Paris'), there('Rome')])
    expect([a[0]?.entity, b[0]?.entity_group]).toEqual(['B-LOC', 'LOC'])
    await other.dispose()
  })
})

describe('a stream', () => {
  test('gives results in order, from a list and from texts that come one by one', async () => {
    async function* slowly() {
      for (const text of TEXTS) {
        await new Promise(resolve => setTimeout(resolve, 5))
        yield text
      }
    }
    const expected = await here(TEXTS)
    for (const texts of [TEXTS, slowly()]) {
      const found = []
      for await (const entities of there.stream(texts)) found.push(entities)
      expect(found).toEqual(expected)
    }
  })

  test('does not run ahead of its reader by more than some handfuls', async () => {
    let taken = 0
    function* endless() {
      for (;;) {
        taken++
        yield 'Berlin is large.'
      }
    }
    let read = 0
    for await (const entities of there.stream(endless())) {
      expect(entities).toHaveLength(1)
      if (++read === 10) break
    }
    const then = taken
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(taken).toBe(then)
    expect(taken).toBeLessThan(6000)
  })

  test('throws the very error of its source, after the results before it', async () => {
    const broken = new Error('the source broke')
    function* texts() {
      yield 'Berlin'
      throw broken
    }
    const found: unknown[] = []
    const read = async () => {
      for await (const entities of there.stream(texts())) found.push(entities)
    }
    await expect(read()).rejects.toBe(broken)
    expect(found).toHaveLength(1)
  })

  test('ends at an aborted signal, with its reason, and closes its source', async () => {
    const controller = new AbortController()
    let closed = false
    let given = false
    const texts: AsyncIterable<string> & AsyncIterator<string> = {
      [Symbol.asyncIterator]: () => texts,
      next: () => {
        if (given) return new Promise(() => undefined) // never another one
        given = true
        return Promise.resolve({ value: TEXT, done: false })
      },
      return: () => {
        closed = true
        return Promise.resolve({ value: undefined, done: true })
      },
    }
    const read = async () => {
      for await (const entities of there.stream(texts, { signal: controller.signal })) {
        expect(entities).toHaveLength(4)
        controller.abort(new RangeError('enough'))
      }
    }
    expect(await failure(read())).toMatchObject({ name: 'RangeError', message: 'enough' })
    expect(closed).toBe(true)
  })
})

describe('errors', () => {
  test.each([[5], [null], [[5]], [Symbol('s')], [undefined]])('of the text %p', async given => {
    const [a, b] = [await failure(here(given as never)), await failure(there(given as never))]
    expect(b).toMatchObject({ name: 'OptionError', code: 'OPTION_VALUE' })
    if (typeof given !== 'symbol') expect(b).toEqual(a)
  })

  test('of an option', async () => {
    expect(await failure(there(TEXT, { top_k: -1 }))).toEqual(await failure(here(TEXT, { top_k: -1 })))
    expect(await failure(there(TEXT, { nonsense: 1 } as never))).toEqual(
      await failure(here(TEXT, { nonsense: 1 } as never)),
    )
  })

  test.each([
    [5],
    [{}],
    ['/nowhere/at/all'],
    [{ 'config.json': new Uint8Array() }],
    [{ open: () => Promise.reject(new Error('x')) }],
  ])('of the model %p', async model => {
    expect(await failure(pipeline('ner', model as never))).toEqual(await failure(direct('ner', model as never)))
  })

  test('an abort ends a call at once', async () => {
    const controller = new AbortController()
    const call = there(`${TEXT} `.repeat(3000), { signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    expect(await failure(call)).toMatchObject({ name: 'AbortError' })
    expect(await there('Berlin')).toHaveLength(1)
  })

  test('every call hears of a worker that dies, and later ones too', async () => {
    let worker: Worker | undefined
    const ner = await pipeline('ner', undefined, { threads: 1, worker: () => (worker = new Worker(script)) })
    const calls = [ner(`${TEXT} `.repeat(3000)), ner(TEXT), ner.trace(TEXT)]
    await worker?.terminate()
    for (const call of calls)
      expect(await failure(call)).toMatchObject({ name: 'BackendError', code: 'BACKEND_WORKER' })
    expect(await failure(ner(TEXT))).toMatchObject({ code: 'BACKEND_WORKER' })
    await ner.dispose()
  })

  test('a worker whose script is missing', async () => {
    const worker = () => new Worker(new URL('./nothing.mjs', import.meta.url))
    expect(await failure(pipeline('ner', undefined, { worker }))).toMatchObject({ code: 'BACKEND_WORKER' })
  })

  test('after dispose', async () => {
    const ner = await pipeline('ner', undefined, { threads: 1 })
    await ner.dispose()
    await ner.dispose()
    expect(await failure(ner(TEXT))).toMatchObject({ code: 'BACKEND_DISPOSED' })
    expect(await failure(ner.trace(TEXT))).toMatchObject({ code: 'BACKEND_DISPOSED' })
  })
})

test('a source of the caller is asked across', async () => {
  const folder = sourceFromFolder(new URL('../../weights', import.meta.url).pathname)
  let closed = 0
  const source = {
    open: async (name: string) => {
      const file = await folder.open(name)
      return {
        size: file.size,
        read: (offset: number, length: number) => file.read(offset, length),
        close: async () => {
          closed++
          await file.close?.()
        },
      }
    },
  }
  const ner = await pipeline('ner', source, { threads: 1, aggregation_strategy: 'first' })
  expect(await ner(TEXT)).toEqual(await here(TEXT))
  expect(closed).toBeGreaterThan(0)
  await ner.dispose()
})

test('a trace has what the model has, and the attention of the latest one', async () => {
  const seen = await there.trace([TEXT, 'Berlin'])
  const { encodings, starts, hiddenStates, layerLogits, layerLabels } = seen
  const batch = [TEXT, 'Berlin'].map(text => here.tokenizer.encode(text))
  expect(encodings).toEqual(batch)
  const { packBatch } = await import('../../dist/node.js')
  const packed = packBatch(batch)
  const { trace } = await here.model.forward(packed, { trace: true })
  expect(starts).toEqual([...packed.starts])
  expect(hiddenStates).toEqual(trace?.hiddenStates)
  expect(layerLogits).toEqual(hiddenStates.map((_, layer) => trace?.layerLogits(layer)))
  expect(
    layerLabels
      .at(-1)
      ?.slice(1, 3)
      .map(({ label }) => label),
  ).toEqual(['B-PER', 'I-PER'])
  expect(await seen.attention(2, 3, 1)).toEqual(trace?.attention(2, 3, 1))
  expect(await there.attention(5, 0)).toEqual(trace?.attention(5, 0, 0))
  expect(await failure(seen.attention(6, 0))).toMatchObject({ code: 'OPTION_VALUE' })
  await there.trace('Rome')
  expect(await failure(seen.attention(0, 0))).toMatchObject({ code: 'OPTION_TRACE' })
})

test('a redactor finds its names in the worker', async () => {
  const redactor = await there.createRedactor({
    patterns: ['EMAIL'],
    style: ({ entity_group: type }, _, number) => `<${type}-${number}>`,
  })
  const { text } = await redactor.redact(`${TEXT} Write to tim@example.org.`)
  expect(text).toBe("<PER-1> met <PER-2> at <ORG-1>'s office in <LOC-1>. Write to <EMAIL-1>.")
  expect(redactor.restore('<LOC-1>')).toBe('Berlin')
})
