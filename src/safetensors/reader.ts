/**
 * Reads safetensors, either from memory through views, or from a file of a model source. From a source it first reads the
 * header alone, and each tensor on demand.
 */
import { SafetensorsError } from '../errors.ts'
import type { ModelFile } from '../source/source.ts'
import { viewElements, type TensorDType, type DTypeArrays } from './dtypes.ts'
import { headerLength, parseHeader, PREFIX_BYTES, type Header, type TensorInfo } from './header.ts'
import { quote, show, tagOf } from '../values.ts'

/** One tensor; the type of `data` follows from `dtype`. Row-major. */
export type SafeTensor = {
  [D in TensorDType]: {
    readonly dtype: D
    readonly shape: readonly number[]
    /**
     * F16, BF16: bit patterns in a Uint16Array (see `decodeF16`, `decodeBF16`). BOOL: 0 or 1 in a Uint8Array.
     * C64: real and imaginary parts alternate. F8, F6, F4: the bytes as they are in the file.
     */
    readonly data: DTypeArrays[D]
  }
}[TensorDType]

export interface Safetensors {
  /** The strings under `__metadata__`; empty if there are none. */
  readonly metadata: Map<string, string>
  /** The tensors by name, in the header's order. */
  readonly tensors: Map<string, SafeTensor>
}

/** Makes an array for some bytes that are read. */
export type Allocate = (length: number) => Uint8Array

/** An open safetensors file, or several that make up one checkpoint. */
export interface OpenSafetensors {
  readonly metadata: Map<string, string>
  /** The tensors' types, shapes and places; their data has not been read yet. */
  readonly tensors: Map<string, TensorInfo>
  /** Reads one tensor. Rejects with `SAFETENSORS_TENSOR_MISSING`, `…_DATA_TRUNCATED`, `…_TOO_LARGE`, or the source's error. */
  readonly read: (name: string) => Promise<SafeTensor>
  /** Reads bytes `[start, end)` of one tensor, for those that are too large to be held. Little-endian. Rejects as `read` does. */
  readonly readBytes: (name: string, start: number, end: number) => Promise<Uint8Array>
  /**
   * Reads several tensors, in the order of the names. Neighbours in the file share one read, and one buffer. Rejects as `read`.
   * `allocate` makes the buffers that the source does not have.
   *
   * @internal
   */
  readonly readAll?: (names: readonly string[], allocate?: Allocate) => Promise<SafeTensor[]>
  readonly close: () => Promise<void>
}

/**
 * Reads the tensors of a file in memory. If a tensor is aligned, its `data` is a view into `bytes` and changes with them;
 * otherwise it is copied. In files by known writers all are aligned if `bytes` starts at a multiple of 8. BOOL bytes are
 * not checked.
 *
 * @param name the file's name in messages
 * @throws SafetensorsError with a code, whatever the bytes are
 */
export function readSafetensors(bytes: Uint8Array | ArrayBuffer, name = 'safetensors'): Safetensors {
  const file = asBytes(bytes, checkName(name))
  const length = headerLength(file, file.byteLength, name)
  const header = parseHeader(file.subarray(PREFIX_BYTES, PREFIX_BYTES + length), file.byteLength, name)
  const tensors = new Map<string, SafeTensor>()
  for (const [key, info] of header.tensors) tensors.set(key, view(info, file, info.start))
  return { metadata: header.metadata, tensors }
}

/**
 * Opens a file of a model source: reads its header and checks it against the file's size. The caller closes it.
 *
 * @param name the file's name in messages
 * @throws SafetensorsError with a code, whatever the bytes are; what `file` rejects with
 */
export async function openSafetensors(file: ModelFile, name = 'safetensors'): Promise<OpenSafetensors> {
  checkFile(file, checkName(name))
  const { metadata, tensors } = await readHeader(file, name)
  const find = (key: unknown): TensorInfo => {
    const info = typeof key === 'string' ? tensors.get(key) : undefined
    if (info === undefined) throw missingTensor(name, typeof key === 'string' ? key : show(key), tensors.size)
    return info
  }
  return {
    metadata,
    tensors,
    read: async key => (await readTensors(file, name, tensors, [key]))[0]!,
    readAll: (keys, allocate) => readTensors(file, name, tensors, keys, allocate),
    async readBytes(key, start, end) {
      const info = find(key)
      const length = info.end - info.start
      const isInside = [start, end].every(Number.isSafeInteger) && 0 <= start && start <= end && end <= length
      const subject = `${name}: tensor ${quote(key)}`
      if (isInside) return readExactly(file, info.start + start, end - start, subject)
      throw new SafetensorsError({
        code: 'SAFETENSORS_INPUT_INVALID',
        subject,
        expected: `a range of its ${length} bytes`,
        found: `${show(start)} to ${show(end)}`,
        nextStep: 'Pass the first byte, and the one after the last.',
      })
    },
    close: async () => file.close?.(),
  }
}

/** Reads each run of neighbours at once, and one run after the other. */
async function readTensors(
  file: ModelFile,
  name: string,
  tensors: ReadonlyMap<string, TensorInfo>,
  keys: readonly string[],
  allocate?: Allocate,
): Promise<SafeTensor[]> {
  const wanted = keys.map((key, at) => {
    const info = typeof key === 'string' ? tensors.get(key) : undefined
    if (info === undefined) throw missingTensor(name, typeof key === 'string' ? key : show(key), tensors.size)
    return { key, at, info }
  })
  const found: SafeTensor[] = []
  for (const run of runsOf(wanted)) {
    const [first, last] = [run[0]!, run.at(-1)!]
    const subject = `${name}: tensor ${quote(first.key)}${first === last ? '' : ` … ${quote(last.key)}`}`
    const bytes = await readExactly(file, first.info.start, last.info.end - first.info.start, subject, allocate)
    for (const { at, info } of run) found[at] = view(info, bytes, info.start - first.info.start)
  }
  return found
}

