/** Files on static servers that have ranges, ignore them, hide them, compress, cut, change: the right bytes, or one error. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { openCheckpoint, sourceFromUrl, writeSafetensors } from '../../dist/node.js'
import { readFile } from '../../dist/source/source.js'
import { Sha1, Sha256 } from '../../dist/source/sha.js'
import { isSlow } from '../helpers/slow.ts'

const PIECE = 2 ** 23
/** Three pieces, the last one short. */
const large = Uint8Array.from({ length: 2 * PIECE + 12_345 }, (_, i) => (i * i) >> 9)
const small = large.subarray(0, 5000)
let server: Server
let base: string
let asked: { url: string; range: string | undefined; headers: Record<string, unknown> }[] = []
let answer: RequestListener
let bytes = large

const range = (header: string | undefined): [number, number] => {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(header ?? '') ?? []
  return [Number(from), Math.min(bytes.length, Number(to) + 1)]
}
const ranged =
  (headers: Record<string, string> = { etag: '"one"' }): RequestListener =>
  (request, response) => {
    const [from, to] = range(request.headers.range)
    if (request.headers.range === undefined) response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    else if (from >= bytes.length) response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    else {
      const part = { 'content-range': `bytes ${from}-${to - 1}/${bytes.length}`, 'content-length': to - from }
      response.writeHead(206, { ...part, ...headers }).end(bytes.subarray(from, to))
    }
  }
