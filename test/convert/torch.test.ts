/** pytorch_model.bin: equal to torch.load(weights_only=True), or one error; nothing is run, and nothing grows. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { crc32 } from '../../dist/convert/crc32.js'
import { openAnyWeights } from '../../dist/convert/open.js'
import { openTorch } from '../../dist/convert/torch.js'
import type { OpenSafetensors } from '../../dist/safetensors/reader.js'
import { sourceFromBytes } from '../../dist/source/source.js'
import { zip } from '../helpers/torch-zip.js'

interface Case {
  readonly name: string
  /** base64, as all bytes here */
  readonly file: string
  readonly tensors?: Readonly<Record<string, { dtype: string; shape: number[]; data: string }>>
  readonly refused?: string
}

const path = fileURLToPath(new URL('../fixtures/torch.json.gz', import.meta.url))
const cases = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Case[]
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'))
const named = (name: string) => bytesOf(cases.find(entry => entry.name === name)!.file)

const open = async (bytes: Uint8Array): Promise<OpenSafetensors> =>
  openTorch(await sourceFromBytes({ 'pytorch_model.bin': bytes }).open('pytorch_model.bin'), 'pytorch_model.bin')
/** The code of the failure, or `none`; anything but a coded error fails. */
const failure = async (bytes: Uint8Array): Promise<string> => {
  try {
    const file = await open(bytes)
    for (const key of file.tensors.keys()) await file.read(key)
    return 'none'
  } catch (error) {
    const { code, nextStep } = error as { code?: string; nextStep?: string }
    if (code === undefined || !nextStep) throw error
    return code
  }
}
const base64 = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')

test.each(cases.filter(({ tensors }) => tensors).map(entry => [entry.name, entry] as const))(
  'as torch.load: %s',
  async (_, { file, tensors }) => {
    const opened = await open(bytesOf(file))
    const found: Record<string, unknown> = {}
    for (const key of opened.tensors.keys()) {
      const { dtype, shape, data } = await opened.read(key)
      found[key] = { dtype, shape, data: base64(data) }
    }
    expect(found).toEqual(tensors)
    // Part by part it is the same.
    for (const [key, info] of opened.tensors) {
      const length = info.end - info.start
      const cut = 8 * Math.floor(length / 16)
      const parts = [await opened.readBytes(key, 0, cut), await opened.readBytes(key, cut, length)]
      expect(base64(Buffer.concat(parts))).toBe(tensors![key]!.data)
    }
  },
)

test.each(cases.filter(({ refused }) => refused).map(entry => [entry.name, entry] as const))(
  'refused: %s',
  async (_, { file, refused }) => {
    expect(await failure(bytesOf(file))).toBe(refused)
  },
)

test('the error of a pickle with a command says that it was not run', async () => {
  await expect(open(named('a command'))).rejects.toMatchObject({
    code: 'CONVERT_PICKLE_CODE',
    message: expect.stringMatching(/"posix\.system", which Python would import and may call; it was not/),
  })
})

describe('hostile files', () => {
  const file = named('views of one storage')
  const at = (text: string, from = 0) => Buffer.from(file).indexOf(text, from, 'latin1')
  const end = Buffer.from(file).lastIndexOf('PK\x05\x06', undefined, 'latin1')
  const directory = new DataView(file.buffer).getUint32(end + 16, true)
  const changed = (change: (bytes: Uint8Array, view: DataView) => void) => {
    const copy = file.slice()
    change(copy, new DataView(copy.buffer))
    return copy
  }

  test('cut at every length', async () => {
    for (let length = 0; length < file.length; length += length < 100 ? 1 : 7) {
      expect(await failure(file.subarray(0, length))).toMatch(/^CONVERT_(ZIP|UNSUPPORTED)$/)
    }
  })

  test('a bit changed: a coded error, or no tensor is another', async () => {
    const tensors = cases.find(({ name }) => name === 'views of one storage')!.tensors!
    for (let i = 0; i < file.length; i += 3) {
      const copy = changed(bytes => (bytes[i]! ^= 1 << (i % 8)))
      if ((await failure(copy)) !== 'none') continue
      const opened = await open(copy)
      expect([...opened.tensors.keys()]).toEqual(Object.keys(tensors))
      for (const key of opened.tensors.keys()) expect(base64((await opened.read(key)).data)).toBe(tensors[key]!.data)
    }
  })

  test('two entries on the same bytes', async () => {
    // The second entry of the directory is put where the first one lies, and named like it there.
    const second = at('PK\x01\x02', directory + 4)
    const overlapping = changed((_, view) => view.setUint32(second + 42, 0, true))
    expect(await failure(overlapping)).toBe('CONVERT_ZIP')
  })

  test.each<[string, number, number]>([
    ['more entries than there are', 10, 0xfff],
    ['another start', 16, 1],
    ['another size', 12, 1],
    ['several disks', 4, 3],
  ])('an end record that says %s', async (_, field, value) => {
    expect(await failure(changed((_, view) => view.setUint16(end + field, value, true)))).toBe('CONVERT_ZIP')
  })

  test.each<[string, number, number]>([
    ['encrypted', 8, 1],
    ['compressed', 10, 8],
    ['of another size', 24, 77],
    ['behind the directory', 42, 0x7fffffff],
    ['with a comment of 64 kB', 32, 0xffff],
    ['on another disk', 34, 2],
  ])('an entry that is %s', async (_, field, value) => {
    const write = (_: Uint8Array, view: DataView) =>
      field >= 24 && field !== 32 && field !== 34
        ? view.setUint32(directory + field, value, true)
        : view.setUint16(directory + field, value, true)
    expect(await failure(changed(write))).toBe('CONVERT_ZIP')
  })

  test('data that its checksum does not fit', async () => {
    const data = at('data/0') + 200
    expect(await failure(changed(bytes => (bytes[data]! ^= 1)))).toBe('CONVERT_ZIP')
  })
})

