import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readFile, sourceFromBytes } from '../../dist/models/source.js'
import { sourceFromFolder } from '../../dist/node.js'

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

test('a folder is not a file', async () => {
  await mkdir(join(folder, 'config.json'))
  await expect(sourceFromFolder(folder).open('config.json')).rejects.toMatchObject({
    code: 'SOURCE_FILE_MISSING',
    found: 'a folder',
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