const after =
  (first: number, later: RequestListener): RequestListener =>
  (request, response) => {
    ;(asked.length > first ? later : ranged())(request, response)
  }

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', range: request.headers.range, headers: request.headers })
    answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/mine`
})
beforeEach(() => {
  asked = []
  answer = ranged()
  bytes = large
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const digestOf = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
const digestAt = async (options: object = {}) => digestOf(await readFile(sourceFromUrl(base, options), 'a.bin'))

describe('with ranges', () => {
  test('only what is read is fetched', async () => {
    const file = await sourceFromUrl(base).open('a.bin')
    expect(file.size).toBe(large.length)
    expect(await file.read(2 * PIECE, 10)).toEqual(large.subarray(2 * PIECE, 2 * PIECE + 10))
    expect(asked.map(each => each.range)).toEqual(['bytes=0-1048575', `bytes=${2 * PIECE}-${large.length - 1}`])
  })

  test.each([[0, 0], [0, 1], [PIECE - 1, 2], [100, 2 * PIECE], [large.length - 5, 5], [0, large.length], [large.length, 0]])(
    'bytes from %i, %i of them', async (offset, length) => {
      const file = await sourceFromUrl(base).open('a.bin')
      expect(digestOf(await file.read(offset, length))).toBe(digestOf(large.subarray(offset, offset + length)))
    },
  ) // prettier-ignore

  test.each([
    [-1, 1],
    [0, large.length + 1],
    [0.5, 1],
    [NaN, 1],
  ])('%d, %d is refused', async (offset, length) => {
    const file = await sourceFromUrl(base).open('a.bin')
    await expect(file.read(offset, length)).rejects.toMatchObject({ code: 'SOURCE_INVALID' })
  })

  test('of a checkpoint, the header and the tensor that is read', async () => {
    const zeros = (length: number) => ({ dtype: 'F32' as const, shape: [length], data: new Float32Array(length) })
    bytes = writeSafetensors([['a', zeros(5e6)], ['b', { ...zeros(3), data: Float32Array.of(1, 2, 3) }]]) // prettier-ignore
    const file = await openCheckpoint(sourceFromUrl(base))
    expect((await file.read('b')).data).toEqual(Float32Array.of(1, 2, 3))
    expect(asked).toHaveLength(2)
    await file.close()
  })

  test('a small file is one request, and an empty one has no bytes', async () => {
    bytes = small
    expect(await digestAt()).toBe(digestOf(small))
    expect(asked).toHaveLength(1)
    bytes = small.subarray(0, 0)
    expect(await digestAt()).toBe(digestOf(bytes))
  })

  test('a piece that breaks off is asked for again', async () => {
    let isCut = false
    answer = (request, response) => {
      if (isCut || asked.length < 2) {
        ranged()(request, response)
        return
      }
      isCut = true
      response.writeHead(206, { 'content-range': `bytes 0-${PIECE - 1}/${large.length}`, 'content-length': PIECE })
      response.write(small, () => response.destroy())
    }
    expect(await digestAt()).toBe(digestOf(large))
  })
})

const html: RequestListener = (_, response) => void response.setHeader('content-type', 'text/html').end('<p>')
/** Right at first, and then not. */
test.each<[string, RequestListener, string]>([
  ['another file under the name', after(1, ranged({ etag: '"two"' })), 'SOURCE_FILE_CHANGED'],
  ['ranges that are no longer given', after(1, (_, r) => void r.end(bytes)), 'SOURCE_FILE_CHANGED'],
  ['parts that are too short', after(1, (q, r) => { const [from] = range(q.headers.range); r.writeHead(206, { etag: '"one"', 'content-range': `bytes ${from}-${from}/${bytes.length}` }).end('x') }), 'SOURCE_FILE_TRUNCATED'],
  ['another part than was asked for', after(1, (_, r) => void r.writeHead(206, { etag: '"one"', 'content-range': `bytes 1-1/${bytes.length}` }).end('x')), 'SOURCE_FILE_CHANGED'],
  ['a file that is gone', after(1, (_, r) => void r.writeHead(404).end()), 'SOURCE_FILE_MISSING'],
  ['a page in its place', html, 'SOURCE_FILE_MISSING'],
  ['403', (_, r) => void r.writeHead(403).end(), 'SOURCE_FILE_UNREADABLE'],
  ['503', (_, r) => void r.writeHead(503).end(), 'SOURCE_FILE_UNREADABLE'],
])('%s: one error', async (_, listener, code) => {
  answer = listener
  await expect(digestAt()).rejects.toMatchObject({ code, nextStep: expect.stringMatching(/./) })
}, 20_000) // prettier-ignore

describe('without ranges', () => {
  test.each<[string, RequestListener]>([
    ['they are ignored', (_, response) => void response.setHeader('content-length', large.length).end(large)],
    ['and no length is given', (_, response) => void response.end(large)],
    ['and it is compressed', (_, r) => void r.setHeader('content-encoding', 'gzip').end(gzipSync(large, { level: 1 }))],
    ['their place is not said', (q, r) => (q.headers.range ? r.writeHead(206).end('x') : r.end(large))],
    ['their total is not said', (q, r) => (q.headers.range ? r.writeHead(206, { 'content-range': 'bytes 0-0/*' }).end('x') : r.end(large))],
    ['a part of what was compressed', (q, r) => (q.headers.range ? r.writeHead(206, { 'content-encoding': 'gzip', 'content-range': `bytes 0-9/${large.length}` }).end(gzipSync('0123456789')) : r.end(large))],
  ])('%s: the whole file', async (_, listener) => {
    answer = listener
    expect(await digestAt()).toBe(digestOf(large))
  }) // prettier-ignore
})

test('a first part out of a cache, then no ranges: the whole file, once', async () => {
  answer = (request, response) => {
    if (asked.length === 1) ranged({})(request, response)
    else response.setHeader('content-length', large.length).end(large)
  }
  const file = await sourceFromUrl(base).open('a.bin')
  for (const [offset, length] of [[2 * PIECE, 100], [0, large.length], [PIECE, 5]] as const)
    expect(digestOf(await file.read(offset, length))).toBe(digestOf(large.subarray(offset, offset + length))) // prettier-ignore
  expect(asked).toHaveLength(2)
  await file.close?.()
})

describe('sha256', () => {
  test('the file is fetched whole, and used if it has it', async () => {
    expect(await digestAt({ sha256: { 'a.bin': digestOf(large).toUpperCase() } })).toBe(digestOf(large))
    expect(asked.map(each => each.range)).toEqual([undefined])
  })

  test('another one: nothing is used', async () => {
    const source = sourceFromUrl(base, { sha256: { 'a.bin': digestOf(small) } })
    await expect(source.open('a.bin')).rejects.toMatchObject({ code: 'SOURCE_FILE_HASH', found: digestOf(large) })
  })

  test('of a file: address it is checked too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bert-ner-url-'))
    await writeFile(join(folder, 'a.bin'), small)
    const open = (digest: string) => sourceFromUrl(pathToFileURL(folder), { sha256: { 'a.bin': digest } }).open('a.bin')
    expect(await (await open(digestOf(small))).read(7, 3)).toEqual(small.slice(7, 10))
    await expect(open(digestOf(large))).rejects.toMatchObject({ code: 'SOURCE_FILE_HASH', found: digestOf(small) })
    await rm(folder, { recursive: true })
  })

  test.each([{ sha256: { a: 'x' } }, { sha256: 5 }, { headers: { 'a b': 'c' } }, { headers: { a: 'b\nc' } }, { other: 1 }])(
    '%j is refused, and no header is shown', options => {
      expect(() => sourceFromUrl(base, options as object)).toThrow(expect.objectContaining({ code: 'OPTION_VALUE' }))
    },
  ) // prettier-ignore
})

test.each(['https://user:secret@a.example/m/', 'http://:secret@127.0.0.1/', 'https://secret@a.example/m'])(
  'the same address without the password is taken: %s',
  address => {
    expect(() => sourceFromUrl(address.replace(/[^/]*@(.*)/, '$1/a@b'))).not.toThrow()
  },
)

test.each([
  ['https://user:secret@a.example/m/', '"…a.example/m/"'],
  ['http://:secret@127.0.0.1/', '"…127.0.0.1/"'],
  ['https://secret@a.example/m', '"…a.example/m"'],
  ['http://user:secret@[::1/', '"…[::1/"'],
  ['s3://key:secret@bucket/m', '"…bucket/m"'],
  ['s3://bucket/m?signature=secret', '"s3://bucket/m…"'],
  ['gs://key:secret@bucket/m?signature=secret', '"…bucket/m…"'],
])('an address with a password, or none at all, is refused, and shown without its secret: %s', (address, found) => {
  expect(() => sourceFromUrl(address)).toThrow(
    expect.objectContaining({ code: 'OPTION_VALUE', subject: 'base', found }),
  )
})

test('a megabyte that is no address is refused like a short one, and hangs nobody', () => {
  const refused = expect.objectContaining({ code: 'OPTION_VALUE', subject: 'base' })
  expect(() => sourceFromUrl(':'.repeat(2 ** 20))).toThrow(refused)
})

test('nor is a URL that has one, or an address on the host of a page', () => {
  const refused = (found: string) => expect.objectContaining({ code: 'OPTION_VALUE', subject: 'base', found })
  expect(() => sourceFromUrl(new URL('https://user:secret@a.example/m/'))).toThrow(refused('a URL'))
  Object.assign(globalThis, { location: { href: 'https://b.example/page' } })
  try {
    expect(() => sourceFromUrl('//secret@a.example/m')).toThrow(refused('"…a.example/m"'))
    expect(() => sourceFromUrl('/m/@scope/n')).not.toThrow()
  } finally {
    Reflect.deleteProperty(globalThis, 'location')
  }
})

test('headers go with each request; the query of the address stays, and is in no message', async () => {
  const source = sourceFromUrl(`${base}?signature=secret`, { headers: { authorization: 'Bearer x' } })
  const file = await source.open('a.bin')
  await file.read(PIECE, 1)
  expect(asked.map(({ url }) => url)).toEqual(Array(2).fill('/models/mine/a.bin?signature=secret'))
  expect(asked.every(({ headers }) => headers.authorization === 'Bearer x')).toBe(true)
  answer = (_, response) => void response.writeHead(404).end()
  const error = await source.open('b.bin').catch((reason: unknown) => reason as Error)
  expect((error as Error).message).not.toContain('secret')
  for (const name of ['../x', 'a//b', '', '\ud800']) {
    await expect(source.open(name)).rejects.toMatchObject({ code: 'SOURCE_FILE_MISSING' })
  }
  expect(asked).toHaveLength(3)
})

test.each([
  ['sha256', Sha256],
  ['sha1', Sha1],
] as const)('%s is that of node:crypto, in pieces of any size', (name, Hash) => {
  const lengths = [...Array(200).keys(), ...Array.from({ length: 60 }, (_, i) => 1000 + i * 777)]
  for (const length of lengths) {
    const data = large.subarray(length, 2 * length)
    const [ours, theirs] = [new Hash(), createHash(name).update(data)]
    for (let at = 0, step = 1; at < length; at += step, step = ((step * 7) % 311) + 1) {
      ours.update(data.subarray(at, at + step))
    }
    expect([length, ours.hex()]).toEqual([length, theirs.digest('hex')])
  }
})

const ifSlow = isSlow ? test : test.skip
ifSlow(
  'sha256 of more than 512 MB, whose length in bits needs more than 32',
  () => {
    const [ours, theirs] = [new Sha256(), createHash('sha256')]
    const block = large.subarray(0, 2 * PIECE)
    for (let i = 0; i < 40; i++) {
      ours.update(block)
      theirs.update(block)
    }
    expect(ours.hex()).toBe(theirs.digest('hex'))
  },
  60_000,
)
