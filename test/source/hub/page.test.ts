/**
 * Models of the hub in a page, in a real browser: the Cache API, Web Locks, CORS and redirects are Chromium's. Skipped, and counted
 * as such, where there is none: BERT_NER_CHROMIUM names it.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { pipeline } from '../../../dist/node.js'
import { chromium, Tabs, type Result } from '../../helpers/chromium.ts'
import { HubServer } from '../../helpers/hub-server.ts'
import { tinyModel } from '../../helpers/tiny-model.ts'

const FIRST = '1'.repeat(40)
const SECOND = '2'.repeat(40)
let commits = 3
/** One that no test had before. */
const nextCommit = () => (commits++).toString(16).padStart(40, '0')
const NAME = 'some/model'
const BIG = 'some/big'
const TEXT = 'My name is Wolfgang and I live in Berlin'
const model = tinyModel({}, { seed: 1 })
const PIECE = 2 ** 23
/** Three pieces, the last one short. */
const big = { ...model, 'model.safetensors': Uint8Array.from({ length: 2 * PIECE + 1e6 }, (_, i) => (i * i) >> 7) }

const server = new HubServer()
const tabs = new Tabs()
let root: string
let profile: string
const ifChromium = chromium === undefined ? describe.skip : describe

const FETCH = `const toServer = (url, init) => fetch(url.replace('https://huggingface.co', args.endpoint), init);`
const LOAD = `${FETCH}
  const events = [];
  const ner = await api.pipeline('token-classification', args.name, {
    backend: 'naive', fetch: toServer, progress_callback: event => events.push(event), ...args.options });
  const entities = await ner(args.text);
  await ner.dispose();
  return { entities, events };`
/** The hub's room alone: the weights of the large model are no model's. */
const FETCH_ONLY = `${FETCH}
  const { fetchFromHub } = await import('/dist/source/hub/page.js');
  const { source, fetched } = await fetchFromHub(args.name, { fetch: toServer, ...args.options }, () => undefined);
  const file = await source.open('model.safetensors');
  const digest = await crypto.subtle.digest('SHA-256', await file.read(0, file.size));
  const hash = Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('');
  return { hash, fetched: [...fetched] };`
const args = (name = NAME, options: object = {}) => ({ endpoint: server.endpoint, name, text: TEXT, options })
const load = (options: object = {}, tab = 0) => tabs.run(LOAD, args(NAME, options), tab)
const fetchBig = (options: object = {}, tab = 0) => tabs.run(FETCH_ONLY, args(BIG, options), tab)
const hash = createHash('sha256').update(big['model.safetensors']).digest('hex')
const stages = () => server.requests.map(({ stage }) => stage)

