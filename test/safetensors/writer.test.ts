/** What is written is what the reference implementation writes, and reads back as it was. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readSafetensors, writeSafetensors, type TensorDType, type SafeTensor } from '../../dist/index.js'
import { codeOf, fileOf, fixture, fromBase64 } from './fixture.ts'

const BITS: Readonly<Record<TensorDType, number>> = {
  ...{ BOOL: 8, F4: 4, F6_E2M3: 6, F6_E3M2: 6, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8 },
  ...{ F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32 },
  ...{ C64: 64, F64: 64, I64: 64, U64: 64 },
}

/** A tensor with these bytes, by way of a file, since that is how elements of every type can be had from bytes. */
function tensorOf(dtype: string, shape: number[], data: Uint8Array<ArrayBuffer>): SafeTensor {
  const header = JSON.stringify({ a: { dtype, shape, data_offsets: [0, data.length] } })
  const tensor = readSafetensors(fileOf(header, data)).tensors.get('a')
  if (tensor === undefined) throw new Error('no tensor')
  return tensor
}

describe('byte for byte as the reference', () => {
  test.each(fixture.written.map((each, i) => ({ ...each, i })))('file $i', ({ tensors, metadata, file }) => {
    const map = new Map(
      tensors.map(([name, dtype, shape, data]) => [name, tensorOf(dtype, shape, fromBase64(data))] as const),
    )
    const bytes = writeSafetensors(map, Object.entries(metadata ?? {}))
    expect(Buffer.from(bytes).toString('base64')).toBe(file)
    expect([...readSafetensors(bytes).metadata]).toEqual(Object.entries(metadata ?? {}))
  })
})

const name = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', 'constructor', ''),
  )
  .filter(text => text !== '__metadata__')
const tensor = fc
  .tuple(
    fc.constantFrom(...(Object.keys(BITS) as TensorDType[])),
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
  )
  .map(([dtype, shape]) => ({ dtype, shape: [...shape, 4] })) // of 4 elements, 6-bit types fill whole bytes
  .chain(({ dtype, shape }) => {
    const length = (shape.reduce((a, b) => a * b, 1) * BITS[dtype]) / 8
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map(bytes => tensorOf(dtype, shape, new Uint8Array(bytes)))
  })

test('write, then read', () => {
  const entries = fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 8 })
  fc.assert(
    fc.property(entries, fc.dictionary(name, fc.string({ unit: 'binary' })), (tensors, metadata) => {
      const bytes = writeSafetensors(tensors, Object.entries(metadata))
      const back = readSafetensors(bytes)
      expect(back.metadata).toEqual(new Map(Object.entries(metadata)))
      expect(back.tensors).toEqual(new Map(tensors))
      for (const { data } of back.tensors.values()) expect(data.buffer).toBe(bytes.buffer)
      // What was read can be written as it is, and order does not matter.
      expect(writeSafetensors([...back.tensors].reverse(), back.metadata)).toEqual(bytes)
    }),
    { numRuns: 300 },
  )
})

describe('refused', () => {
  const f32 = { dtype: 'F32', shape: [1], data: new Float32Array(1) } as const
  const write = (key: unknown, value: unknown, metadata: unknown[] = []) =>
    codeOf(() => writeSafetensors([[key, value]] as never, metadata as never))

  test('names', async () => {
    expect(await write('__metadata__', f32)).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('\ud800', f32)).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write(1, f32)).toBe('SAFETENSORS_WRITE_INVALID')
    const twice = [
      ['a', f32],
      ['a', f32],
    ] as const
    expect(await codeOf(() => writeSafetensors(twice))).toBe('SAFETENSORS_DUPLICATE_KEY')
    expect(await codeOf(() => writeSafetensors({ a: f32 } as never))).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await codeOf(() => writeSafetensors(undefined as never))).toBe('SAFETENSORS_WRITE_INVALID')
    for (const none of [null, 1, 'ab', { 0: 'a', 1: f32 }]) {
      expect(await codeOf(() => writeSafetensors([none] as never))).toBe('SAFETENSORS_WRITE_INVALID')
    }
  })

  test('types, shapes and arrays', async () => {
    expect(await write('a', { ...f32, dtype: 'F31' })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, dtype: 'constructor' })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, dtype: undefined })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, shape: [1n] })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, shape: new Array(1) })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, shape: [-1] })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, shape: [0.5] })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, shape: ['1'] })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, shape: undefined })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, data: new Float64Array(1) })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, data: [1] })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, data: undefined })).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', undefined)).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', { ...f32, shape: [2] })).toBe('SAFETENSORS_SIZE_MISMATCH')
    expect(await write('a', { ...f32, shape: [2 ** 50, 2 ** 50] })).toBe('SAFETENSORS_SIZE_OVERFLOW')
    const f4 = { dtype: 'F4', shape: [3], data: new Uint8Array(2) }
    expect(await write('a', f4)).toBe('SAFETENSORS_SIZE_NOT_WHOLE_BYTES')
  })

  test('metadata', async () => {
    expect(await write('a', f32, [['k', 1]])).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', f32, [null])).toBe('SAFETENSORS_WRITE_INVALID')
    expect(await write('a', f32, [['k', '\udfff']])).toBe('SAFETENSORS_WRITE_INVALID')
    const twice = [
      ['k', 'a'],
      ['k', 'b'],
    ]
    expect(await write('a', f32, twice)).toBe('SAFETENSORS_DUPLICATE_KEY')
  })
})
