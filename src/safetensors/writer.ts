/**
 * Writes safetensors, byte for byte as the reference implementation does. Metadata comes first, then the tensors by type,
 * from the largest elements to the smallest, and by name within a type. Spaces pad the header to a multiple of 8. So every
 * tensor is aligned, and the same tensors give the same file whatever their order.
 */
import { SafetensorsError } from '../errors.ts'
import { arrayName, DTYPE_RANK, dtypeOf, type TensorDType, type DTypeArrays } from './dtypes.ts'
import { byteLength, MAX_HEADER_BYTES, PREFIX_BYTES } from './header.ts'
import { tooLarge, type SafeTensor } from './reader.ts'
import { guarded, quote, show, tagOf, UNREADABLE } from '../values.ts'

/**
 * Writes these tensors into the bytes of a new file. Their data is copied. A `Map` is accepted as it is, so the result of
 * `readSafetensors` can be written again.
 *
 * @throws SafetensorsError `SAFETENSORS_WRITE_INVALID` for a name, shape, type or array that no file can hold,
 *   `SAFETENSORS_DUPLICATE_KEY`, `SAFETENSORS_SIZE_MISMATCH`, `SAFETENSORS_SIZE_OVERFLOW`, `SAFETENSORS_SIZE_NOT_WHOLE_BYTES`,
 *   `SAFETENSORS_HEADER_TOO_LARGE`, `SAFETENSORS_TOO_LARGE`
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, SafeTensor]>,
  metadata: Iterable<readonly [string, string]> = [],
): Uint8Array<ArrayBuffer> {
  const [checked, pairs] = guarded(
    () => [checkNames(tensors).map(([name, tensor]) => checkTensor(name, tensor)), checkMetadata(metadata)] as const,
    () => invalid('what was given', 'tensors and metadata', UNREADABLE),
  )
  checked.sort(inFileOrder)
  const { header, dataBytes } = describe(checked, pairs)
  const file = allocate(PREFIX_BYTES + header.byteLength + dataBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(header.byteLength), true)
  file.set(header, PREFIX_BYTES)
  let at = PREFIX_BYTES + header.byteLength
  for (const { bytes } of checked) {
    file.set(bytes, at)
    at += bytes.byteLength
  }
  return file
}

function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes)
  } catch (cause) {
    throw tooLarge('writeSafetensors', bytes, cause)
  }
}

/** A tensor, before its bytes are there. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: TensorDType
  readonly shape: readonly number[]
}

interface Checked extends TensorEntry {
  /** The name in UTF-8, by which the reference sorts. */
  readonly key: Uint8Array
  readonly rank: number
  readonly bytes: Uint8Array
}

/** Sorts tensors as the reference does. */
export function sortEntries<T extends TensorEntry>(entries: readonly T[]): T[] {
  const keyed = entries.map(entry => ({ entry, key: new TextEncoder().encode(entry.name), rank: rankOf(entry.dtype) }))
  return keyed.sort(inFileOrder).map(({ entry }) => entry)
}

function inFileOrder(a: Pick<Checked, 'rank' | 'key'>, b: Pick<Checked, 'rank' | 'key'>): number {
  return b.rank - a.rank || compareBytes(a.key, b.key)
}

function rankOf(dtype: TensorDType): number {
  return DTYPE_RANK.get(dtype) ?? 0
}

/**
 * Writes the header: {"__metadata__":{…},"name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},…}, with spaces only as
 * padding. `least`: bytes that it has at least.
 */
export function describe(
  tensors: readonly TensorEntry[],
  metadata: readonly (readonly [string, string])[],
  least = 0,
): { header: Uint8Array<ArrayBuffer>; dataBytes: number } {
  const entries: string[] = []
  if (metadata.length > 0) {
    const pairs = metadata.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    entries.push(`"__metadata__":{${pairs.join(',')}}`)
  }
  let end = 0
  for (const { name, dtype, shape } of tensors) {
    const start = end
    end += byteLength(dtype, shape, () => name)
    entries.push(
      `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape.join(',')}],"data_offsets":[${start},${end}]}`,
    )
  }
  const json = new TextEncoder().encode(`{${entries.join(',')}}`)
  const header = new Uint8Array(Math.ceil(Math.max(json.byteLength, least) / 8) * 8).fill(0x20)
  header.set(json)
  if (header.byteLength > MAX_HEADER_BYTES) {
    throw new SafetensorsError({
      code: 'SAFETENSORS_HEADER_TOO_LARGE',
      subject: 'writeSafetensors: header',
      expected: `at most ${MAX_HEADER_BYTES} bytes`,
      found: `${header.byteLength}`,
      nextStep: 'Write fewer tensors or shorter names into one file.',
    })
  }
  return { header, dataBytes: end }
}

