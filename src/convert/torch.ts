/**
 * Opens a file of torch.save in its zip form as if it were safetensors. The entries, below one folder of any name:
 *
 *     data.pkl     the state dict: names, shapes, strides, and which storage each tensor lies in
 *     data/KEY     the elements of one storage
 *     byteorder    "little" or "big"; files before PyTorch 2.1 have none, and are little
 *
 * All statements are compared with each other and with the entries' sizes, and every checksum is made, before a tensor is given.
 */
import { byteLength, type TensorInfo } from '../safetensors/header.ts'
import { DTYPE_BITS, viewElements } from '../safetensors/dtypes.ts'
import { missingTensor, type OpenSafetensors, type SafeTensor } from '../safetensors/reader.ts'
import type { ModelFile } from '../source/source.ts'
import { decodeUtf8, quote, show } from '../values.ts'
import { crc32 } from './crc32.ts'
import { badPickle, badTensor, badZip, IN_PYTHON, unsupported } from './errors.ts'
import { describe, MOST_PICKLE, PickledTensor, unpickle } from './pickle.ts'
import { elementsOf, gather, isContiguous, lastElement, swapBytes } from './strided.ts'
import { readZip, type ZipEntry } from './zip.ts'

/** Bytes that are read at a time to make a checksum. */
const STEP = 1 << 22

interface Placed {
  readonly info: TensorInfo
  readonly tensor: PickledTensor
  /** The first byte of its storage, in the file. */
  readonly storage: number
}

/**
 * @param name the file's name in messages
 * @throws ConvertError with a code, whatever the bytes are; what `file` rejects with
 */
export async function openTorch(file: ModelFile, name: string): Promise<OpenSafetensors> {
  await refuseOtherForms(file, name)
  const entries = await readZip(file, name)
  const folder = folderOf(entries, name)
  for (const [key, { method }] of entries) if (method !== 0) throw compressed(`${name}: ${quote(key)}`, method)
  const isBig = await readByteOrder(file, entries.get(`${folder}/byteorder`), name)
  const pickled = `${name}: data.pkl`
  const state = unpickle(await readEntry(file, entries.get(`${folder}/data.pkl`), MOST_PICKLE, pickled), pickled)
  const placed = new Map<string, Placed>()
  const used = new Map<string, string>()
  for (const [key, tensor] of state) {
    if (!(tensor instanceof PickledTensor)) throw noTensor(pickled, key, tensor)
    placed.set(key, place(tensor, entries, folder, `${name}: tensor ${quote(key)}`, used))
  }
  for (const storage of used.keys()) await checkSum(file, entries.get(storage), `${name}: ${quote(storage)}`)
  return new TorchFile(file, name, placed, isBig)
}

class TorchFile implements OpenSafetensors {
  readonly metadata = new Map<string, string>()
  readonly tensors: Map<string, TensorInfo>
  readonly #file: ModelFile
  readonly #name: string
  readonly #placed: ReadonlyMap<string, Placed>
  readonly #isBig: boolean
  /** The last tensor that had to be gathered: it is asked for part by part. */
  #gathered: { readonly key: string; readonly bytes: Uint8Array } | undefined

  constructor(file: ModelFile, name: string, placed: ReadonlyMap<string, Placed>, isBig: boolean) {
    this.#file = file
    this.#name = name
    this.#placed = placed
    this.#isBig = isBig
    this.tensors = new Map(Array.from(placed, ([key, { info }]) => [key, info]))
  }

  readonly read = async (key: string): Promise<SafeTensor> => {
    const { info } = this.#find(key)
    const bytes = await this.readBytes(key, 0, info.end - info.start)
    const data = viewElements(info.dtype, bytes, 0, bytes.length)
    return { dtype: info.dtype, shape: info.shape, data } as SafeTensor
  }

  readonly readBytes = async (key: string, start: number, end: number): Promise<Uint8Array> => {
    const { info, tensor } = this.#find(key)
    if (!isContiguous(tensor)) {
      if (this.#gathered?.key !== key) this.#gathered = { key, bytes: await this.#gather(key) }
      return this.#gathered.bytes.subarray(start, end)
    }
    if (start === end) return new Uint8Array(0)
    const bytes = await this.#file.read(info.start + start, end - start)
    return this.#isBig ? swapBytes(bytes, sizeOf(tensor)) : bytes
  }

  readonly close = async (): Promise<void> => this.#file.close?.()

  #find(key: string): Placed {
    const placed = typeof (key as unknown) === 'string' ? this.#placed.get(key) : undefined
    if (placed) return placed
    throw missingTensor(this.#name, typeof (key as unknown) === 'string' ? key : show(key), this.tensors.size)
  }

  async #gather(key: string): Promise<Uint8Array> {
    const { tensor, storage } = this.#find(key)
    const size = sizeOf(tensor)
    const [first, last] = [tensor.offset, lastElement(tensor)]
    const bytes = await this.#file.read(storage + first * size, (last - first + 1) * size)
    const elements = gather(bytes, tensor, size)
    return this.#isBig ? swapBytes(elements, size) : elements
  }
}