describe('hostile pickles', () => {
  const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`
  const tuple = (...items: string[]) => `(${items.join('')}t`
  const storage = (type = 'FloatStorage', key = '0', length = 'K\x04') =>
    `${tuple(text('storage'), `ctorch\n${type}\n`, text(key), text('cpu'), length)}Q`
  const dict = 'ccollections\nOrderedDict\n)R'
  const tensor = (offset = 'K\0', shape = 'K\x04\x85', strides = 'K\x01\x85', place = storage()) =>
    `ctorch._utils\n_rebuild_tensor_v2\n(${place}${offset}${shape}${strides}\x89${dict}tR`
  const model = (value: string, data: Uint8Array | string = new Uint8Array(16)) =>
    zip({ 'data.pkl': `\x80\x02}(${text('w')}${value}u.`, 'data/0': typeof data === 'string' ? data : Buffer.from(data).toString('latin1') }) // prettier-ignore

  test('one that is well made, so that the others fail for their own reason', async () => {
    expect(await failure(model(tensor()))).toBe('none')
  })

  test.each<[string, string, string]>([
    ['a negative offset', tensor('J\xff\xff\xff\xff'), 'CONVERT_PICKLE'],
    ['an offset behind the end', tensor('K\x01'), 'CONVERT_TENSOR'],
    ['an empty tensor behind the end', tensor('K\x05', 'K\0\x85'), 'CONVERT_TENSOR'],
    ['a negative size', tensor('K\0', 'J\xff\xff\xff\xff\x85'), 'CONVERT_PICKLE'],
    ['a size that is no number', tensor('K\0', `${text('4')}\x85`), 'CONVERT_PICKLE'],
    ['a size of 2^60', tensor('K\0', '\x8a\x08\0\0\0\0\0\0\0\x10\x85'), 'CONVERT_PICKLE'],
    ['sizes whose product is 2^64', tensor('K\0', 'J\0\0\0\x40J\0\0\0\x40J\x10\0\0\0\x87', 'K\0K\0K\0\x87'), 'SAFETENSORS_SIZE_OVERFLOW'], // prettier-ignore
    ['strides of 0', tensor('K\0', 'M\0\x40\x85', 'K\0\x85'), 'CONVERT_TENSOR'],
    ['a stride that leads out', tensor('K\0', 'K\x02\x85', 'K\x04\x85'), 'CONVERT_TENSOR'],
    ['as many strides as sizes, plus one', tensor('K\0', 'K\x04\x85', 'K\x01K\x01\x86'), 'CONVERT_PICKLE'],
    ['a storage of another length', tensor('K\0', 'K\x04\x85', 'K\x01\x85', storage('FloatStorage', '0', 'K\x05')), 'CONVERT_TENSOR'], // prettier-ignore
    ['a storage of another type', tensor('K\0', 'K\x04\x85', 'K\x01\x85', storage('DoubleStorage')), 'CONVERT_TENSOR'],
    ['a storage that is not there', tensor('K\0', 'K\x04\x85', 'K\x01\x85', storage('FloatStorage', '../0')), 'CONVERT_TENSOR'], // prettier-ignore
    ['a storage of an unknown kind', storage('QInt8Storage'), 'CONVERT_PICKLE_CODE'],
    ['a storage in the place of a tensor', storage(), 'CONVERT_PICKLE'],
    ['a call of a storage', 'ctorch\nFloatStorage\n)R', 'CONVERT_PICKLE'],
    ['a dict made with arguments', 'ccollections\nOrderedDict\nK\x01\x85R', 'CONVERT_PICKLE'],
    ['eval', 'cbuiltins\neval\nX\x01\0\0\x001\x85R', 'CONVERT_PICKLE_CODE'],
    ['an attribute of an allowed module', 'ctorch._utils\n_rebuild_tensor\n', 'CONVERT_PICKLE_CODE'],
    ['a name with a dot', 'ccollections\nOrderedDict.fromkeys\n', 'CONVERT_PICKLE_CODE'],
    ['a name without an end', `c${'x'.repeat(5000)}`, 'CONVERT_PICKLE'],
    ['NEWOBJ', 'ccollections\nOrderedDict\n)\x81', 'CONVERT_PICKLE'],
    ['INST', '(iposix\nsystem\n', 'CONVERT_PICKLE'],
    ['an extension', '\x82\x01', 'CONVERT_PICKLE'],
    ['attributes of a tensor', `${tensor()}}b`, 'CONVERT_PICKLE'],
    ['nothing to pop', 'R', 'CONVERT_PICKLE'],
    ['no mark', 'tt', 'CONVERT_PICKLE'],
    ['a value that was never kept', 'h\x07', 'CONVERT_PICKLE'],
    ['a text longer than the file', 'X\xff\xff\xff\x7fabc', 'CONVERT_PICKLE'],
    ['a text that is no UTF-8', 'X\x02\0\0\0\xff\xfe', 'CONVERT_PICKLE'],
    ['no end', 'K\x01'.repeat(10), 'CONVERT_PICKLE'],
    ['nesting of 900,000', `)${'\x85'.repeat(900_000)}`, 'CONVERT_PICKLE'],
    ['900,000 marks', '('.repeat(900_000), 'CONVERT_PICKLE'],
    ['more operations than any model needs', 'N'.repeat(2_000_000), 'CONVERT_PICKLE'],
    ['more bytes than any model needs', 'N'.repeat(17_000_000), 'CONVERT_ZIP'],
    ['a list that contains itself', ']q\0h\0a', 'CONVERT_PICKLE'],
    ['the same name twice', `${tensor()}${text('w')}${tensor()}`, 'CONVERT_PICKLE'],
    ['another protocol', `\x80\x05${tensor()}`, 'CONVERT_PICKLE'],
  ])('%s', async (_, value, code) => {
    expect(await failure(model(value))).toBe(code)
  })

  test('a name that would change an object elsewhere is a name', async () => {
    const file = zip({ 'data.pkl': `\x80\x02}(${text('__proto__')}${tensor()}u.`, 'data/0': '\0'.repeat(16) })
    expect([...(await open(file)).tensors.keys()]).toEqual(['__proto__'])
  })

  test('a byte order that is none, and two pickles', async () => {
    const pickle = `\x80\x02}(${text('w')}${tensor()}u.`
    expect(await failure(zip({ 'data.pkl': pickle, 'data/0': '\0'.repeat(16), byteorder: 'middle' }))).toBe('CONVERT_ZIP') // prettier-ignore
    expect(await failure(zip({ 'x.pkl': pickle }))).toBe('CONVERT_ZIP')
  })
})

test('what is no such file at all is named', async () => {
  const text = (content: string) => Uint8Array.from(Buffer.from(content, 'latin1'))
  const said = async (bytes: Uint8Array) => ((await open(bytes).catch((error: unknown) => error)) as Error).message
  expect(await said(text('version https://git-lfs.github.com/spec/v1\n'))).toMatch(/a pointer of Git LFS/)
  expect(await said(text('<!DOCTYPE html>'))).toMatch(/begins with "<!DOCTYP"/)
  expect(await said(text(''))).toMatch(/an empty file/)
  expect(await said(text(`${'\0'.repeat(257)}ustar\x0000`))).toMatch(/a tar file/)
  expect(await said(named('the form before 1.6'))).toMatch(/before 1\.6/)
  // As torch.save begins it with pickle_protocol=4, in a frame of 13 bytes.
  const framed = text('\x80\x04\x95\r\0\0\0\0\0\0\0\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.')
  expect(await said(framed)).toMatch(/before 1\.6/)
  await expect(open(framed)).rejects.toMatchObject({ code: 'CONVERT_UNSUPPORTED' })
})

test('shards by their index; safetensors count for more', async () => {
  const index = (map: object) => new TextEncoder().encode(JSON.stringify({ weight_map: map }))
  const source = sourceFromBytes({
    'pytorch_model.bin.index.json': index({ a: 'pytorch_model-1.bin', whole: 'pytorch_model-2.bin' }),
    'pytorch_model-1.bin': named('halves'),
    'pytorch_model-2.bin': named('views of one storage'),
  })
  const opened = await openAnyWeights(source)
  expect([...opened.tensors.keys()]).toEqual(['a', 'whole'])
  expect((await opened.read('whole')).shape).toEqual([6, 8])
  const bad = sourceFromBytes({ 'pytorch_model.bin.index.json': index({ a: '../model.bin' }) })
  await expect(openAnyWeights(bad)).rejects.toMatchObject({ code: 'SAFETENSORS_INDEX_INVALID' })
  const both = sourceFromBytes({ 'model.safetensors': new Uint8Array(3), 'pytorch_model.bin': named('halves') })
  await expect(openAnyWeights(both)).rejects.toMatchObject({ code: 'SAFETENSORS_TOO_SHORT' })
  await expect(openAnyWeights(sourceFromBytes({}))).rejects.toMatchObject({ code: 'SOURCE_FILE_MISSING' })
})

test('CRC-32, in one piece and in several', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) >>> 3)
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
  for (const cut of [0, 1, 7, 8, 9, 500, 1000]) {
    expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crc32(bytes))
  }
})
