import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readFile, sourceFromBytes } from '../../dist/source/source.js'
import { pipeline, sourceFromFolder, type ModelSource } from '../../dist/node.js'
import { tinyModel } from '../helpers/tiny-model.ts'

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bert-ner-'))
  await writeFile(join(folder, 'a.bin'), bytes)
})
afterAll(() => rm(folder, { recursive: true }))

describe.each([
  ['bytes', () => sourceFromBytes({ 'a.bin': bytes })],
  ['folder', () => sourceFromFolder(folder)],
])('source from %s', (_, make) => {
  test('reads any span, and the whole', async () => {
    const file = await make().open('a.bin')
    expect(file.size).toBe(100)
    expect([...(await file.read(7, 3))]).toEqual([7, 8, 9])
    expect(await file.read(100, 0)).toHaveLength(0)
    await file.close?.()
    expect([...(await readFile(make(), 'a.bin'))]).toEqual([...bytes])
  })

  test('says which file is missing', async () => {
    await expect(make().open('b.bin')).rejects.toMatchObject({
      code: 'SOURCE_FILE_MISSING',
      message: expect.stringContaining('b.bin'),
    })
  })
})

test('a prototype name is not a file', async () => {
  await expect(sourceFromBytes({}).open('__proto__')).rejects.toMatchObject({ code: 'SOURCE_FILE_MISSING' })
  await expect(sourceFromBytes({}).open('constructor')).rejects.toMatchObject({ code: 'SOURCE_FILE_MISSING' })
})

test('a file shorter than asked for is an error, not zeros', async () => {
  const file = await sourceFromFolder(folder).open('a.bin')
  await expect(file.read(90, 20)).rejects.toMatchObject({ code: 'SOURCE_FILE_TRUNCATED' })
  await file.close?.()
})

describe('what is there and is no file to read is not taken for missing', () => {
  const isWindows = process.platform === 'win32'
  test.each<[string, string, (path: string) => unknown, boolean]>([
    ['a folder', 'folder.json', path => mkdir(path), true],
    ['a pipe, which nobody writes into', 'pipe.json', path => execFileSync('mkfifo', [path]), !isWindows],
    ['a link to itself', 'loop.json', path => symlink(path, path), !isWindows],
  ])('%s', async (_, name, make, isPossible) => {
    if (!isPossible) return
    await make(join(folder, name))
    await expect(sourceFromFolder(folder).open(name)).rejects.toMatchObject({ code: 'SOURCE_FILE_UNREADABLE' })
  })

  test('a name with a file for a folder is missing', async () => {
    await expect(sourceFromFolder(folder).open('a.bin/b')).rejects.toMatchObject({ code: 'SOURCE_FILE_MISSING' })
  })
})

describe('sources that a user wrote, or a file that is not what it is called', () => {
  const opening = (file: unknown) => readFile({ open: () => file as never }, 'config.json', 1000)
  const read = () => Promise.resolve(Uint8Array.of(1))

  test.each([Infinity, NaN, -1, 1.5, 2 ** 60, '5', undefined])('a size of %p', async size => {
    await expect(opening({ size, read })).rejects.toMatchObject({ code: 'SOURCE_INVALID' })
  })

  test.each([undefined, null, 5, 'x', {}, { size: 3 }, { size: 3, read: 5 }])('open() that gives %p', async file => {
    await expect(opening(file)).rejects.toMatchObject({ code: 'SOURCE_INVALID' })
  })

  test.each([undefined, null, 'text', [1], new ArrayBuffer(2)])('read() that gives %p', async bytes => {
    let closed = 0
    const file = { size: 2, read: () => Promise.resolve(bytes as never), close: () => (closed++, Promise.resolve()) }
    await expect(opening(file)).rejects.toMatchObject({ code: 'SOURCE_INVALID' })
    expect(closed).toBe(1)
  })

  test.each([
    ['config.json', 1e12],
    ['tokenizer_config.json', 1e12],
    ['tokenizer.json', 1e12],
    ['special_tokens_map.json', 1e12],
    ['added_tokens.json', 1e12],
    ['vocab.txt', 1e12],
    ['model.safetensors.index.json', 1e12],
  ])('%s of a terabyte is never read', async (name, size) => {
    const files = tinyModel()
    const source = sourceFromBytes(files)
    const large: ModelSource = {
      open: asked =>
        asked === name
          ? Promise.resolve({ size, read: () => Promise.reject(new Error('read')) })
          : asked === 'model.safetensors' && name.startsWith(asked)
            ? sourceFromBytes({}).open(asked)
            : source.open(asked),
    }
    await expect(pipeline('ner', large)).rejects.toMatchObject({ code: 'SOURCE_FILE_TOO_LARGE', subject: name })
  })

  test('the list of files that are there is short', async () => {
    const files = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`file${i}`, bytes]))
    const error = (await sourceFromBytes(files)
      .open('x')
      .catch((error: unknown) => error)) as Error
    expect(error.message).toContain('and 9990 more')
    expect(error.message.length).toBeLessThan(500)
  })
})