/** Checks that a tensor lies inside of its storage, and that this is as large as the pickle says. */
function place(
  tensor: PickledTensor,
  entries: ReadonlyMap<string, ZipEntry>,
  folder: string,
  subject: string,
  used: Map<string, string>,
): Placed {
  const { storage, shape, offset } = tensor
  const path = `${folder}/data/${storage.key}`
  const entry = entries.get(path)
  const size = sizeOf(tensor)
  if (!entry) throw badTensor(subject, `its elements in ${quote(path)}`, 'no such entry')
  if (entry.size !== storage.length * size) {
    throw badTensor(subject, `${storage.length} elements of ${storage.dtype} in ${quote(path)}`, `${entry.size} bytes`)
  }
  // Two types for one storage would be two readings of the same bytes.
  const type = used.get(path) ?? storage.dtype
  if (type !== storage.dtype) throw badTensor(subject, `${quote(path)} as ${type}, as before`, storage.dtype)
  used.set(path, type)
  const bytes = byteLength(storage.dtype, shape, () => subject)
  const count = elementsOf(shape)
  if (count > storage.length) {
    // Strides of 0 make a large tensor out of a small file.
    throw badTensor(subject, `at most the ${storage.length} elements of its storage`, `${count}`)
  }
  const last = count === 0 ? offset - 1 : lastElement(tensor)
  if (last >= storage.length || offset > storage.length) {
    throw badTensor(subject, `a place within ${storage.length} elements`, `${offset} to ${last}`)
  }
  const start = entry.start + offset * size
  return { tensor, storage: entry.start, info: { dtype: storage.dtype, shape, start, end: start + bytes } }
}

function sizeOf({ storage }: PickledTensor): number {
  return (DTYPE_BITS.get(storage.dtype) ?? 0) / 8
}

const ZIP = 'PK\x03\x04'
/** The magic number 0x1950a86a20f9469cfc6c, pickled: after two bytes, or eleven from protocol 4 on. */
const LEGACY = '\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19'
const TAR_AT = 257

async function refuseOtherForms(file: ModelFile, name: string): Promise<void> {
  const head = await file.read(0, Math.min(file.size, TAR_AT + 8))
  const text = Array.from(head, byte => String.fromCharCode(byte)).join('')
  if (text.startsWith(ZIP)) return
  if ([2, 11].includes(text.indexOf(LEGACY))) throw unsupported(name, 'the form of PyTorch before 1.6, one long pickle')
  if (text.startsWith('ustar', TAR_AT)) throw unsupported(name, 'the form of PyTorch before 0.1.10, a tar file')
  if (text.startsWith('version https://git-lfs')) {
    throw unsupported(name, 'a pointer of Git LFS', 'Fetch the file itself: git lfs pull.')
  }
  if (text.startsWith('\x80')) throw unsupported(name, 'a pickle that torch.save did not write')
  throw unsupported(name, file.size === 0 ? 'an empty file' : `a file that begins with ${quote(text.slice(0, 8))}`)
}

function folderOf(entries: ReadonlyMap<string, ZipEntry>, name: string): string {
  const pickles = [...entries.keys()].filter(key => /^[^/]+\/data\.pkl$/.test(key))
  const [pickle = ''] = pickles
  if (pickles.length !== 1) throw badZip(name, 'one data.pkl, in a folder', `${pickles.length}`, IN_PYTHON)
  const folder = pickle.slice(0, -'/data.pkl'.length)
  if (!entries.has(`${folder}/constants.pkl`)) return folder
  throw unsupported(name, 'a TorchScript program', 'Name the model that the program was made of: its weights are read.')
}

async function readByteOrder(file: ModelFile, entry: ZipEntry | undefined, name: string): Promise<boolean> {
  if (!entry) return false
  const subject = `${name}: byteorder`
  const bytes = await readEntry(file, entry, 100, subject)
  const order = decodeUtf8(bytes, found => badZip(subject, '"little" or "big"', found))
  if (order === 'little' || order === 'big') return order === 'big'
  throw badZip(subject, '"little" or "big"', quote(order))
}

/** A whole entry, of at most `most` bytes. */
async function readEntry(
  file: ModelFile,
  entry: ZipEntry | undefined,
  most: number,
  subject: string,
): Promise<Uint8Array> {
  // prettier-ignore
  const { start = 0, size = 0, crc = 0 } = entry ?? {}
  if (size > most) throw badZip(subject, `at most ${most} bytes`, `${size}`)
  const bytes = await file.read(start, size)
  compare(crc32(bytes), crc, subject)
  return bytes
}

async function checkSum(file: ModelFile, entry: ZipEntry | undefined, subject: string): Promise<void> {
  const { start = 0, size = 0, crc = 0 } = entry ?? {}
  if (crc === 0) return
  let sum = 0
  for (let at = 0; at < size; at += STEP) sum = crc32(await file.read(start + at, Math.min(STEP, size - at)), sum)
  compare(sum, crc, subject)
}

function compare(sum: number, crc: number, subject: string): void {
  if (crc === 0 || sum === crc) return
  throw badZip(subject, `the checksum ${crc.toString(16)}`, sum.toString(16))
}

function compressed(subject: string, method: number) {
  const nextStep = 'torch.save does not compress: fetch the file as its owner published it.'
  return badZip(subject, 'data that is stored as it is', `data compressed by method ${method}`, nextStep)
}

function noTensor(subject: string, key: string, value: unknown) {
  const nextStep = `A checkpoint of a training run has the weights inside of a dict: in Python, save that dict alone.`
  return badPickle(subject, `a tensor under ${quote(key)}`, describe(value), nextStep)
}
