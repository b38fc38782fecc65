/**
 * The header of a safetensors file (format: huggingface/safetensors README, "Format"):
 *
 *     8 bytes     N, the length of the header, unsigned, little-endian
 *     N bytes     {"__metadata__": {"format": "pt"},
 *                  "tensor name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [start, end]}, …}, UTF-8
 *     the rest    the tensors, at [start, end) from here on, back to back: no hole, no overlap, nothing left over
 *
 * All statements are checked for consistency before a byte of a tensor is touched.
 */
import { SafetensorsError } from '../errors.ts'
import { longestHeader } from '../limits.ts'
import { TENSOR_DTYPES, DTYPE_BITS, dtypeOf, type TensorDType } from './dtypes.ts'
import { JsonScanner } from '../json/scanner.ts'
import { decodeUtf8, quote } from '../values.ts'
import { jsonErrors } from './json-errors.ts'

/** The longest header accepted, in bytes; the reference has the same bound. */
export const MAX_HEADER_BYTES = 100_000_000

/** The size of the field before the header, which holds the header's length. */
export const PREFIX_BYTES = 8

/** The type, shape and place of one tensor. */
export interface TensorInfo {
  readonly dtype: TensorDType
  readonly shape: readonly number[]
  /** First byte, counted from the start of the file. */
  readonly start: number
  /** The byte after its last. */
  readonly end: number
}

export interface Header {
  /** The strings under `__metadata__`; empty if there are none. */
  readonly metadata: Map<string, string>
  /** The tensors by name, in the header's order. */
  readonly tensors: Map<string, TensorInfo>
}

/** Builds the subject of a message, only when a message is needed: headers can have a million entries. */
export type Subject = () => string

const DAMAGED = 'The file is damaged or was not written by a safetensors writer: fetch it again.'

/**
 * Reads the header's length from the first 8 bytes of a file of `fileBytes` bytes. `name`: the file's name, for messages.
 * Throws {@link SafetensorsError}: `SAFETENSORS_TOO_SHORT`, `SAFETENSORS_HEADER_TOO_LARGE`, `SAFETENSORS_HEADER_TRUNCATED`.
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, name: string): number {
  if (fileBytes < PREFIX_BYTES || prefix.byteLength < PREFIX_BYTES) {
    throw new SafetensorsError({
      code: 'SAFETENSORS_TOO_SHORT',
      subject: name,
      expected: `at least ${PREFIX_BYTES} bytes`,
      found: `${fileBytes}`,
      nextStep: 'The file is empty or broke off: fetch it again.',
    })
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES)
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true)
  const most = Math.min(MAX_HEADER_BYTES, longestHeader())
  if (length > most) {
    throw new SafetensorsError({
      code: 'SAFETENSORS_HEADER_TOO_LARGE',
      subject: `${name}: header`,
      expected: `at most ${most} bytes${most < MAX_HEADER_BYTES ? ', for which there is memory' : ''}`,
      found: `${view.getBigUint64(0, true)}`,
      nextStep: 'This is no safetensors file: check its name, or that it is not a page or pointer saved in its place.',
    })
  }
  if (PREFIX_BYTES + length > fileBytes) {
    throw new SafetensorsError({
      code: 'SAFETENSORS_HEADER_TRUNCATED',
      subject: `${name}: header`,
      expected: `${length} bytes`,
      found: `${fileBytes - PREFIX_BYTES}`,
      nextStep: 'The file broke off or is no safetensors file: fetch it again.',
    })
  }
  return length
}

/**
 * Reads and checks a header. `bytes`: the N bytes of the header alone, `fileBytes`: the size of the whole file.
 * Throws {@link SafetensorsError}; test/safetensors/codes.ts has a file for every code.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number, name: string): Header {
  const subject = `${name}: header`
  const scanner = new JsonScanner(decodeHeader(bytes, subject), jsonErrors(subject))
  const dataStart = PREFIX_BYTES + bytes.byteLength
  const tensors = new Map<string, TensorInfo>()
  let metadata: Map<string, string> | undefined
  for (let key = scanner.firstKey(); key !== undefined; key = scanner.nextKey()) {
    if (key === '__metadata__') {
      if (metadata !== undefined) refuseDuplicate(subject, key)
      metadata = parseMetadata(scanner, subject)
    } else {
      if (tensors.has(key)) refuseDuplicate(subject, key)
      tensors.set(
        key,
        parseTensor(scanner, dataStart, () => `${name}: tensor ${quote(key)}`),
      )
    }
  }
  scanner.end()
  checkLayout(tensors, dataStart, fileBytes, name)
  return { metadata: metadata ?? new Map<string, string>(), tensors }
}

function decodeHeader(bytes: Uint8Array, subject: string): string {
  const notUtf8 = (found: string, cause: unknown) =>
    new SafetensorsError({
      code: 'SAFETENSORS_HEADER_NOT_UTF8',
      subject,
      expected: 'UTF-8',
      found,
      nextStep: DAMAGED,
      cause,
    })
  const text = decodeUtf8(bytes, notUtf8, true)
  // JSON would allow white space before the brace. The format forbids it, so the ninth byte of a file is fixed.
  if (!text.startsWith('{')) {
    throw new SafetensorsError({
      code: 'SAFETENSORS_HEADER_START',
      subject,
      expected: "'{' as its first byte",
      found: text === '' ? 'an empty header' : text.startsWith('\ufeff') ? 'a byte order mark' : quote(text, 24),
      nextStep: 'This is no safetensors file, or an editor changed it: fetch it again.',
    })
  }
  return text
}

/** Reads `__metadata__`, an object of strings. */
function parseMetadata(scanner: JsonScanner, subject: string): Map<string, string> {
  const metadata = new Map<string, string>()
  if (scanner.peek() !== '{') refuseMetadata(subject, 'an object of strings', scanner.peek())
  for (let key = scanner.firstKey(); key !== undefined; key = scanner.nextKey()) {
    if (metadata.has(key)) refuseDuplicate(`${subject}: __metadata__`, key)
    if (scanner.peek() !== '"') refuseMetadata(subject, `a string under ${quote(key)}`, scanner.peek())
    metadata.set(key, scanner.string())
  }
  return metadata
}

