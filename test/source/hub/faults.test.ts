/**
 * Faults × stages: whatever a server does, either the model is in the cache with the right bytes, or there is one error with its
 * code; never a wrong byte under a name that is read; and once the fault is over, the next call succeeds.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { DiskCache } from '../../../dist/node/hub/cache.js'
import { nodeRequest } from '../../../dist/node/hub/request.js'
import { fetchModel } from '../../../dist/source/hub/model.js'
import { end, gitSha1, HubServer, sha256, type Fault, type Seen, type Stage } from '../../helpers/hub-server.ts'

const COMMIT = 'a'.repeat(40)
const REPO = 'some/model'
const random = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 13)
const FILES = {
  'config.json': new TextEncoder().encode('{"model_type": "bert"}'),
  'tokenizer_config.json': new TextEncoder().encode('{}'),
  'vocab.txt': new TextEncoder().encode('[UNK]\n'.repeat(1000)),
  'model.safetensors': random(300_000),
}

const server = new HubServer()
let root: string
beforeAll(async () => {
  await server.start()
  server.repos.set(REPO, { commits: new Map([[COMMIT, FILES]]), refs: new Map([['main', COMMIT]]) })
  // In memory, if there is such a place: each file that is put in place waits for its disk.
  root = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bert-ner-hub-'))
})
afterAll(async () => {
  await server.stop()
  await rm(root, { recursive: true })
})
afterEach(async () => {
  server.reset()
  await rm(join(root, `${count++}`), { recursive: true, force: true })
})

let count = 0
const nextCache = () => new DiskCache(join(root, `${count}`), REPO)
function attempt(cache: DiskCache, timeout = 5000) {
  const hub = {
    ...{ endpoint: server.endpoint, token: 'hf_secret', fetch: nodeRequest, backoff: 1, isInPage: false },
    ...{ etagTimeout: timeout, downloadTimeout: timeout },
  }
  const options = { isOffline: false, isForced: false, report: () => undefined, note: () => undefined }
  return fetchModel(hub, { repo: REPO, revision: 'main' }, cache, options)
}

/** Each blob is what its name says, and so is each file of a snapshot. */
async function checkNothingWrong(cache: DiskCache): Promise<void> {
  for (const name of await readdir(join(cache.folder, 'blobs')).catch(() => [])) {
    if (name.includes('.')) continue
    const bytes = await readFile(join(cache.folder, 'blobs', name))
    expect(name).toBe(name.length === 64 ? sha256(bytes) : gitSha1(bytes))
  }
  for (const name of await readdir(cache.snapshot(COMMIT)).catch(() => [])) {
    const bytes = await readFile(join(cache.snapshot(COMMIT), name))
    expect([name, bytes.equals(FILES[name as keyof typeof FILES])]).toEqual([name, true])
  }
}

const HTML = '<html>Please log in</html>'
const html = ({ response }: Seen) => end(response, 200, { 'content-type': 'text/html' }, HTML)
const status =
  (code: number, headers: Record<string, string> = {}) =>
  ({ response }: Seen) =>
    end(response, code, headers)
const redirect = (to: (seen: Seen) => string) => (seen: Seen) => end(seen.response, 302, { location: to(seen) })

const ETAG = '"etag elsewhere"'
/** Writes the headers of the right answer, and returns the bytes that have to follow. */
function begin({ response, request, bytes = FILES['config.json'] }: Seen, etag?: string): Uint8Array {
  const { range = '', 'if-range': condition } = request.headers
  const [, from = '0'] = /bytes=(\d+)-/.exec(range) ?? []
  const rest = bytes.subarray(Number(from))
  response.writeHead(range ? 206 : 200, {
    'content-length': rest.byteLength,
    'content-range': `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}`,
    etag: etag ?? String(condition ?? ETAG),
  })
  return rest
}
/** Begins the right answer and breaks it off after a share of it. */
const cut = (share: number) => (seen: Seen) => {
  const rest = begin(seen)
  const { response } = seen
  response.write(rest.subarray(0, Math.floor(rest.byteLength * share)), () => setTimeout(() => response.destroy(), 5))
}
/** Begins the right answer with one byte, and sends nothing further. */
const drip = (seen: Seen) => seen.response.write(begin(seen, ETAG).subarray(0, 1))
/** The right answer in thirty pieces, which take longer altogether than silence may, and are never silent for so long. */
const slowly = (seen: Seen) => {
  const rest = begin(seen)
  const { response } = seen
  const size = Math.ceil(rest.byteLength / 30)
  let at = 0
  const timer = setInterval(() => {
    response.write(rest.subarray(at, (at += size)))
    if (at < rest.byteLength && !response.destroyed) return
    clearInterval(timer)
    response.end()
  }, 50)
}
const compressed = ({ response, bytes = new Uint8Array() }: Seen) =>
  end(response, 200, { 'content-encoding': 'gzip' }, gzipSync(bytes, { level: 1 }))
