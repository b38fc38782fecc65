/** The cache on disk: what is used without a network, what several processes do to one another, what a full disk leaves. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { listModels, verifySnapshot } from '../../../dist/node/hub/inventory.js'
import { locateModel } from '../../../dist/node/hub/model.js'
import { pipeline } from '../../../dist/node.js'
import { HubServer, sha256 } from '../../helpers/hub-server.ts'
import { tinyModel } from '../../helpers/tiny-model.ts'

const FIRST = '1'.repeat(40)
const SECOND = '2'.repeat(40)
const NAME = 'some/model'
const server = new HubServer()
const saved = { ...process.env }
let cache_dir: string
let root: string
const model = tinyModel({}, { seed: 1 })
const newer = tinyModel({}, { seed: 2 })

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bert-ner-cache-'))
  await server.start()
})
afterAll(async () => {
  await server.stop()
  await rm(root, { recursive: true })
})
let count = 0
beforeEach(() => {
  server.repos.set(NAME, { commits: new Map([[FIRST, model]]), refs: new Map([['main', FIRST]]) })
  cache_dir = join(root, `${count++}`)
  process.env = { ...saved, HF_ENDPOINT: server.endpoint, HF_HOME: join(root, 'home'), HF_HUB_ETAG_TIMEOUT: '5' }
})
afterEach(() => {
  server.reset()
  process.env = { ...saved }
})

const notes: string[] = []
const locate = (name: string | URL = NAME, options: object = {}) => {
  notes.length = 0
  return locateModel(name, { cache_dir, note: (text: string) => notes.push(text), ...options })
}
const folder = (...parts: string[]) => join(cache_dir, 'models--some--model', ...parts)
const failing = (promise: Promise<unknown>) => promise.then(() => undefined, (error: unknown) => error as Error & { code: string }) // prettier-ignore
const push = () => {
  const repo = server.repos.get(NAME)
  repo?.commits.set(SECOND, newer)
  repo?.refs.set('main', SECOND)
}

test('a name is a pipeline that answers as the folder does, and reports each file once', async () => {
  const events: { status: string; file?: string }[] = []
  const text = 'My name is Wolfgang'
  const ner = await pipeline('token-classification', NAME, {
    cache_dir,
    progress_callback: event => events.push(event),
  })
  const expected = await pipeline('token-classification', model)
  expect(await ner(text)).toEqual(await expected(text))
  await Promise.all([ner.dispose(), expected.dispose()])
  const ofWeights = events.filter(({ file }) => file === 'model.safetensors').map(({ status }) => status)
  expect([...new Set(ofWeights)]).toEqual(['initiate', 'download', 'progress', 'done'])
  expect(events.at(-1)).toMatchObject({ status: 'ready' })
})

test('a wrong option is refused before anything is fetched', async () => {
  const wrong = pipeline('token-classification', NAME, { cache_dir, threshold: 2 })
  expect(await failing(wrong)).toMatchObject({ code: 'OPTION_VALUE', subject: 'threshold' })
  expect(await failing(pipeline('token-classification', NAME, { cache_dir, delimiter: '|' }))).toMatchObject({ subject: 'delimiter' }) // prettier-ignore
  expect(server.requests).toEqual([])
})

test('the layout is that of huggingface_hub', async () => {
  const { folder: snapshot } = await locate()
  expect(snapshot).toBe(folder('snapshots', FIRST))
  expect(await readFile(folder('refs', 'main'), 'utf8')).toBe(FIRST)
  const hash = sha256(model['model.safetensors'] ?? new Uint8Array())
  expect(await readlink(join(snapshot, 'model.safetensors'))).toBe(join('..', '..', 'blobs', hash))
  expect(await readdir(folder('.no_exist', FIRST))).toContain('tokenizer.json')
  expect((await readdir(folder('blobs'))).every(name => !name.includes('.'))).toBe(true)
})

test('a cached model is one question', async () => {
  await locate()
  server.requests.length = 0
  const { hub } = await locate()
  expect(hub?.fetched.size).toBe(0)
  expect(server.requests.map(({ stage }) => stage)).toEqual(['resolve'])
})

test('a commit that is cached is no question at all', async () => {
  await locate(`${NAME}@${FIRST}`)
  server.requests.length = 0
  await locate(`${NAME}@${FIRST}`)
  expect(server.requests).toEqual([])
})

test('a push is fetched, and the old commit stays', async () => {
  await locate()
  push()
  expect((await locate()).hub?.commit).toBe(SECOND)
  expect((await locate(NAME, { revision: FIRST, local_files_only: true })).hub?.commit).toBe(FIRST)
})

describe('without the hub', () => {
  test.each([
    ['the endpoint is gone', () => (process.env.HF_ENDPOINT = 'http://127.0.0.1:1')],
    ['the endpoint fails', () => (server.fault = ({ response }) => Boolean(response.writeHead(503).end()))],
    ['the token is refused', () => (server.token = 'hf_other')],
    ['a login page answers', () => (server.fault = ({ response }) => Boolean(response.end('<html>')))],
  ])('%s: the cached commit answers, with a note', async (_, make) => {
    await locate()
    push()
    make()
    expect((await locate()).hub?.commit).toBe(FIRST)
    expect(notes).toEqual([expect.stringContaining(FIRST)])
  })

  test.each(['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE', 'local_files_only'])('%s: no request', async how => {
    await locate()
    server.requests.length = 0
    if (how !== 'local_files_only') process.env[how] = '1'
    expect((await locate(NAME, how === 'local_files_only' ? { local_files_only: true } : {})).hub?.commit).toBe(FIRST)
    expect([server.requests, notes]).toEqual([[], []])
  })

  test('nothing cached: an error that says how to get it', async () => {
    const error = await failing(locate(NAME, { local_files_only: true }))
    expect(error).toMatchObject({ code: 'SOURCE_HUB_NOT_CACHED' })
    expect(error?.message).toContain(`bert-ner download ${NAME}`)
  })

  test('a vocabulary whose settings were never fetched is not used', async () => {
    const { folder: snapshot } = await locate()
    await rm(join(snapshot, 'tokenizer_config.json'))
    expect(await failing(locate(NAME, { local_files_only: true }))).toMatchObject({ code: 'SOURCE_HUB_NOT_CACHED' })
  })

  test('a download that failed leaves the commit before it', async () => {
    await locate()
    push()
    server.fault = ({ stage, response }) => stage === 'large' && Boolean(response.destroy())
    expect((await locate()).hub?.commit).toBe(FIRST)
    expect(await readFile(folder('refs', 'main'), 'utf8')).toBe(FIRST)
    server.fault = undefined
    expect((await locate()).hub?.commit).toBe(SECOND)
  }, 30_000)
})

describe('readings of a string', () => {
  test('an existing folder is a folder, also one with the form of a name', async () => {
    await mkdir(join(cache_dir, 'some/model'), { recursive: true })
    const before = process.cwd()
    process.chdir(cache_dir)
    try {
      expect(await locate('some/model')).toEqual({ folder: 'some/model' })
      expect(await failing(locate('some/model', { revision: 'x' }))).toMatchObject({ code: 'OPTION_REVISION' })
    } finally {
      process.chdir(before)
    }
  })

  test.each(['./some/model', '/some/model', '~/some/model', 'file:///some/model'])('%s is never a name', async path => {
    expect(await failing(locate(path))).toMatchObject({ code: 'SOURCE_FILE_MISSING', nextStep: expect.stringContaining('owner/name') }) // prettier-ignore
    expect(server.requests).toEqual([])
  })

  test('a folder of the cache is its snapshot', async () => {
    await locate()
    push()
    await locate()
    expect(await locate(folder())).toEqual({ folder: folder('snapshots', SECOND) })
    expect(await locate(folder(), { revision: FIRST })).toEqual({ folder: folder('snapshots', FIRST) })
    expect(await failing(locate(folder(), { revision: 'v9' }))).toMatchObject({ code: 'OPTION_REVISION' })
  })

  test('a model or a revision that does not exist is an error that says which', async () => {
    expect(await failing(locate('some/other'))).toMatchObject({ code: 'SOURCE_HUB_NOT_FOUND', expected: 'a model that exists' }) // prettier-ignore
    expect(await failing(locate(`${NAME}@v9`))).toMatchObject({ code: 'SOURCE_HUB_NOT_FOUND', expected: 'a revision that exists' }) // prettier-ignore
  })

  test('a model without safetensors says what it has', async () => {
    const names = Object.keys(model).filter(name => name !== 'model.safetensors')
    const rest = Object.fromEntries(names.map(name => [name, model[name] ?? new Uint8Array()]))
    server.repos.get(NAME)?.commits.set(FIRST, { ...rest, 'pytorch_model.bin': new Uint8Array(9) })
    const error = await failing(locate())
    expect(error).toMatchObject({ code: 'SOURCE_HUB_FILES', found: expect.stringContaining('pytorch_model.bin') })
    expect(server.requests.some(({ file, method }) => file.endsWith('.bin') && method === 'GET')).toBe(false)
  })
})

describe('a fetch of the caller’s', () => {
  test('makes every request', async () => {
    const asked: string[] = []
    const own: typeof fetch = (input, init) => {
      asked.push(`${init?.method} ${new URL(input as string).pathname}`)
      return fetch(input, init)
    }
    const { folder: snapshot } = await locate(NAME, { fetch: own })
    expect(asked).toHaveLength(server.requests.length)
    expect(asked).toContain(`GET /${NAME}/resolve/${FIRST}/model.safetensors`)
    expect((await verifySnapshot(snapshot)).every(({ status }) => status === 'ok')).toBe(true)
  })

  test.each([
    ['fails', () => Promise.reject(new TypeError('no proxy')), 'SOURCE_HUB_UNREACHABLE'],
    ['throws', () => { throw new TypeError('no proxy') }, 'SOURCE_HUB_UNREACHABLE'],
    ['gives no response', () => Promise.resolve('text'), 'SOURCE_HUB_ANSWER'],
    ['gives nothing', () => Promise.resolve(undefined), 'SOURCE_HUB_ANSWER'],
    ['follows redirects by itself', (url: string) => fetch(url.replace('/resolve/', '/nowhere/')), 'SOURCE_HUB_NOT_FOUND'],
  ])('that %s: one error', async (_, own, code) => {
    expect(await failing(locate(NAME, { fetch: own }))).toMatchObject({ code })
  }) // prettier-ignore
})

describe('the token', () => {
  test('goes to the endpoint alone, whatever it redirects to', async () => {
    server.token = 'hf_secret'
    await locate(NAME, { token: 'hf_secret' })
    const away = server.requests.filter(({ stage }) => stage === 'large')
    const home = server.requests.filter(({ stage }) => stage !== 'large')
    expect(away.length).toBeGreaterThan(0)
    expect(away.every(({ headers }) => headers.authorization === undefined && headers.cookie === undefined)).toBe(true)
    expect(home.every(({ headers }) => headers.authorization === 'Bearer hf_secret')).toBe(true)
  })

  test.each(['HF_TOKEN', 'HF_TOKEN_PATH', 'HF_HOME'])('comes from %s', async how => {
    server.token = 'hf_saved'
    await mkdir(cache_dir, { recursive: true })
    await writeFile(join(cache_dir, 'token'), 'hf_saved\n')
    process.env[how] = { HF_TOKEN: 'hf_saved', HF_TOKEN_PATH: join(cache_dir, 'token') }[how] ?? cache_dir
    expect((await locate()).hub?.commit).toBe(FIRST)
    expect(await failing(locate(NAME, { token: false, force_download: true }))).toMatchObject({
      code: 'SOURCE_HUB_ACCESS',
    })
  })

  test('is never part of a message', async () => {
    const error = await failing(locate(NAME, { token: 'hf_sécret' }))
    expect(error).toMatchObject({ code: 'OPTION_HUB' })
    expect(`${error?.message}`).not.toContain('cret')
  })

  test.each(['https://me:secret@a.example', 'https://:secret@a.example', 'https://secret@a.example'])(
    'has no place in HF_ENDPOINT: %s',
    async address => {
      process.env.HF_ENDPOINT = address
      const error = await failing(locate())
      expect(error).toMatchObject({ code: 'OPTION_HUB', found: 'one with a user name or password' })
      expect(`${error?.message}`).not.toContain('secret')
    },
  )
})

describe('where the cache lies', () => {
  test.each([
    [{ HF_HUB_CACHE: '$BASE/a', HUGGINGFACE_HUB_CACHE: '$BASE/b' }, 'a'],
    [{ HUGGINGFACE_HUB_CACHE: '$BASE/b', HF_HOME: '$BASE/c' }, 'b'],
    [{ HF_HOME: '$BASE/c', XDG_CACHE_HOME: '$BASE/d' }, 'c/hub'],
    [{ XDG_CACHE_HOME: '$BASE/d' }, 'd/huggingface/hub'],
  ])('%j', async (variables, expected) => {
    delete process.env.HF_HOME
    Object.assign(process.env, { BASE: cache_dir, XDG_CACHE_HOME: undefined, ...variables })
    if (!('XDG_CACHE_HOME' in variables)) delete process.env.XDG_CACHE_HOME
    // A variable of XDG is no pattern: Python expands those of Hugging Face, and what is built of it.
    const { folder: found } = await locateModel(NAME, {})
    expect(found).toBe(join(cache_dir, expected, 'models--some--model', 'snapshots', FIRST))
  })
})

describe('damage', () => {
  test('a blob that was cleaned away is fetched again', async () => {
    await locate()
    await rm(folder('blobs'), { recursive: true })
    expect((await locate()).hub?.fetched.has('model.safetensors')).toBe(true)
  })

  test('blobs that are cleaned away during the download', async () => {
    let isDone = false
    server.fault = ({ stage, response, bytes = new Uint8Array() }) => {
      if (stage !== 'large' || isDone) return false
      isDone = true
      response.writeHead(200, { 'content-length': bytes.byteLength })
      response.write(bytes.subarray(0, 100), () => {
        void rm(folder('blobs'), { recursive: true }).then(() => response.end(bytes.subarray(100)))
      })
      return true
    }
    await locate()
    expect((await verifySnapshot(folder('snapshots', FIRST))).every(({ status }) => status === 'ok')).toBe(true)
  })

  test('is found by hashing, and a forced download mends it', async () => {
    await locate()
    expect(await listModels(cache_dir)).toMatchObject([
      { model: NAME, commit: FIRST, revisions: ['main'], verified: true },
    ])
    const blob = folder('blobs', sha256(model['model.safetensors'] ?? new Uint8Array()))
    const bytes = await readFile(blob)
    bytes[1000] = (bytes[1000] ?? 0) ^ 1
    await writeFile(blob, bytes)
    expect(await listModels(cache_dir)).toMatchObject([{ verified: false }])
    const damaged = (await verifySnapshot(folder('snapshots', FIRST))).filter(({ status }) => status !== 'ok')
    expect(damaged).toMatchObject([{ file: 'model.safetensors', status: 'damaged' }])
    await locate(NAME, { force_download: true })
    expect((await verifySnapshot(folder('snapshots', FIRST))).every(({ status }) => status === 'ok')).toBe(true)
  })

  test('a copy stands in for a link, and is verified too', async () => {
    process.env.HF_HUB_DISABLE_SYMLINKS = '1'
    await locate()
    expect((await stat(folder('snapshots', FIRST, 'config.json'))).isFile()).toBe(true)
    expect(await failing(readlink(folder('snapshots', FIRST, 'config.json')))).toBeDefined()
    expect(await listModels(cache_dir)).toMatchObject([{ verified: true }])
    expect((await verifySnapshot(folder('snapshots', FIRST))).every(({ status }) => status === 'ok')).toBe(true)
  })

  test('a place that cannot be written is one error', async () => {
    await writeFile(join(root, 'a file'), '')
    cache_dir = join(root, 'a file')
    expect(await failing(locate())).toMatchObject({ code: 'SOURCE_CACHE_UNWRITABLE', nextStep: expect.stringContaining('cache_dir') }) // prettier-ignore
  })
})

describe('processes', () => {
  const large = { ...model, 'model.safetensors': Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251) }
  beforeEach(() => {
    server.repos.get(NAME)?.commits.set(FIRST, large)
  })

  function start(...prefix: string[]): { child: ChildProcess; result: Promise<Record<string, unknown>> } {
    const args = ['test/node/hub/fetch-process.mjs', NAME, cache_dir]
    const [first = '', ...rest] = [...prefix, process.execPath, ...args]
    const child = spawn(first, rest, { env: process.env, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more))
    const result = new Promise<Record<string, unknown>>(resolve => {
      child.on('close', () => resolve(text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)))
    })
    return { child, result }
  }

  /** Answers the first request for the weights with a half of them, and then silence. */
  function stallAtHalf(onHalf: () => void) {
    let isDone = false
    server.fault = ({ stage, response, bytes = new Uint8Array() }) => {
      if (stage !== 'large' || isDone) return false
      isDone = true
      response.writeHead(200, { 'content-length': bytes.byteLength, etag: '"etag elsewhere"' })
      response.write(bytes.subarray(0, bytes.byteLength / 2), () => setTimeout(onHalf, 500))
      return true
    }
  }

  test('what a killed process left is gone on with', async () => {
    const { child, result } = start()
    stallAtHalf(() => child.kill('SIGKILL'))
    await result
    const { folder: snapshot } = await locate()
    const resumed = server.requests.filter(({ stage }) => stage === 'resume')
    expect(resumed).toHaveLength(1)
    expect(resumed[0]?.headers).toMatchObject({ 'if-range': '"etag elsewhere"' })
    expect(Number(/\d+/.exec(resumed[0]?.headers.range ?? '')?.[0])).toBeGreaterThan(0)
    expect((await readFile(join(snapshot, 'model.safetensors'))).equals(large['model.safetensors'])).toBe(true)
    expect((await readdir(folder('blobs'))).every(name => !name.includes('.'))).toBe(true)
  }, 60_000)

  test('two at once fetch the weights once', async () => {
    server.fault = seen => seen.stage === 'large' && Boolean(setTimeout(() => seen.answer(), 1500))
    const [one, two] = await Promise.all([start().result, start().result])
    expect(one.folder).toBe(folder('snapshots', FIRST))
    expect(two.folder).toBe(one.folder)
    expect(server.requests.filter(({ stage }) => stage === 'large')).toHaveLength(1)
    expect((await verifySnapshot(folder('snapshots', FIRST))).every(({ status }) => status === 'ok')).toBe(true)
  }, 60_000)

  /** Runs behind mounts that nobody else sees, if this system lets anyone make them. */
  const behind = (mounts: string) => ['unshare', '-rm', 'sh', '-c', `${mounts} && exec "$0" "$@"`]
  const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/tmp']).status === 0
  const ifMounts = canMount ? test : test.skip

  ifMounts('a full disk: one error', async () => {
    await mkdir(cache_dir)
    const { code, message } = await start(...behind(`mount -t tmpfs -o size=1200k none ${cache_dir}`)).result
    expect([code, message]).toEqual(['SOURCE_CACHE_UNWRITABLE', expect.stringContaining('found a full disk')])
  })

  ifMounts(
    'a read-only disk: one error; a model that is on it is used',
    async () => {
      await mkdir(cache_dir)
      const isReadOnly = `mount --bind ${cache_dir} ${cache_dir} && mount -o remount,bind,ro ${cache_dir}`
      const { code, message } = await start(...behind(isReadOnly)).result
      expect([code, message]).toEqual(['SOURCE_CACHE_UNWRITABLE', expect.stringContaining('found a read-only disk')])
      await locate()
      const { result } = start(...behind(isReadOnly))
      expect(await result).toEqual({ folder: folder('snapshots', FIRST), fetched: [] })
    },
    30_000,
  )

  test('a limit on the size of files, as a full disk: one error, and what has come is kept', async () => {
    if (process.platform === 'win32') return
    const limited = start('bash', '-c', 'ulimit -f 1000; exec "$0" "$@"')
    expect(await limited.result).toMatchObject({ code: 'SOURCE_CACHE_UNWRITABLE' })
    expect((await readdir(folder('blobs'))).some(name => name.includes('.'))).toBe(true)
    await locate()
    expect(server.requests.some(({ stage }) => stage === 'resume')).toBe(true)
    expect((await verifySnapshot(folder('snapshots', FIRST))).every(({ status }) => status === 'ok')).toBe(true)
  }, 60_000)
})

test('a link of Python into the store that models share is followed', async () => {
  await locate()
  const hash = sha256(model['model.safetensors'] ?? new Uint8Array())
  await rename(folder('blobs', hash), join(cache_dir, 'shared'))
  await symlink(join('..', '..', 'shared'), folder('blobs', hash))
  expect((await locate()).hub?.fetched.size).toBe(0)
})