/** Reads `{"dtype": …, "shape": […], "data_offsets": [start, end]}`, in any order. Other fields are skipped. */
function parseTensor(scanner: JsonScanner, dataStart: number, subject: Subject): TensorInfo {
  let dtype: TensorDType | undefined
  let shape: number[] | undefined
  let offsets: number[] | undefined
  if (scanner.peek() !== '{') refuseEntry(subject, 'an object', describe(scanner.peek()))
  for (let key = scanner.firstKey(); key !== undefined; key = scanner.nextKey()) {
    if (key === 'dtype') {
      if (dtype !== undefined) refuseDuplicate(subject(), key)
      dtype = parseDType(scanner, subject)
    } else if (key === 'shape') {
      if (shape !== undefined) refuseDuplicate(subject(), key)
      shape = parseNaturals(scanner, subject, key).slice() // a copy of the exact length: a growing array reserves room for 17
    } else if (key === 'data_offsets') {
      if (offsets !== undefined) refuseDuplicate(subject(), key)
      offsets = parseNaturals(scanner, subject, key)
    } else scanner.skipValue(2)
  }
  if (dtype === undefined || shape === undefined || offsets === undefined) {
    const missing = dtype === undefined ? 'dtype' : shape === undefined ? 'shape' : 'data_offsets'
    return refuseEntry(subject, 'dtype, shape and data_offsets', `no ${missing}`)
  }
  const [start, end] = offsets
  if (start === undefined || end === undefined || offsets.length > 2) {
    return refuseEntry(subject, 'two data_offsets', `${offsets.length}`)
  }
  checkSpan(subject, dtype, shape, start, end)
  return { dtype, shape, start: dataStart + start, end: dataStart + end }
}

function parseDType(scanner: JsonScanner, subject: Subject): TensorDType {
  if (scanner.peek() !== '"') refuseEntry(subject, 'a string as dtype', describe(scanner.peek()))
  const name = scanner.string()
  const dtype = dtypeOf(name)
  if (dtype !== undefined) return dtype
  throw new SafetensorsError({
    code: 'SAFETENSORS_DTYPE_UNKNOWN',
    subject: subject(),
    expected: `one of ${TENSOR_DTYPES.join(', ')}`,
    found: quote(name),
    nextStep: 'Save the tensor in one of these types, or look for a newer version of this library.',
  })
}

function parseNaturals(scanner: JsonScanner, subject: Subject, field: string): number[] {
  if (scanner.peek() !== '[') refuseEntry(subject, `an array as ${field}`, describe(scanner.peek()))
  const values: number[] = []
  for (let more = scanner.firstItem(); more; more = scanner.nextItem()) values.push(scanner.natural())
  return values
}

/** Checks that `shape` and `dtype` need as many bytes as the offsets give. */
function checkSpan(subject: Subject, dtype: TensorDType, shape: readonly number[], start: number, end: number): void {
  if (end < start) {
    throw new SafetensorsError({
      code: 'SAFETENSORS_OFFSETS_REVERSED',
      subject: subject(),
      expected: 'data_offsets that ascend',
      found: `[${start}, ${end}]`,
      nextStep: DAMAGED,
    })
  }
  const bytes = byteLength(dtype, shape, subject)
  if (bytes !== end - start) {
    throw new SafetensorsError({
      code: 'SAFETENSORS_SIZE_MISMATCH',
      subject: subject(),
      expected: `${bytes} bytes for ${dtype} ${shapeText(shape)}`,
      found: `${end - start} in data_offsets`,
      nextStep: DAMAGED,
    })
  }
}