/** Tensors that lie one behind the other in the file, together. */
function runsOf<T extends { readonly info: TensorInfo }>(wanted: readonly T[]): T[][] {
  const runs: T[][] = []
  for (const one of [...wanted].sort((a, b) => a.info.start - b.info.start || a.info.end - b.info.end)) {
    const run = runs.at(-1)
    if (run?.at(-1)?.info.end === one.info.start) run.push(one)
    else runs.push([one])
  }
  return runs
}

/** Checks the name of a file in messages. */
function checkName(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name
  throw new SafetensorsError({
    code: 'SAFETENSORS_INPUT_INVALID',
    subject: 'the name for a file',
    expected: 'a string',
    found: show(name),
    nextStep: 'Leave it out, or name the file as you want it called in messages.',
  })
}

function checkFile(file: unknown, name: string): void {
  const isFile = (): boolean => {
    const { size, read } = (file ?? {}) as Partial<ModelFile>
    return typeof size === 'number' && typeof read === 'function'
  }
  try {
    if (isFile()) return
  } catch {
    // A proxy or a getter that throws is no file.
  }
  throw new SafetensorsError({
    code: 'SAFETENSORS_INPUT_INVALID',
    subject: name,
    expected: 'a file of a model source, { size, read(offset, length) }',
    found: tagOf(file),
    nextStep: 'Bytes are read by readSafetensors; of a folder, `sourceFromFolder(folder).open(name)` gives a file.',
  })
}

async function readHeader(file: ModelFile, name: string): Promise<Header> {
  const prefix = await readExactly(file, 0, Math.min(PREFIX_BYTES, file.size), name)
  const length = headerLength(prefix, file.size, name)
  return parseHeader(await readExactly(file, PREFIX_BYTES, length, `${name}: header`), file.size, name)
}

/** The error of every reader for a missing tensor. */
export function missingTensor(name: string, key: string, count: number): SafetensorsError {
  return new SafetensorsError({
    code: 'SAFETENSORS_TENSOR_MISSING',
    subject: name,
    expected: `a tensor ${quote(key)}`,
    found: `none of that name among ${count}`,
    nextStep: 'List the names with `bert-ner inspect`, or by the keys of `tensors`.',
  })
}

/** Reads from a source and checks what it returns: sources may be written by users. */
async function readExactly(
  file: ModelFile,
  offset: number,
  length: number,
  subject: string,
  allocate?: Allocate,
): Promise<Uint8Array> {
  if (length === 0) return new Uint8Array(0)
  const bytes = asBytes(await readOrTooLarge(file, offset, length, subject, allocate), subject)
  if (bytes.byteLength === length) return bytes
  throw new SafetensorsError({
    code: 'SAFETENSORS_DATA_TRUNCATED',
    subject,
    expected: `${length} bytes from the source`,
    found: `${bytes.byteLength}`,
    nextStep: 'The file changed while it was read, or its source gives the wrong bytes.',
  })
}

/** Reads, or reports that there is too much to read. A valid header can describe gigabytes, more than one array can hold. */
async function readOrTooLarge(
  file: ModelFile,
  offset: number,
  length: number,
  subject: string,
  allocate?: Allocate,
): Promise<Uint8Array> {
  try {
    return await file.read(offset, length, allocate)
  } catch (cause) {
    if (!isRangeError(cause)) throw cause
    throw tooLarge(subject, length, cause)
  }
}

/** Whether it is a RangeError, with which engines refuse arrays beyond their limits or the memory that is left. */
function isRangeError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'RangeError'
}

/** The error for data that does not fit into memory in one piece. */
export function tooLarge(subject: string, bytes: number, cause: unknown): SafetensorsError {
  return new SafetensorsError({
    code: 'SAFETENSORS_TOO_LARGE',
    subject,
    expected: 'as much as this engine can hold in one array',
    found: `${bytes} bytes`,
    nextStep: 'Split the tensor or the file into parts, or give the process more memory.',
    cause,
  })
}

/** Gives a plain Uint8Array over the same memory. Accepts arrays from another realm, and Node's Buffer. */
function asBytes(bytes: unknown, name: string): Uint8Array {
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tag = tagOf(bytes)
  if (tag === 'ArrayBuffer' || tag === 'SharedArrayBuffer') return new Uint8Array(bytes as ArrayBuffer)
  throw new SafetensorsError({
    code: 'SAFETENSORS_INPUT_INVALID',
    subject: name,
    expected: 'a Uint8Array or an ArrayBuffer',
    found: tag,
    nextStep: 'Pass the bytes of the file, for example what fs.readFile or response.arrayBuffer() gives.',
  })
}

/** The tensor whose first byte is `bytes[at]`. */
function view({ dtype, shape, start, end }: TensorInfo, bytes: Uint8Array, at: number): SafeTensor {
  // The compiler cannot see that dtype and data belong together, although the type of viewElements says so.
  return { dtype, shape, data: viewElements(dtype, bytes, at, at + end - start) } as SafeTensor
}