/** Checks that the value is iterable. `Array.from` would silently read a record as an empty list. */
function pairs<T>(iterable: Iterable<T>, subject: string): Iterable<T> {
  const given: unknown = iterable
  if (typeof given === 'object' && given !== null && Symbol.iterator in given) return iterable
  return refuse(subject, 'a Map or another iterable of pairs (of a record: Object.entries)', typeof given)
}

function checkNames(tensors: Iterable<readonly [string, SafeTensor]>): (readonly [string, SafeTensor])[] {
  const seen = new Set<string>()
  return Array.from(pairs(tensors, 'tensors'), entry => {
    const name = checkString(checkPair(entry, 'tensors')[0], 'a name')
    if (name === '__metadata__') refuse('the name of a tensor', 'any but "__metadata__"', quote(name))
    if (seen.has(name)) refuseDuplicate(name)
    seen.add(name)
    return entry
  })
}

function checkMetadata(metadata: Iterable<readonly [string, string]>): (readonly [string, string])[] {
  const seen = new Set<string>()
  return Array.from(pairs(metadata, 'metadata'), pair => {
    const [key, value] = checkPair(pair, 'metadata')
    if (seen.has(checkString(key, 'metadata'))) refuseDuplicate(key)
    seen.add(key)
    return [key, checkString(value, `metadata ${quote(key)}`)] as const
  })
}

function checkPair<T>(pair: T, subject: string): T {
  return Array.isArray(pair) ? pair : refuse(subject, 'pairs', pair === null ? 'null' : typeof pair)
}

function checkTensor(name: string, tensor: SafeTensor): Checked {
  const subject = `tensor ${quote(name)}`
  const given: unknown = tensor
  if (typeof given !== 'object' || given === null) refuse(subject, '{ dtype, shape, data }', show(given))
  const named: unknown = tensor.dtype
  const dtype = dtypeOf(tensor.dtype) ?? refuse(subject, 'a dtype of the format', show(named))
  // Array.from, since every() skips the holes of an array.
  if (
    !Array.isArray(tensor.shape) ||
    !Array.from(tensor.shape).every(size => Number.isSafeInteger(size) && size >= 0)
  ) {
    refuse(subject, 'a list of non-negative integers as shape', show(tensor.shape))
  }
  const bytes = elementBytes(subject, dtype, tensor.data)
  const expected = byteLength(dtype, tensor.shape, () => subject)
  if (bytes.byteLength !== expected) {
    throw new SafetensorsError({
      code: 'SAFETENSORS_SIZE_MISMATCH',
      subject,
      expected: `${expected} bytes for ${dtype} [${tensor.shape.join(', ')}]`,
      found: `${bytes.byteLength}`,
      nextStep: 'Make shape and data agree.',
    })
  }
  return { name, key: new TextEncoder().encode(name), rank: rankOf(dtype), dtype, shape: tensor.shape, bytes }
}

/** The bytes of `data`, not copied. The array's type is checked by name, since it may come from another realm. */
function elementBytes(subject: string, dtype: TensorDType, data: DTypeArrays[TensorDType]): Uint8Array {
  const found = tagOf(data)
  if (found !== arrayName(dtype)) refuse(subject, `a ${arrayName(dtype)} for ${dtype}`, found)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

function checkString(value: unknown, subject: string): string {
  if (typeof value !== 'string') return refuse(subject, 'a string', typeof value)
  for (const char of value) {
    const point = char.codePointAt(0) ?? 0
    if (point >= 0xd800 && point <= 0xdfff) refuse(subject, 'text without lone surrogates', quote(value))
  }
  return value
}

/** Compares UTF-8 bytes. This is the order of code points; JavaScript's own comparison is that of UTF-16 units. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length)
  for (let i = 0; i < common; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function refuse(subject: string, expected: string, found: string): never {
  throw invalid(subject, expected, found)
}

function invalid(subject: string, expected: string, found: string): SafetensorsError {
  return new SafetensorsError({
    code: 'SAFETENSORS_WRITE_INVALID',
    subject: `writeSafetensors: ${subject}`,
    expected,
    found,
    nextStep: 'Change it before writing.',
  })
}

function refuseDuplicate(name: string): never {
  throw new SafetensorsError({
    code: 'SAFETENSORS_DUPLICATE_KEY',
    subject: 'writeSafetensors',
    expected: 'each name once',
    found: `${quote(name)} again`,
    nextStep: 'Rename one of the two.',
  })
}