const body = (change: (bytes: Uint8Array) => Uint8Array) => (seen: Seen) =>
  end(seen.response, 200, { etag: '"etag elsewhere"' }, change(seen.bytes ?? new Uint8Array()))
const flipped = body(bytes => bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)))

type Act = (seen: Seen) => void
/** What an endless repetition of the fault ends in, by stage; a code for all, or `ok`. */
const FAULTS: [string, Act, Stage[], string | Partial<Record<Stage, string>>][] = [
  ['connection refused or cut before an answer', ({ response }) => response.destroy(), ['resolve', 'head', 'get', 'large', 'resume'], 'SOURCE_HUB_UNREACHABLE'],
  ['cut after no byte', cut(0), ['get', 'large', 'resume'], 'SOURCE_HUB_UNREACHABLE'],
  ['cut in the middle', cut(0.5), ['get', 'large', 'resume'], 'ok or SOURCE_HUB_UNREACHABLE'],
  ['cut before the last byte', cut(0.99999), ['get', 'large', 'resume'], 'ok or SOURCE_HUB_UNREACHABLE'],
  ['compressed all the same', compressed, ['get', 'large', 'resume'], 'ok'],
  ['silence', () => undefined, ['resolve', 'head', 'get', 'large', 'resume'], 'SOURCE_HUB_UNREACHABLE'],
  ['a drip of a byte, and silence', drip, ['get', 'large', 'resume'], 'ok or SOURCE_HUB_UNREACHABLE'],
  ['a slow drip', slowly, ['get', 'large', 'resume'], 'ok'],
  ['too short', body(bytes => bytes.subarray(1)), ['get', 'large', 'resume'], { get: 'SOURCE_HUB_SIZE', large: 'SOURCE_HUB_SIZE', resume: 'ok' }],
  ['too long', body(bytes => Uint8Array.from([...bytes, 0])), ['get', 'large', 'resume'], { get: 'SOURCE_HUB_SIZE', large: 'SOURCE_HUB_SIZE', resume: 'ok' }],
  ['wrong bytes', flipped, ['get', 'large', 'resume'], { get: 'SOURCE_HUB_HASH', large: 'SOURCE_HUB_HASH', resume: 'ok' }],
  ['HTML', html, ['resolve', 'head', 'get', 'large', 'resume'], { resolve: 'SOURCE_HUB_ANSWER', head: 'SOURCE_HUB_ANSWER', get: 'SOURCE_HUB_SIZE', large: 'SOURCE_HUB_SIZE', resume: 'ok' }],
  ['401', status(401), ['resolve', 'head', 'get', 'large', 'resume'], 'SOURCE_HUB_ACCESS'],
  ['403', status(403), ['resolve', 'head', 'get', 'large', 'resume'], { resolve: 'SOURCE_HUB_ACCESS', head: 'SOURCE_HUB_ACCESS', get: 'SOURCE_HUB_ACCESS', large: 'SOURCE_HUB_UNREACHABLE', resume: 'SOURCE_HUB_UNREACHABLE' }],
  ['404', status(404), ['resolve', 'head', 'get', 'large', 'resume'], 'SOURCE_HUB_NOT_FOUND'],
  ['416', status(416), ['get', 'large', 'resume'], { get: 'SOURCE_HUB_UNREACHABLE', large: 'SOURCE_HUB_UNREACHABLE', resume: 'ok' }],
  ['429 with Retry-After', status(429, { 'retry-after': '0' }), ['resolve', 'head', 'get', 'large', 'resume'], 'SOURCE_HUB_BUSY'],
  ['500', status(500), ['resolve', 'head', 'get', 'large', 'resume'], 'SOURCE_HUB_BUSY'],
  ['redirect to itself', redirect(({ request }) => `http://${request.headers.host}${request.url}`), ['resolve', 'head', 'get', 'large', 'resume'], 'SOURCE_HUB_REDIRECT'],
  ['redirect to http', redirect(() => 'http://192.0.2.1/x'), ['resolve', 'head', 'get', 'large', 'resume'], 'SOURCE_HUB_REDIRECT'],
  ['redirect to file:', redirect(() => 'file:///etc/passwd'), ['resolve', 'head', 'get', 'large', 'resume'], 'SOURCE_HUB_REDIRECT'],
  ['redirect to nowhere', redirect(() => 'http://'), ['resolve', 'head', 'get', 'large', 'resume'], 'SOURCE_HUB_REDIRECT'],
  ['another range than asked for', seen => end(seen.response, 206, { 'content-range': 'bytes 0-0/1' }, 'x'), ['get', 'large', 'resume'], { get: 'SOURCE_HUB_UNREACHABLE', large: 'SOURCE_HUB_UNREACHABLE', resume: 'ok' }],
  ['a range with another etag', seen => end(seen.response, 206, { 'content-range': `bytes ${seen.request.headers.range?.slice(6)}299999/300000`, etag: '"new"' }, 'x'), ['resume'], 'ok'],
  ['a range that is dropped', seen => end(seen.response, 200, { etag: '"etag elsewhere"' }, seen.bytes), ['resume'], 'ok'],
] // prettier-ignore

