/**
 * Every function of the public API, and every method, called with what its types do not allow. JavaScript passes anything: the
 * answer is a result or an error with a code, never a raw TypeError of the engine.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as api from '../dist/node.js'
import { tinyModel } from './helpers/tiny-model.ts'

const revoked = Proxy.revocable({}, {})
revoked.revoke()
const revokedFunction = Proxy.revocable(() => undefined, {})
revokedFunction.revoke()
const angry = new Proxy(
  {},
  {
    get() {
      throw new RangeError('angry')
    },
    ownKeys() {
      throw new RangeError('angry')
    },
    has() {
      throw new RangeError('angry')
    },
  },
)
const cycle: Record<string, unknown> = {}
cycle.self = cycle
const bare = (entries: object): unknown => Object.assign(Object.create(null) as object, entries)
const tagged = { [Symbol.toStringTag]: 'Uint8Array' }

const VALUES: readonly [name: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['false', false],
  ['0', 0],
  ['-0', -0],
  ['5', 5],
  ['-1', -1],
  ['0.5', 0.5],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['2 ** 53', 2 ** 53],
  ['1n', 1n],
  ['empty string', ''],
  ['a string', 'x'],
  ['a lone surrogate', '\ud800'],
  ['a symbol', Symbol('s')],
  ['an object', {}],
  ['an object without a prototype', bare({})],
  ['the same with open', bare({ open: 5 })],
  ['a cycle', cycle],
  ['a list', []],
  ['a list of undefined', [undefined]],
  ['a list of null', [null]],
  ['a list of numbers', [1, 2]],
  ['a list of strings', ['a']],
  ['a list with holes', Array(3)],
  ['a list of lists', [[[]]]],
  ['a list of objects', [{}]],
  ['a list of symbols', [Symbol('s')]],
  ['a function', () => undefined],
  [
    'a class',
    class {
      readonly x = 1
    },
  ],
  ['an async function', () => Promise.resolve()],
  ['a promise', Promise.resolve(1)],
  ['a date', new Date(0)],
  ['a map', new Map([['a', 1]])],
  ['a set', new Set([1])],
  ['bytes', Uint8Array.of(1, 2, 3)],
  ['floats', Float32Array.of(1)],
  ['a buffer', new ArrayBuffer(4)],
  ['a regular expression', /x/],
  ['an error', new Error('e')],
  ['a false tag', tagged],
  ['a revoked proxy', revoked.proxy],
  ['a revoked function', revokedFunction.proxy],
  ['an angry proxy', angry],
  [
    'a getter that throws',
    Object.defineProperty({}, 'open', {
      enumerable: true,
      get() {
        throw new RangeError('getter')
      },
    }),
  ],
  [
    'toString that throws',
    {
      toString: () => {
        throw new RangeError('toString')
      },
    },
  ],
]

type Call = (value: unknown) => unknown
const any = (value: unknown): never => value as never

let ner: api.NerPipeline
const source = api.sourceFromBytes(tinyModel())
beforeAll(async () => {
  ner = await api.pipeline('ner', source, { backend: 'naive' })
})
afterAll(() => ner.dispose())

/** Every argument of every function. The others are right. */
const calls = (): Record<string, Call> => {
  const { tokenizer, model } = ner
  const batch = api.packBatch([{ ids: [1], typeIds: [0] }])
  const entity = { entity_group: 'PER', score: 1, word: 'a', start: 0, end: 1 }
  const tensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) }
  const options = (name: string) => (value: unknown) => ({ [name]: value })
  const each = (names: readonly string[], call: (options: object) => unknown, prefix: string): Record<string, Call> =>
    Object.fromEntries(names.map(name => [`${prefix} ${name}`, (value: unknown) => call(options(name)(value))]))
  const drain = async (results: AsyncIterable<unknown>) => {
    for await (const result of results) expect(result).toBeDefined()
  }
  const takeAll = async (results: AsyncIterable<{ text: string }>) => {
    for await (const { text } of results) expect(typeof text).toBe('string')
  }
  const CALL = ['aggregation_strategy', 'ignore_labels', 'stride', 'is_split_into_words', 'delimiter', 'batch_size', 'top_k', 'threshold', 'decoding', 'signal', 'specialTokens', 'offsetUnit'] // prettier-ignore
  const LOAD = ['backend', 'device', 'dtype', 'threads', 'turbo', 'wasm', 'progress_callback']
  const ENCODE = ['addSpecialTokens', 'specialTokens', 'offsetUnit', 'pair']
  return {
    decodeF16: v => api.decodeF16(any(v)),
    decodeBF16: v => api.decodeBF16(any(v)),
    readSafetensors: v => api.readSafetensors(any(v)),
    'readSafetensors name': v => api.readSafetensors(Uint8Array.of(1), any(v)),
    openSafetensors: v => api.openSafetensors(any(v)),
    'openSafetensors name': v =>
      api.openSafetensors({ size: 3, read: () => Promise.resolve(Uint8Array.of(1)) }, any(v)),
    'openSafetensors size': v => api.openSafetensors({ size: any(v), read: () => Promise.resolve(Uint8Array.of(1)) }),
    'openSafetensors bytes': v => api.openSafetensors({ size: 30, read: () => Promise.resolve(any(v)) }),
    openCheckpoint: v => api.openCheckpoint(any(v)),
    'openCheckpoint file': v => api.openCheckpoint({ open: () => any(v) }),
    'openCheckpoint read': async v => (await api.openCheckpoint(source)).read(any(v)),
    writeSafetensors: v => api.writeSafetensors(any(v)),
    'writeSafetensors metadata': v => api.writeSafetensors([], any(v)),
    'writeSafetensors tensor': v => api.writeSafetensors([['a', any(v)]]),
    ...each(
      ['dtype', 'shape', 'data'],
      o => api.writeSafetensors([['a', any({ ...tensor, ...o })]]),
      'writeSafetensors',
    ),
    sourceFromBytes: v => api.sourceFromBytes(any(v)),
    sourceFromUrl: v => api.sourceFromUrl(any(v)),
    'sourceFromUrl options': v => api.sourceFromUrl('file:///no/', any(v)),
    'sourceFromUrl fetch': v => api.sourceFromUrl('file:///no/', { fetch: any(v) }),
    'sourceFromUrl open': v => api.sourceFromUrl('file:///no/').open(any(v)),
    'sourceFromBytes file': v => api.sourceFromBytes({ 'config.json': any(v) }),
    'sourceFromBytes open': v => source.open(any(v)),
    'sourceFromBytes read': async v => (await source.open('config.json')).read(any(v), 1),
    'sourceFromBytes read length': async v => (await source.open('config.json')).read(0, any(v)),
    ...each(['sha256', 'headers'], o => api.sourceFromUrl('http://127.0.0.1', o), 'sourceFromUrl'),
    'sourceFromUrl sha256 of a file': v => api.sourceFromUrl('http://127.0.0.1', { sha256: { a: any(v) } }),
    'sourceFromUrl header': v => api.sourceFromUrl('http://127.0.0.1', { headers: { a: any(v) } }),
    'sourceFromUrl answer': v => api.sourceFromUrl('http://127.0.0.1', { fetch: () => any(v) }).open('config.json'),
    sourceFromFolder: v => api.sourceFromFolder(any(v)).open('config.json'),
    'sourceFromFolder open': v => api.sourceFromFolder('weights').open(any(v)),
    'sourceFromFolder read': async v => reading(await api.sourceFromFolder('weights').open('config.json'), any(v), 1),
    'sourceFromFolder read length': async v =>
      reading(await api.sourceFromFolder('weights').open('config.json'), 0, any(v)),
    'Tokenizer.fromJson': v => api.Tokenizer.fromJson(any(v)),
    'Tokenizer.fromVocab': v => api.Tokenizer.fromVocab(any(v)),
    'Tokenizer.fromVocab config': v => api.Tokenizer.fromVocab('[UNK]\n[CLS]\n[SEP]', any(v)),
    'Tokenizer.fromSource': v => api.Tokenizer.fromSource(any(v)),
    'Tokenizer.fromSource file': v => api.Tokenizer.fromSource({ open: () => any(v) }),
    'Tokenizer.fromSource bytes': v => api.Tokenizer.fromSource({ open: () => Promise.resolve({ size: 9, read: () => any(v) }) }), // prettier-ignore
    'Tokenizer.fromSource size': v => api.Tokenizer.fromSource({ open: () => Promise.resolve({ size: any(v), read: () => Promise.resolve(Uint8Array.of(1)) }) }), // prettier-ignore
    'Tokenizer.fromFolder': v => api.Tokenizer.fromFolder(any(v)),
    encode: v => tokenizer.encode(any(v)),
    'encode options': v => tokenizer.encode('a', any(v)),
    ...each(ENCODE, o => tokenizer.encode('a', o), 'encode'),
    encodeWords: v => tokenizer.encodeWords(any(v)),
    'encodeWords word': v => tokenizer.encodeWords([any(v)]),
    'encodeWords options': v => tokenizer.encodeWords(['a'], any(v)),
    encodeCompact: v => tokenizer.encodeCompact(any(v)).next(),
    'encodeCompact options': v => tokenizer.encodeCompact('a', any(v)).next(),
    decode: v => tokenizer.decode(any(v)),
    'decode options': v => tokenizer.decode([1], any(v)),
    ...each(['skipSpecialTokens', 'cleanUp'], o => tokenizer.decode([1], o), 'decode'),
    decodeTokens: v => tokenizer.decodeTokens(any(v)),
    explain: v => tokenizer.explain(any(v)),
    'explain options': v => tokenizer.explain('a', any(v)),
    tokenToId: v => tokenizer.tokenToId(any(v)),
    idToToken: v => tokenizer.idToToken(any(v)),
    specialToken: v => tokenizer.specialToken(any(v)),
    packBatch: v => api.packBatch(any(v)),
    'packBatch sequence': v => api.packBatch([any(v)]),
    'packBatch ids': v => api.packBatch([{ ids: any(v), typeIds: [0] }]),
    'packBatch typeIds': v => api.packBatch([{ ids: [1], typeIds: any(v) }]),
    forward: v => model.forward(any(v)),
    'forward options': v => model.forward(batch, any(v)),
    ...each(['ids', 'typeIds', 'positions', 'starts'], o => model.forward(any({ ...batch, ...o })), 'forward'),
    'BertForTokenClassification.load': v => api.BertForTokenClassification.load(any(v)),
    'BertForTokenClassification.load options': v => api.BertForTokenClassification.load(source, any(v)),
    ...each(LOAD.slice(0, 6), o => api.BertForTokenClassification.load(source, { backend: 'naive', ...o }), 'load'),
    'pipeline task': v => api.pipeline(any(v), source),
    'pipeline model': v => (v === undefined ? undefined : api.pipeline('ner', any(v))),
    'pipeline file': v => api.pipeline('ner', { open: () => any(v) }),
    'pipeline options': v => api.pipeline('ner', source, any(v)),
    ...each([...LOAD, ...CALL], o => api.pipeline('ner', source, { backend: 'naive', ...o }), 'pipeline'),
    'the pipeline': v => ner(any(v)),
    'the pipeline, a text of a list': v => ner([any(v)]),
    'the pipeline, words': v => ner(any(v), { is_split_into_words: true }),
    'the pipeline, words of a text': v => ner([any(v)], { is_split_into_words: true }),
    'the pipeline, a word': v => ner(['a', any(v)], { is_split_into_words: true }),
    'the pipeline, options': v => ner('a', any(v)),
    ...each(CALL, o => ner('a', o), 'the pipeline'),
    stream: v => (typeof v === 'string' ? undefined : drain(ner.stream(any(v)))),
    'stream, a text': v => drain(ner.stream([any(v)])),
    'stream, what next gives': v => drain(ner.stream(any({ [Symbol.iterator]: () => ({ next: () => (v === undefined ? { done: true } : v) }) }))), // prettier-ignore
    'stream, the iterator': v => drain(ner.stream(any({ [Symbol.iterator]: () => v }))),
    'stream, the async iterator': v => drain(ner.stream(any({ [Symbol.asyncIterator]: () => v }))),
    'stream options': v => drain(ner.stream(['a'], any(v))),
    redact: v => api.redact(any(v), [entity]),
    'redact entities': v => api.redact('abc', any(v)),
    'redact entity': v => api.redact('abc', [any(v)]),
    ...each(['entity_group', 'start', 'end', 'score'], o => api.redact('abc', [any({ ...entity, ...o })]), 'redact'),
    'redact options': v => api.redact('abc', [entity], any(v)),
    ...each(['style', 'offsetUnit'], o => api.redact('abc', [entity], any(o)), 'redact'),
    createRedactor: v => api.createRedactor(any(v)),
    'createRedactor options': v => api.createRedactor(null, any(v)),
    ...each(
      ['only', 'except', 'threshold', 'style', 'key', 'patterns', 'finders', 'ignoreCase', 'repeats', 'onUnknown'],
      o => api.createRedactor(ner, { style: 'hash', key: 'k'.repeat(16), ...o }),
      'createRedactor',
    ),
    'createRedactor redact': v => api.createRedactor(ner).redact(any(v)),
    'createRedactor redact options': v => api.createRedactor(ner).redact('a', any(v)),
    'createRedactor redact signal': v => api.createRedactor(ner).redact('a', { signal: any(v) }),
    'createRedactor stream': v => takeAll(api.createRedactor(ner).stream(any(v))),
    'createRedactor stream, a text': v => takeAll(api.createRedactor(ner).stream([any(v)])),
    'createRedactor stream options': v => takeAll(api.createRedactor(ner).stream(['a'], any(v))),
    'createRedactor finder': v => api.createRedactor(null, { finders: [() => any(v)] }).redact('abc'),
    'createRedactor span': v => api.createRedactor(null, { finders: [() => [any(v)]] }).redact('abc'),
    'createRedactor style result': v => {
      const finders = [() => [{ label: 'A', start: 0, end: 1 }]]
      return api.createRedactor(null, { finders, style: () => any(v) }).redact('abc')
    },
    'createRedactor entities answered': v =>
      api.createRedactor(Object.assign(() => Promise.resolve(any(v)), { stream: any(0) })).redact('abc'),
    'createRedactor entity': v =>
      api.createRedactor(Object.assign(() => Promise.resolve([any(v)]), { stream: any(0) })).redact('abc'),
    'createRedactor restore': v => api.createRedactor(null).restore(v),
    'createRedactor restore options': v => api.createRedactor(null).restore('a', any(v)),
    'createRedactor restoreStream': v => api.createRedactor(null).restoreStream(any(v)),
    'createRedactor import': v => api.createRedactor(null).import(v),
    'createRedactor import names': v =>
      api.createRedactor(null).import({ format: 'bert-ner mapping', version: 1, names: v, reserved: [] }),
    'createRedactor import name': v =>
      api.createRedactor(null).import({ format: 'bert-ner mapping', version: 1, names: [v], reserved: [] }),
    'createRedactor import reserved': v =>
      api.createRedactor(null).import({ format: 'bert-ner mapping', version: 1, names: [], reserved: v }),
    render: v => api.render(any(v), [entity], 'html'),
    'render entities': v => api.render('abc', any(v), 'html'),
    'render entity': v => api.render('abc', [any(v)], 'ansi'),
    'render format': v => api.render('abc', [entity], any(v)),
    'render options': v => api.render('abc', [entity], 'html', any(v)),
  }
}