ifChromium('a model of the hub in a page', () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'bert-ner-page-'))
    profile = join(root, 'profile')
    await server.start()
    await tabs.open(profile, 2)
  }, 60_000)
  afterAll(async () => {
    await tabs.close()
    await server.stop()
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
  })
  afterEach(() => server.reset())
  const push = (name: string, commit: string, files: Record<string, Uint8Array>) =>
    server.repos.set(name, { commits: new Map([[commit, files]]), refs: new Map([['main', commit]]) })

  test('answers as in Node, with the events of transformers.js', async () => {
    push(NAME, FIRST, model)
    const ner = await pipeline('token-classification', model, { backend: 'naive' })
    const { value, error, notes } = await load()
    expect([error, notes]).toEqual([undefined, []])
    const { entities, events } = value as { entities: unknown; events: { status: string; file?: string }[] }
    expect(entities).toEqual(await ner(TEXT))
    await ner.dispose()
    const ofWeights = events.filter(({ file }) => file === 'model.safetensors').map(({ status }) => status)
    expect([...new Set(ofWeights)]).toEqual(['initiate', 'download', 'progress', 'done'])
    expect(events.at(-1)).toMatchObject({ status: 'ready' })
  }, 60_000)

  test('the cached model is one question, and offline none', async () => {
    push(NAME, FIRST, model)
    expect((await load()).error).toBeUndefined()
    expect(stages()).toEqual(['list'])
    server.requests.length = 0
    expect((await load({ local_files_only: true })).error).toBeUndefined()
    expect((await load({ revision: FIRST })).error).toBeUndefined()
    expect(stages()).toEqual([])
  }, 60_000)

  test('a hub that fails: the cached commit answers, with a note', async () => {
    server.fault = ({ response }) => Boolean(response.writeHead(503).end())
    const { error, notes } = await load()
    expect([error, notes]).toEqual([undefined, [expect.stringContaining(FIRST)]])
  }, 60_000)

  test('a push is fetched whole, under its own commit', async () => {
    push(NAME, SECOND, tinyModel({}, { seed: 2 }))
    expect((await load()).error).toBeUndefined()
    expect(stages()).toContain('large')
    expect((await load({ revision: FIRST, local_files_only: true })).error).toBeUndefined()
  }, 60_000)

  test('a worker reads the same cache', async () => {
    const code = `
      const { pipeline } = await import('/dist/worker.js');
      const ner = await pipeline('token-classification', args.name, { backend: 'naive', local_files_only: true });
      const entities = await ner(args.text);
      await ner.dispose();
      return entities;`
    const { value, error } = await tabs.run(code, args(`${NAME}@${FIRST}`))
    expect(error).toBeUndefined()
    const ner = await pipeline('token-classification', model, { backend: 'naive' })
    expect(value).toEqual(await ner(TEXT))
    await ner.dispose()
  }, 60_000)

  test('pieces that someone removed: one error, and the next load fetches them', async () => {
    const other = { ...big, 'model.safetensors': big['model.safetensors'].map(byte => byte ^ 85) }
    const fetchCleaned = () => tabs.run(FETCH_ONLY, args('some/cleaned'))
    const hash = createHash('sha256').update(other['model.safetensors']).digest('hex')
    push('some/cleaned', nextCommit(), other)
    expect((await fetchCleaned()).value).toMatchObject({ hash })
    const remove = `
      const cache = await caches.open('bert-ner');
      const keys = (await cache.keys()).filter(({ url }) => url.includes('/some/cleaned/sets/') && url.endsWith('/1'));
      for (const key of keys) await cache.delete(key);
      return keys.length;`
    expect((await tabs.run(remove)).value).toBeGreaterThan(0)
    expect((await fetchCleaned()).error).toMatchObject({ code: 'SOURCE_CACHE_CHANGED' })
    expect((await fetchCleaned()).value).toMatchObject({ hash })
  }, 60_000)

  test('sourceFromUrl of another origin that shows no ranges and compresses unseen', async () => {
    const bytes = Buffer.from('0123456789'.repeat(1000))
    const other = createServer((request, response) => {
      response.setHeader('access-control-allow-origin', '*')
      if (request.headers.range !== undefined) {
        response.writeHead(206, { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}` }).end(bytes)
        return
      }
      const small = gzipSync(bytes)
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': small.length }).end(small)
    })
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`
    const code = `
      const file = await api.sourceFromUrl(args.base).open('a.txt');
      return new TextDecoder().decode(await file.read(0, file.size));`
    const { value, error } = await tabs.run(code, { base })
    other.closeAllConnections()
    other.close()
    expect([error, value]).toEqual([undefined, bytes.toString()])
  }, 60_000)

  test.each([
    ['a name without owner', 'model', 'OPTION_MODEL'],
    ['a path', './model', 'OPTION_MODEL'],
    ['an address', 'https://example.org/model/', 'OPTION_MODEL'],
    ['a model that does not exist', 'some/other', 'SOURCE_HUB_NOT_FOUND'],
    ['a revision that does not exist', `${NAME}@v9`, 'SOURCE_HUB_NOT_FOUND'],
  ])('%s is one error', async (_, name, code) => {
    push(NAME, FIRST, model)
    expect((await tabs.run(LOAD, args(name))).error).toMatchObject({ code })
  })

  test('the token goes to the endpoint alone', async () => {
    push(NAME, FIRST, model)
    server.token = 'hf_secret'
    expect((await load({ token: 'hf_secret', force_download: true })).error).toBeUndefined()
    const withToken = server.requests.filter(({ headers }) => headers.authorization !== undefined)
    expect([...new Set(withToken.map(({ stage }) => stage))]).toEqual(['list', 'get'])
    expect(stages()).toContain('large')
  }, 60_000)

  test('wrong bytes are never used: not once, and with a hash that stays wrong not at all', async () => {
    push(BIG, nextCommit(), { ...big, 'model.safetensors': big['model.safetensors'].subarray(0, 1000) })
    const flip = (times: number) => {
      server.fault = seen => {
        if (seen.stage !== 'large' || times-- <= 0) return false
        const bytes = Uint8Array.from(seen.bytes ?? [])
        bytes[500] = (bytes[500] ?? 0) ^ 1
        return Boolean(seen.response.end(bytes))
      }
    }
    flip(Infinity)
    // The pauses between its five tries are those of a page in a hurry.
    const hurry = `const wait = setTimeout; globalThis.setTimeout = (run, time) => wait(run, time < 9000 ? time / 20 : time);`
    const hurried = `${hurry} try { ${FETCH_ONLY} } finally { globalThis.setTimeout = wait }`
    expect((await tabs.run(hurried, args(BIG))).error).toMatchObject({ code: 'SOURCE_HUB_HASH' })
    expect((await fetchBig({ local_files_only: true })).error).toMatchObject({ code: 'SOURCE_HUB_NOT_CACHED' })
    flip(1)
    expect((await fetchBig()).error).toBeUndefined()
  }, 60_000)

  test('two tabs at once fetch the weights once', async () => {
    push(BIG, nextCommit(), big)
    server.fault = seen => seen.stage === 'large' && Boolean(setTimeout(() => seen.answer(), 1000))
    const [one, two] = await Promise.all([fetchBig({}, 0), fetchBig({}, 1)])
    expect([one, two].map(({ value }) => (value as { hash: string } | undefined)?.hash)).toEqual([hash, hash])
    expect(stages().filter(stage => stage === 'large')).toHaveLength(1)
  }, 60_000)

  test('a tab that is slow is waited for; one that is silent is not, and leaves nothing behind', async () => {
    // 30 s without a sign of life are two on these clocks.
    const hurry = `const now = Date.now, start = now(); Date.now = () => start + 15 * (now() - start);`
    const fetchHurried = (name: string, tab: number) =>
      tabs.run(`${hurry} try { ${FETCH_ONLY} } finally { Date.now = now }`, args(name), tab)
    const hashes = async (results: Promise<Result>[]) =>
      (await Promise.all(results)).map(({ value, error }) => error ?? (value as { hash: string }).hash)
    const sets = `
      const keys = await (await caches.open('bert-ner')).keys();
      const inSets = keys.map(({ url }) => url.split('/sets/')).filter(([model, set]) => set && model.endsWith(args.name));
      return new Set(inSets.map(([, set]) => set.split('/')[0])).size;`

    push('some/slow', nextCommit(), { ...big, 'model.safetensors': big['model.safetensors'].map(byte => byte ^ 1) })
    server.fault = ({ stage, response, bytes = new Uint8Array() }) => {
      if (stage !== 'large') return false
      response.writeHead(200, { 'content-length': bytes.byteLength })
      const pieces = 30
      const drip = (i: number) => {
        const part = bytes.subarray((i * bytes.length) / pieces, ((i + 1) * bytes.length) / pieces)
        if (i === pieces) response.end()
        else response.write(part, () => setTimeout(drip, 100, i + 1))
      }
      drip(0)
      return true
    }
    const [slow, other] = await hashes([fetchHurried('some/slow', 0), fetchHurried('some/slow', 1)])
    expect([slow, stages().filter(stage => ['large', 'resume'].includes(stage))]).toEqual([other, ['large']])

    server.reset()
    push('some/silent', nextCommit(), { ...big, 'model.safetensors': big['model.safetensors'].map(byte => byte ^ 2) })
    server.fault = ({ stage, before, response, bytes = new Uint8Array() }) => {
      if (stage !== 'large' || before > 0) return false
      response.writeHead(200, { 'content-length': bytes.byteLength })
      response.write(bytes.subarray(0, 1.5 * PIECE), () => setTimeout(() => response.end(bytes.subarray(1.5 * PIECE)), 4500)) // prettier-ignore
      return true
    }
    const [one, two] = await hashes([fetchHurried('some/silent', 0), fetchHurried('some/silent', 1)])
    expect([one, stages().filter(stage => ['large', 'resume'].includes(stage))]).toEqual([two, ['large', 'large']])
    const small = Object.keys(model).length - 1
    expect((await tabs.run(sets, { name: 'some/silent' })).value).toBe(1 + small)
  }, 60_000)

  test('no room for the site: one error, and what has come is gone on with', async () => {
    push('some/full', nextCommit(), { ...big, 'model.safetensors': big['model.safetensors'].map(byte => byte ^ 4) })
    const fill = `
      const put = Cache.prototype.put;
      Cache.prototype.put = function (key, response) {
        const isLate = String(key).includes('/sets/') && String(key).endsWith('/1');
        return isLate ? Promise.reject(new DOMException('full', 'QuotaExceededError')) : put.call(this, key, response);
      };`
    const full = await tabs.run(
      `${fill} try { ${FETCH_ONLY} } finally { Cache.prototype.put = put }`,
      args('some/full'),
    )
    expect(full.error).toMatchObject({
      code: 'SOURCE_CACHE_UNWRITABLE',
      message: expect.stringContaining('no more room'),
    })
    expect((await tabs.run(FETCH_ONLY, args('some/full'))).error).toBeUndefined()
    expect(server.requests.find(({ stage }) => stage === 'resume')?.headers.range).toBe(`bytes=${PIECE}-`)
  }, 60_000)

  test('a sandbox, which may have neither cache nor locks, fetches into memory', async () => {
    push(NAME, FIRST, model)
    const code = `
      const frame = document.createElement('iframe');
      frame.sandbox = 'allow-scripts';
      const heard = new Promise(resolve => addEventListener('message', ({ data }) => resolve(data), { once: true }));
      frame.srcdoc = '<script type="module">' + args.script + '</' + 'script>';
      document.body.append(frame);
      const answer = await heard;
      frame.remove();
      return answer;`
    const script = `
      const args = ${JSON.stringify(args(NAME))};
      const notes = [];
      console.warn = text => notes.push(text);
      const api = await import('${tabs.origin}/dist/index.js');
      const run = async () => { ${LOAD} };
      parent.postMessage(await run().then(({ entities }) => ({ entities, notes }), error => ({ error: String(error) })), '*');`
    const { value } = await tabs.run(code, { script })
    const ner = await pipeline('token-classification', model, { backend: 'naive' })
    expect(value).toEqual({ entities: await ner(TEXT), notes: [expect.stringContaining('no cache')] })
    await ner.dispose()
  }, 60_000)

  test('a connection that breaks off is gone on with', async () => {
    push(BIG, nextCommit(), big)
    server.fault = seen => {
      if (seen.stage !== 'large' || seen.before > 0) return false
      seen.response.writeHead(200, { 'content-length': seen.bytes?.byteLength })
      seen.response.write(seen.bytes?.subarray(0, 1.5 * PIECE), () => setTimeout(() => seen.response.destroy(), 300))
      return true
    }
    expect((await fetchBig({ force_download: true })).value).toMatchObject({ hash })
    // A browser may drop what came just before the end of a connection.
    const range = server.requests.find(({ stage }) => stage === 'resume')?.headers.range ?? ''
    expect(Number(/^bytes=(\d+)-$/.exec(range)?.[1])).toBeGreaterThanOrEqual(PIECE)
  }, 60_000)

  test('a browser that is killed leaves what the next one goes on with', async () => {
    const other = { ...big, 'model.safetensors': big['model.safetensors'].map(byte => byte ^ 255) }
    push(BIG, nextCommit(), other)
    const half = new Promise<void>(resolve => {
      server.fault = seen => {
        if (seen.stage !== 'large' || seen.before > 0) return false
        seen.response.writeHead(200, { 'content-length': seen.bytes?.byteLength })
        seen.response.write(seen.bytes?.subarray(0, 1.5 * PIECE), () => setTimeout(resolve, 1500))
        return true
      }
    })
    void fetchBig({ force_download: true })
    await half
    await tabs.kill()
    await tabs.open(profile)
    const { value } = await fetchBig()
    expect(value).toMatchObject({ hash: createHash('sha256').update(other['model.safetensors']).digest('hex') })
    expect(server.requests.find(({ stage }) => stage === 'resume')?.headers.range).toBe(`bytes=${PIECE}-`)
  }, 90_000)

  test('without a cache of its own, a page fetches into memory and says so', async () => {
    await tabs.kill()
    await tabs.open(join(root, 'other'), 1, 'insecure.test')
    push(NAME, FIRST, model)
    const { error, notes }: Result = await load()
    expect([error, notes]).toEqual([undefined, [expect.stringContaining('no cache')]])
  }, 60_000)
})
