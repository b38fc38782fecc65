/** One file, or shards under an index. */
import { describe, expect, test } from '@jest/globals'
import { openCheckpoint, writeSafetensors, type ModelSource } from '../../dist/index.js'
import { codeOf } from './fixture.ts'

const tensorOf = (value: number) => ({ dtype: 'F32', shape: [1], data: new Float32Array([value]) }) as const
const shardA = writeSafetensors([['a', tensorOf(1)]], [['format', 'pt']])
const shardB = writeSafetensors([
  ['b', tensorOf(2)],
  ['extra', tensorOf(3)],
])

/** A source over a record, which counts the files that are open. */
function sourceOf(
  files: Record<string, Uint8Array | string>,
): ModelSource & { open: ModelSource['open']; held: number } {
  const source = {
    held: 0,
    open(name: string) {
      const content = files[name]
      if (content === undefined) return Promise.reject(Object.assign(new Error(name), { code: 'SOURCE_FILE_MISSING' }))
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
      source.held += 1
      return Promise.resolve({
        size: bytes.length,
        read: (at: number, length: number) => Promise.resolve(bytes.slice(at, at + length)),
        close: () => {
          source.held -= 1
          return Promise.resolve()
        },
      })
    },
  }
  return source
}

const index = (weightMap: unknown) => JSON.stringify({ metadata: { total_size: 8 }, weight_map: weightMap })

describe('openCheckpoint', () => {
  test('one file', async () => {
    const source = sourceOf({ 'model.safetensors': shardA, 'model.safetensors.index.json': 'never read' })
    const open = await openCheckpoint(source)
    expect((await open.read('a')).data).toEqual(new Float32Array([1]))
    expect(open.metadata.get('format')).toBe('pt')
    await open.close()
    expect(source.held).toBe(0)
  })

  test('shards: what the index names is there, what it does not is not', async () => {
    const source = sourceOf({
      'model.safetensors.index.json': index({ b: 'two.safetensors', a: 'one.safetensors' }),
      'one.safetensors': shardA,
      'two.safetensors': shardB,
    })
    const open = await openCheckpoint(source)
    expect([...open.tensors.keys()]).toEqual(['b', 'a'])
    expect((await open.read('a')).data).toEqual(new Float32Array([1]))
    expect((await open.read('b')).data).toEqual(new Float32Array([2]))
    expect(await codeOf(() => open.read('extra'))).toBe('SAFETENSORS_TENSOR_MISSING')
    await open.close()
    expect(source.held).toBe(0)
  })

  test('neither: the single file is what is missing', async () => {
    await expect(openCheckpoint(sourceOf({}))).rejects.toMatchObject({
      code: 'SOURCE_FILE_MISSING',
      message: 'model.safetensors',
    })
  })

  test('what is no source', async () => {
    for (const none of [undefined, null, 'folder', {}]) {
      expect(await codeOf(() => openCheckpoint(none as never))).toBe('SOURCE_INVALID')
    }
  })

  test.each([
    ['a tensor that is not in its shard', index({ x: 'one.safetensors' }), 'SAFETENSORS_INDEX_INVALID'],
    ['a shard that is not there', index({ a: 'three.safetensors' }), 'SOURCE_FILE_MISSING'],
    ['a damaged shard', index({ a: 'bad.safetensors' }), 'SAFETENSORS_TOO_SHORT'],
    ['a path out of the folder', index({ a: '../one.safetensors' }), 'SAFETENSORS_INDEX_INVALID'],
    ['a path with backslashes', index({ a: '..\\one.safetensors' }), 'SAFETENSORS_INDEX_INVALID'],
    ['a file of another kind', index({ a: 'pytorch_model.bin' }), 'SAFETENSORS_INDEX_INVALID'],
    ['no weight_map', '{"metadata":{}}', 'SAFETENSORS_INDEX_INVALID'],
    ['weight_map twice', '{"weight_map":{},"weight_map":{}}', 'SAFETENSORS_INDEX_INVALID'],
    [
      'a tensor twice',
      '{"weight_map":{"a":"one.safetensors","\\u0061":"two.safetensors"}}',
      'SAFETENSORS_INDEX_INVALID',
    ],
    ['bad JSON', '{"weight_map":', 'SAFETENSORS_JSON_SYNTAX'],
    ['weight_map an array', '{"weight_map":[]}', 'SAFETENSORS_JSON_SYNTAX'],
    ['deep JSON', `{"metadata":${'['.repeat(100_000)}`, 'SAFETENSORS_JSON_TOO_DEEP'],
    ['not UTF-8', new Uint8Array([0x7b, 0xff]), 'SAFETENSORS_INDEX_INVALID'],
  ])('%s', async (_, text, code) => {
    const source = sourceOf({
      'model.safetensors.index.json': text,
      'one.safetensors': shardA,
      'two.safetensors': shardB,
      'bad.safetensors': 'x',
    })
    expect(await codeOf(() => openCheckpoint(source))).toBe(code)
    expect(source.held).toBe(0)
  })
})
