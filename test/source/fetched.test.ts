/** Models that are fetched by address: from a server that streams, breaks off, compresses and lies; and the default model's entry. */
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { pipeline, sourceFromUrl, type ProgressEvent } from '../../dist/node.js'
import { FetchedSource } from '../../dist/source/fetched.js'
import { readFile } from '../../dist/source/source.js'
import { defaultModel } from '../../dist/weights.js'
import { tinyModel } from '../helpers/tiny-model.ts'

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)
const model = tinyModel()
let server: Server
let base: string
let asked: string[] = []
let answer: RequestListener

const whole: RequestListener = ({ url = '' }, response) => {
  const file = url === '/a.bin' ? bytes : model[url.slice(1)]
  response.writeHead(file ? 200 : 404, file ? { 'content-length': file.length } : {}).end(file)
}

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  asked = []
  answer = whole
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe('sourceFromUrl', () => {
  test('reads any span while the rest is on its way, and asks once', async () => {
    let rest = () => undefined as unknown
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 1000))
      rest = () => response.end(bytes.subarray(1000))
    }
    const file = await sourceFromUrl(base).open('a.bin')
    expect(file.size).toBe(bytes.length)
    expect(await file.read(7, 900)).toEqual(bytes.subarray(7, 907))
    const end = file.read(bytes.length - 10, 10)
    await expect(Promise.race([end, new Promise(resolve => setTimeout(resolve, 30, 'waits'))])).resolves.toBe('waits')
    rest()
    expect(await end).toEqual(bytes.subarray(-10))
    await file.close?.()
    expect(asked).toEqual(['/a.bin'])
  })

  test.each([
    ['without a length', { 'transfer-encoding': 'chunked' }, bytes],
    ['compressed, so that the length is of something else', { 'content-encoding': 'gzip' }, gzipSync(bytes)],
  ])('%s', async (_, headers, body) => {
    answer = (_, response) => void response.writeHead(200, headers).end(body)
    expect(await readFile(sourceFromUrl(new URL(base)), 'a.bin')).toEqual(bytes)
  })

  test.each<[string, RequestListener, string]>([
    ['no such file', whole, 'SOURCE_FILE_MISSING'],
    ['a page in its place', (_, r) => void r.setHeader('content-type', 'text/html').end('<p>'), 'SOURCE_FILE_MISSING'],
    ['a server that fails', (_, r) => void r.writeHead(500).end(), 'SOURCE_FILE_UNREADABLE'],
    ['a connection that breaks at once', (_, r) => void r.destroy(), 'SOURCE_FILE_UNREADABLE'],
  ])('%s', async (_, listener, code) => {
    answer = listener
    await expect(sourceFromUrl(base).open('b.bin')).rejects.toMatchObject({
      code,
      nextStep: expect.stringMatching(/./),
    })
  })

  test('a connection that breaks on the way: whoever waits hears it, and whoever asks later', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20))
    }
    const file = await sourceFromUrl(base).open('a.bin')
    await expect(file.read(0, bytes.length)).rejects.toMatchObject({ code: 'SOURCE_FILE_TRUNCATED' })
    await expect(file.read(0, 1)).rejects.toMatchObject({ code: 'SOURCE_FILE_TRUNCATED' })
    await file.close?.()
  })

  test('a file of another size than the one that is known', async () => {
    const source = new FetchedSource({ files: { 'a.bin': { url: `${base}/a.bin`, size: 99_999 } } })
    await expect(source.open('a.bin')).rejects.toMatchObject({
      code: 'SOURCE_FILE_TRUNCATED',
      expected: '99999 bytes',
      found: '100000',
    })
    answer = (_, response) => void response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(bytes)
    await expect(readFile(source, 'a.bin')).rejects.toMatchObject({ code: 'SOURCE_FILE_TRUNCATED' })
  })

  test('a fetch of the caller’s makes the requests', async () => {
    const seen: unknown[] = []
    const own = (input: string | URL | Request) => {
      seen.push(input)
      return Promise.resolve(new Response(bytes))
    }
    const source = sourceFromUrl('http://a.example/model', { fetch: own })
    expect(await readFile(source, 'a.bin')).toEqual(bytes)
    expect(seen).toEqual(['http://a.example/model/a.bin'])
  })

  test('an extension of a browser, where a file that is not there cannot be fetched', async () => {
    const fails = () => Promise.reject(new TypeError('Failed to fetch'))
    for (const [base, code] of [
      ['chrome-extension://abc/weights/', 'SOURCE_FILE_MISSING'],
      ['moz-extension://abc/weights/', 'SOURCE_FILE_MISSING'],
      ['http://a.example/weights/', 'SOURCE_FILE_UNREADABLE'],
    ] as const) {
      await expect(sourceFromUrl(base, { fetch: fails }).open('tokenizer.json')).rejects.toMatchObject({ code })
    }
  })

  test('serves a pipeline, which reports bytes as they arrive', async () => {
    const events: ProgressEvent[] = []
    const ner = await pipeline('ner', sourceFromUrl(base), {
      threads: 1,
      progress_callback: event => events.push(event),
    })
    const same = await pipeline('ner', model, { threads: 1 })
    const text = 'My name is Wolfgang'
    expect(await ner(text)).toEqual(await same(text))
    const of = events.flatMap(event => ('file' in event && event.file === 'model.safetensors' ? [event] : []))
    expect(of[0]?.status).toBe('initiate')
    expect(of.at(-1)?.status).toBe('done')
    expect(of.at(-2)).toMatchObject({ status: 'progress', progress: 100, loaded: model['model.safetensors']?.length })
    await ner.dispose()
    await same.dispose()
  })

  test('what a progress_callback throws ends the loading', async () => {
    const progress_callback = (event: ProgressEvent) => {
      if (event.status === 'progress') throw new RangeError('mine')
    }
    await expect(pipeline('ner', sourceFromUrl(base), { progress_callback })).rejects.toThrow('mine')
  })
})

describe('bert-ner/weights', () => {
  test('holds the settings of weights/', async () => {
    const text = async (name: string) => new TextDecoder().decode(await readFile(defaultModel(), name))
    for (const name of ['config.json', 'tokenizer_config.json']) {
      const file = readFileSync(new URL(`../../weights/${name}`, import.meta.url), 'utf8')
      expect(JSON.parse(await text(name))).toEqual(JSON.parse(file))
    }
    await expect(defaultModel().open('tokenizer.json')).rejects.toMatchObject({ code: 'SOURCE_FILE_MISSING' })
  })

  test('is the default model', async () => {
    const [a, b] = [await pipeline('ner', defaultModel()), await pipeline('ner')]
    const text = "Angela Merkel met Tim Cook at Apple's office in Berlin."
    const groups = await a(text, { aggregation_strategy: 'first' })
    expect(groups.map(({ entity_group, word }) => [entity_group, word])).toEqual([
      ['PER', 'angela merkel'],
      ['PER', 'tim cook'],
      ['ORG', 'apple'],
      ['LOC', 'berlin'],
    ])
    expect(groups).toEqual(await b(text, { aggregation_strategy: 'first' }))
    await Promise.all([a.dispose(), b.dispose()])
  })
})
