/** Any bytes give a model or an error with a code, and what opens is what the reference implementation reads. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openSafetensors, readSafetensors, type SafeTensor } from '../../dist/index.js'
import { CODES, STRICTER } from './codes.ts'
import { codeOf, fileOf, fixture, fromBase64, type ReferenceTensor } from './fixture.ts'

const codeOfCase = new Map(Object.entries(CODES).flatMap(([code, names]) => names.map(name => [name, code] as const)))

/** A source that keeps account of what is read. */
function sourceOf(bytes: Uint8Array) {
  const reads: [number, number][] = []
  return {
    reads,
    size: bytes.length,
    read(offset: number, length: number) {
      reads.push([offset, length])
      return Promise.resolve(bytes.slice(offset, offset + length))
    },
  }
}

function asReference({ dtype, shape, data }: SafeTensor): ReferenceTensor {
  return [dtype, [...shape], Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')]
}

describe('every case of the corpus', () => {
  test('is named once, and is in the fixture', () => {
    const names = new Set(fixture.cases.map(({ name }) => name))
    expect([...codeOfCase.keys(), ...STRICTER].filter(name => !names.has(name))).toEqual([])
    expect(codeOfCase.size).toBe(Object.values(CODES).flat().length)
  })

  test.each(fixture.cases)('$name', async ({ name, file, tensors }) => {
    const bytes = fromBase64(file)
    const expected = codeOfCase.get(name) ?? 'opened'
    expect(await codeOf(() => readSafetensors(bytes))).toBe(expected)
    expect(await codeOf(() => openSafetensors(sourceOf(bytes)))).toBe(expected)
    if (expected !== 'opened') {
      // The reference refuses it too, unless we are stricter on purpose.
      expect(tensors !== null).toBe(STRICTER.includes(name))
      return
    }
    const read = readSafetensors(bytes).tensors
    expect(tensors).not.toBeNull()
    expect(new Map(Array.from(read, ([key, tensor]) => [key, asReference(tensor)]))).toEqual(
      new Map(Object.entries(tensors ?? {})),
    )
    const open = await openSafetensors(sourceOf(bytes))
    for (const [key, tensor] of read) expect(await open.read(key)).toEqual(tensor)
  })
})

describe('a valid file, damaged', () => {
  const file = fromBase64(fixture.flips.file)

  test('every value of every byte: opens only where the reference opens it, or ends in a code', async () => {
    const stricter = new Map<string, number>()
    for (let at = 0; at < file.length; at++) {
      const mask = Buffer.from(fixture.flips.masks[at] ?? '', 'hex')
      const changed = file.slice()
      for (let value = 0; value < 256; value++) {
        changed[at] = value
        const opens = (((mask[value >> 3] ?? 0) >> (value & 7)) & 1) === 1
        const code = await codeOf(() => readSafetensors(changed))
        if (code === 'opened') expect([at, value, opens]).toEqual([at, value, true])
        else {
          expect(code).toMatch(/^SAFETENSORS_/)
          if (opens) stricter.set(code, (stricter.get(code) ?? 0) + 1)
        }
      }
    }
    expect(Object.fromEntries(stricter)).toEqual({})
  })

  test('every truncation ends in a code', async () => {
    for (let length = 0; length < file.length; length++) {
      expect(await codeOf(() => readSafetensors(file.subarray(0, length)))).toMatch(/^SAFETENSORS_/)
      expect(await codeOf(() => openSafetensors(sourceOf(file.subarray(0, length))))).toMatch(/^SAFETENSORS_/)
    }
  })

  test('any other bytes, and bytes that nearly are a header, end in a code or open', async () => {
    const token = fc.constantFrom(
      ...['{', '}', '[', ']', ':', ',', '"a"', '"b"', '"__metadata__"', '"dtype"', '"shape"', '"data_offsets"'],
      ...['"F32"', '"U8"', '0', '1', '4', '-1', '1.5', '1e3', 'null', 'true', '"\\u0061"', '"\\ud800"', ' ', '\\', '"'],
    )
    const header = fc.array(token, { maxLength: 40 }).map(tokens => `{${tokens.join('')}}`)
    const nearly = fc.tuple(header, fc.uint8Array({ maxLength: 8 })).map(([text, data]) => fileOf(text, data))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 64 }), nearly), async bytes => {
        expect(await codeOf(() => readSafetensors(bytes))).toMatch(/^(opened|SAFETENSORS_[A-Z0-9_]+)$/)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('very many tensors', () => {
  /** Listed from the last to the first, so that they have to be put in order. */
  function headerOf(count: number): string {
    const line = (i: number) => `"t${i}":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`
    return Array.from({ length: count }, (_, i) => line(count - 1 - i)).join(',')
  }

  test('a million open', async () => {
    const data = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251)
    const { tensors, read } = await openSafetensors(sourceOf(fileOf(`{${headerOf(data.length)}}`, data)))
    expect(tensors.size).toBe(data.length)
    expect((await read('t123456')).data).toEqual(new Uint8Array([123456 % 251]))
  })

  test('a repetition among a hundred thousand is found', async () => {
    const again = '"t\\u0037":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    const file = fileOf(`{${headerOf(100_000)},${again}}`, new Uint8Array(100_000))
    expect(await codeOf(() => readSafetensors(file))).toBe('SAFETENSORS_DUPLICATE_KEY')
  })
})

describe('readSafetensors', () => {
  const one = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  '

  test('gives views where the bytes are aligned', () => {
    const file = fileOf(one, new Uint8Array(8))
    const data = readSafetensors(file).tensors.get('a')?.data
    expect(data?.buffer).toBe(file.buffer)
    expect(data?.byteOffset).toBe(file.length - 8)
  })

  test('gives a copy where they are not', () => {
    const file = fileOf(one, new Uint8Array(new Float32Array([1.5, -2]).buffer))
    const shifted = new Uint8Array(file.length + 1)
    shifted.set(file, 1)
    expect(readSafetensors(shifted.subarray(1)).tensors.get('a')?.data).toEqual(new Float32Array([1.5, -2]))
  })

  test('takes an ArrayBuffer, a Buffer, shared memory, and a view of another realm', async () => {
    const file = fileOf(one, new Uint8Array(8))
    const shared = new Uint8Array(new SharedArrayBuffer(file.length))
    shared.set(file)
    const { runInNewContext } = await import('node:vm')
    const foreign = runInNewContext('Uint8Array.from(bytes)', { bytes: Array.from(file) }) as Uint8Array
    for (const bytes of [file.buffer, Buffer.from(file), shared, shared.buffer as unknown as ArrayBuffer, foreign]) {
      expect([...readSafetensors(bytes).tensors.keys()]).toEqual(['a'])
    }
  })

  test.each([[undefined], [null], ['text'], [[1, 2, 3]], [{}], [8]])('refuses %p', async input => {
    expect(await codeOf(() => readSafetensors(input as never))).toBe('SAFETENSORS_INPUT_INVALID')
  })

  test('names the file, the tensor, what was expected and what was found', () => {
    const file = fileOf('{"a\\nb":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}', new Uint8Array(8))
    expect(() => readSafetensors(file, 'model.safetensors')).toThrow(
      'model.safetensors: tensor "a\\nb": expected 12 bytes for F32 [3], found 8 in data_offsets. ' +
        'The file is damaged or was not written by a safetensors writer: fetch it again.',
    )
  })

  test('gives the metadata as a map, so that no name is special', () => {
    const { metadata } = readSafetensors(fileOf('{"__metadata__":{"__proto__":"x","format":"pt"}}'))
    expect([...metadata]).toEqual([
      ['__proto__', 'x'],
      ['format', 'pt'],
    ])
  })
})

describe('openSafetensors', () => {
  const header =
    '{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[1],"data_offsets":[3,7]}}'
  const file = fileOf(header, new Uint8Array([1, 2, 3, 0, 0, 128, 63]))

  test('reads the header first, and of the tensors only those asked for', async () => {
    const source = sourceOf(file)
    const { tensors, read } = await openSafetensors(source)
    expect(source.reads).toEqual([
      [0, 8],
      [8, header.length],
    ])
    expect(tensors.get('b')).toEqual({ dtype: 'F32', shape: [1], start: 8 + header.length + 3, end: file.length })
    expect((await read('b')).data).toEqual(new Float32Array([1]))
    expect(source.reads[2]).toEqual([8 + header.length + 3, 4])
  })

  test('a missing tensor, a source that gives too little, a source that fails', async () => {
    const { read } = await openSafetensors(sourceOf(file))
    expect(await codeOf(() => read('c'))).toBe('SAFETENSORS_TENSOR_MISSING')
    expect(await codeOf(() => read('__proto__'))).toBe('SAFETENSORS_TENSOR_MISSING')
    const short = { size: file.length, read: (at: number, n: number) => Promise.resolve(file.slice(at, at + n - 1)) }
    expect(await codeOf(() => openSafetensors(short))).toBe('SAFETENSORS_DATA_TRUNCATED')
    const wrong = { size: file.length, read: () => Promise.resolve('text' as unknown as Uint8Array) }
    expect(await codeOf(() => openSafetensors(wrong))).toBe('SAFETENSORS_INPUT_INVALID')
    const failing = { size: file.length, read: () => Promise.reject(Object.assign(new Error('x'), { code: 'EIO' })) }
    expect(await codeOf(() => openSafetensors(failing))).toBe('EIO')
  })

  test('a tensor that no engine can hold is described, and refused when it is read', async () => {
    const bytes = 2 ** 49
    const start = fileOf(`{"a":{"dtype":"U8","shape":[${bytes}],"data_offsets":[0,${bytes}]}}`)
    const read = (at: number, n: number) =>
      Promise.resolve(at === start.length ? new Uint8Array(n) : start.slice(at, at + n))
    const open = await openSafetensors({ size: start.length + bytes, read })
    expect(open.tensors.get('a')?.shape).toEqual([bytes])
    expect(await codeOf(() => open.read('a'))).toBe('SAFETENSORS_TOO_LARGE')
  })

  test.each([[undefined], [null], ['model.safetensors'], [file], [{ size: 8 }]])('refuses %p', async input => {
    expect(await codeOf(() => openSafetensors(input as never))).toBe('SAFETENSORS_INPUT_INVALID')
  })

  test('close reaches the source', async () => {
    let closed = 0
    const source = {
      ...sourceOf(file),
      close: () => {
        closed += 1
        return Promise.resolve()
      },
    }
    await (await openSafetensors(source)).close()
    expect(closed).toBe(1)
  })
})