/**
 * The size of a tensor in bytes. Throws {@link SafetensorsError} `SAFETENSORS_SIZE_OVERFLOW` from 2^53 bits on, and
 * `SAFETENSORS_SIZE_NOT_WHOLE_BYTES` if elements of 4 or 6 bits end inside a byte.
 */
export function byteLength(dtype: TensorDType, shape: readonly number[], subject: Subject): number {
  let bits = DTYPE_BITS.get(dtype) ?? 0
  for (const size of shape) {
    bits *= size
    if (bits > Number.MAX_SAFE_INTEGER) {
      throw new SafetensorsError({
        code: 'SAFETENSORS_SIZE_OVERFLOW',
        subject: subject(),
        expected: 'fewer than 2^53 bits',
        found: `${dtype} ${shapeText(shape)}`,
        nextStep: DAMAGED,
      })
    }
  }
  if (bits % 8 === 0) return bits / 8
  throw new SafetensorsError({
    code: 'SAFETENSORS_SIZE_NOT_WHOLE_BYTES',
    subject: subject(),
    expected: 'elements that fill whole bytes',
    found: `${dtype} ${shapeText(shape)}, ${bits} bits`,
    nextStep: 'Pad the last dimension before saving.',
  })
}

/** Checks that the tensors lie back to back from the end of the header to the end of the file. */
function checkLayout(tensors: Map<string, TensorInfo>, dataStart: number, fileBytes: number, name: string): void {
  let end = dataStart
  for (const [key, tensor] of inFileOrder(tensors)) {
    if (tensor.start !== end) {
      throw new SafetensorsError({
        code: tensor.start < end ? 'SAFETENSORS_OFFSETS_OVERLAP' : 'SAFETENSORS_OFFSETS_HOLE',
        subject: `${name}: tensor ${quote(key)}`,
        expected: `data_offsets from ${end - dataStart}, where the tensor before it ends`,
        found: `${tensor.start - dataStart}`,
        nextStep: DAMAGED,
      })
    }
    end = tensor.end
  }
  if (end !== fileBytes) {
    throw new SafetensorsError({
      code: end > fileBytes ? 'SAFETENSORS_DATA_TRUNCATED' : 'SAFETENSORS_DATA_TRAILING',
      subject: name,
      expected: `${end} bytes`,
      found: `${fileBytes}`,
      nextStep: end > fileBytes ? 'The file broke off: fetch it again.' : DAMAGED,
    })
  }
}

/** Lists the tensors by position. Most writers list them so already: then nothing is copied or sorted. */
function inFileOrder(tensors: Map<string, TensorInfo>): Iterable<[string, TensorInfo]> {
  let last: TensorInfo | undefined
  for (const tensor of tensors.values()) {
    if (last !== undefined && byPosition(last, tensor) > 0) {
      return [...tensors].sort(([, a], [, b]) => byPosition(a, b))
    }
    last = tensor
  }
  return tensors
}

function byPosition(a: TensorInfo, b: TensorInfo): number {
  return a.start - b.start || a.end - b.end
}

function refuseDuplicate(subject: string, key: string): never {
  throw new SafetensorsError({
    code: 'SAFETENSORS_DUPLICATE_KEY',
    subject,
    expected: 'each name once',
    found: `${quote(key)} again`,
    nextStep: 'Readers would disagree on which of the two counts: do not trust this file.',
  })
}

function refuseMetadata(subject: string, expected: string, first: string): never {
  throw new SafetensorsError({
    code: 'SAFETENSORS_METADATA_INVALID',
    subject: `${subject}: __metadata__`,
    expected,
    found: describe(first),
    nextStep: 'Write each value as a string (JSON inside it, if need be) and save the file again.',
  })
}

function refuseEntry(subject: Subject, expected: string, found: string): never {
  throw new SafetensorsError({
    code: 'SAFETENSORS_ENTRY_INVALID',
    subject: subject(),
    expected,
    found,
    nextStep: DAMAGED,
  })
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.slice(0, 16).join(', ')}${shape.length > 16 ? ', …' : ''}]`
}

/** Names the kind of JSON value that begins with `first`. */
function describe(first: string): string {
  if (first === '') return 'the end'
  if (first === '{') return 'an object'
  if (first === '[') return 'an array'
  if (first === '"') return 'a string'
  return first === '-' || (first >= '0' && first <= '9') ? 'a number' : `a value beginning with ${quote(first)}`
}