/** A resume needs something to resume: the first request of the large file is cut. */
function faultAt(stage: Stage, act: Act, times: number): Fault {
  const target =
    stage === 'large' || stage === 'resume' ? 'model.safetensors' : stage === 'resolve' ? 'config.json' : 'vocab.txt'
  let left = times
  return seen => {
    if (seen.file !== target) return false
    if (stage === 'resume' && seen.stage === 'large' && seen.before === 0) {
      cut(0.4)(seen)
      return true
    }
    if (seen.stage !== stage || left-- <= 0) return false
    act(seen)
    return true
  }
}

/** No second try is worth it, unless a redirect led to the right answer. */
const ONCE_IS_TOO_MUCH = ['SOURCE_HUB_ACCESS', 'SOURCE_HUB_NOT_FOUND', 'SOURCE_HUB_REDIRECT', 'SOURCE_HUB_ANSWER']

describe.each(FAULTS.flatMap(([name, act, stages, code]) => stages.map(stage => ({ name, stage, act, code }))))(
  '$name, at stage $stage',
  ({ name, stage, act, code }) => {
    const expected = typeof code === 'string' ? code : (code[stage] ?? '')
    const timeout = name.includes('silence') ? 100 : name === 'a slow drip' ? 1000 : undefined

    test('once', async () => {
      const cache = nextCache()
      server.fault = faultAt(stage, act, 1)
      const result = await attempt(cache, timeout).catch((error: unknown) => error)
      const isOver = ONCE_IS_TOO_MUCH.includes(expected) && name !== 'redirect to itself'
      expect(result).toMatchObject(isOver ? { code: expected } : { commit: COMMIT })
      await checkNothingWrong(cache)
      server.fault = undefined
      await attempt(cache)
      await checkNothingWrong(cache)
    })

    test('always', async () => {
      const cache = nextCache()
      server.fault = faultAt(stage, act, Infinity)
      const result = await attempt(cache, timeout).catch((error: unknown) => error)
      if (expected.startsWith('ok or')) expect(result).toHaveProperty(result instanceof Error ? 'code' : 'commit')
      else expect(result).toMatchObject(expected === 'ok' ? { commit: COMMIT } : { code: expected })
      await checkNothingWrong(cache)
      expect(await cache.commitOf('main')).toBe(result instanceof Error ? undefined : COMMIT)
      server.fault = undefined
      expect(await attempt(cache)).toMatchObject({ commit: COMMIT })
      await checkNothingWrong(cache)
      expect(await readdir(cache.snapshot(COMMIT))).toEqual(Object.keys(FILES).sort())
      const left = await readdir(join(cache.folder, 'blobs'))
      expect(left.filter(name => name.includes('.'))).toEqual([])
    })
  },
)