/** Files are closed, whatever reading them gives. */
async function reading(file: api.ModelFile, offset: number, length: number): Promise<unknown> {
  try {
    return await file.read(offset, length)
  } finally {
    await file.close?.()
  }
}

/**
 * What a function of the caller's throws is handed on as it is: a callback that cannot be called, and an answer of a source or an
 * iterator that throws as soon as it is awaited.
 */
function isOwn(name: string, kind: string): boolean {
  const isCallback = ['pipeline progress_callback', 'redact style'].includes(name)
  if (isCallback) return ['a class', 'a revoked function'].includes(kind)
  return (
    /(?:file|bytes|finder|entities answered)$/.test(name) &&
    ['a revoked proxy', 'a revoked function', 'an angry proxy'].includes(kind)
  )
}

async function outcome(call: Call, value: unknown): Promise<string> {
  try {
    const result = await call(value)
    // A pipeline or a model that was loaded after all.
    if (result !== ner && typeof (result as { dispose?: unknown } | undefined)?.dispose === 'function') {
      await (result as { dispose: () => Promise<void> }).dispose()
    }
    return 'a result'
  } catch (error) {
    const { code, subject, expected, found, nextStep } = error as Record<string, unknown>
    const isTold = [code, subject, expected, found, nextStep].every(part => typeof part === 'string' && part !== '')
    return isTold ? String(code) : `raw: ${String(error)}`
  }
}

describe('odd values', () => {
  const names = new Set<string>()
  test('there are more than forty of them', () => {
    expect(VALUES.length).toBeGreaterThan(44)
  })

  test('get a result or an error with a code, wherever they are passed', async () => {
    const raw: string[] = []
    let count = 0
    for (const [name, call] of Object.entries(calls())) {
      names.add(name.split(/[ ,]/)[0] ?? '')
      for (const [kind, value] of VALUES) {
        const result = await outcome(call, value)
        count++
        if (result.startsWith('raw') && !isOwn(name, kind)) raw.push(`${name}(${kind}): ${result}`)
      }
    }
    expect(raw).toEqual([])
    expect(count).toBeGreaterThan(5000)
  }, 120_000)

  test('no export was forgotten', () => {
    const functions = Object.entries(api).flatMap(([name, value]) =>
      typeof value === 'function' && !name.endsWith('Error') ? [name] : [],
    )
    expect(functions.filter(name => ![...names].some(called => called.startsWith(name)))).toEqual([])
  })
})
