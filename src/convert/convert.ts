/**
 * A model → the same model in a file of another size: int8, 16 or 32 bits a weight. Rows are read, rounded and written a few
 * megabytes at a time, so memory does not depend on the size of the model; what comes out is read back and compared.
 */
import { ConvertError } from '../errors.ts'
import { parseConfig, type BertConfig } from '../layers/config.ts'
import { FAMILIES } from '../layers/family.ts'
import { checkpointShapes, openWeights } from '../layers/token-classifier.ts'
import type { Checkpoint } from '../layers/weights.ts'
import { NaiveKernels } from '../kernels/naive/naive.ts'
import { checkFit } from '../ner/fit.ts'
import { decodeF16 } from '../safetensors/half.ts'
import { PREFIX_BYTES } from '../safetensors/header.ts'
import { openSafetensors, type OpenSafetensors } from '../safetensors/reader.ts'
import { describe } from '../safetensors/writer.ts'
import { readFile, type ModelFile, type ModelSource } from '../source/source.ts'
import { Tokenizer } from '../tokenizer/tokenizer.ts'
import { codeOf, quote } from '../values.ts'
import { logitsOf } from './forward.ts'
import { HALF_OVERFLOW, toHalf } from './half.ts'
import { openAnyWeights } from './open.ts'
import { planOf, quantizationConfig, scaleName, type Plan, type PlannedWeight, type Store } from './plan.ts'
import { compare, PROOF_KEY, writeProof, type Proof, type ProofResult } from './proof.ts'
import { quantiseRows } from './quantise.ts'

/** A file that is being written, anywhere in it. */
export interface NewFile extends ModelFile {
  write(offset: number, bytes: Uint8Array): Promise<void>
}

/** A folder that is being written. */
export interface NewFolder {
  /** A file of `size` bytes. */
  create(name: string, size: number): Promise<NewFile>
}

export interface ConvertOptions {
  readonly store: Store
  /** Bytes of the new file that are there. */
  readonly onBytes?: (done: number, total: number) => void
}

/** One weight, before and after. */
export interface ConvertedWeight {
  readonly name: string
  readonly shape: readonly number[]
  readonly from: string
  readonly to: string
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** The largest |after − before| of one value, and the largest value. */
  readonly largestError: number
  readonly largestValue: number
}

export interface Conversion {
  readonly store: Store
  /** Of the weights: all files before, the one after. */
  readonly bytesBefore: number
  readonly bytesAfter: number
  readonly weights: readonly ConvertedWeight[]
  /** Tensors that the model does not use, and that were left out. */
  readonly leftOut: readonly string[]
  readonly proof: ProofResult
}

const WEIGHTS = 'model.safetensors'
/** Any sentence with names would do. */
const SENTENCE = "Angela Merkel met Tim Cook at Apple's office in Berlin."
/** Copied as they are; none must be there but a vocabulary, of which the tokenizer has seen to it. */
const COPIED = [
  ...['tokenizer.json', 'vocab.txt', 'tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'],
  ...['README.md', 'LICENSE', 'LICENSE.txt'],
]
const MOST_COPIED = 2 ** 28
const MOST_CONFIG = 2 ** 24
/** Values that are held at a time. */
const BLOCK = 1 << 20

/**
 * @throws what loading the model would throw; ConvertError `CONVERT_…` for a PyTorch file that is not read, or weights that cannot
 *   be stored in this way; what `folder` rejects with
 */
export async function convertModel(
  source: ModelSource,
  folder: NewFolder,
  { store, onBytes = () => undefined }: ConvertOptions,
): Promise<Conversion> {
  const json = await readFile(source, 'config.json', MOST_CONFIG).catch(async (error: unknown) => {
    // The error that says which files there are in its place.
    await openAnyWeights(source).then(file => file.close())
    throw error
  })
  const config = parseConfig(json)
  const tokenizer = await Tokenizer.fromSource(source)
  checkFit(tokenizer, config)
  const file = await openAnyWeights(source)
  try {
    const checkpoint = await openWeights(new NaiveKernels(), file, config)
    const { ids, typeIds } = tokenizer.encode(SENTENCE)
    const sequence = {
      ids: ids.slice(0, config.maxPositionEmbeddings),
      typeIds: typeIds.slice(0, config.maxPositionEmbeddings),
    }
    const sourceLogits = [...(await logitsOf(file, config, sequence))]
    if (!sourceLogits.every(Number.isFinite)) throw notFinite('the logits of the model')
    const family = FAMILIES[config.modelType]
    const plan = planOf(await checkpointShapes(config), family, store, key => checkpoint.storedAs(key))
    const writing = new Writing(checkpoint, plan, { text: SENTENCE, ...sequence, sourceLogits })
    const { weights, proof, bytes } = await writing.run(folder, config, onBytes)
    await copyFiles(source, folder)
    await write(folder, 'config.json', configJson(json, config, store))
    const bytesBefore = Array.from(file.tensors.values(), ({ start, end }) => end - start).reduce((a, b) => a + b, 0)
    return { store, bytesBefore, bytesAfter: bytes, weights, leftOut: checkpoint.ignoredKeys, proof }
  } finally {
    await file.close()
  }
}

/** The new file of weights. */
class Writing {
  readonly #checkpoint: Checkpoint
  readonly #plan: Plan
  readonly #proof: Omit<Proof, 'logits'>
  readonly #starts: ReadonlyMap<string, number>

  constructor(checkpoint: Checkpoint, plan: Plan, proof: Omit<Proof, 'logits'>) {
    this.#checkpoint = checkpoint
    this.#plan = plan
    this.#proof = proof
    this.#starts = new Map(plan.entries.map(({ name, start }) => [name, start]))
  }

  async run(folder: NewFolder, config: BertConfig, onBytes: (done: number, total: number) => void) {
    // With room for the logits, which are known last.
    const { header } = this.#header(undefined)
    const dataStart = PREFIX_BYTES + header.length
    const size = dataStart + this.#plan.dataBytes
    const file = await folder.create(WEIGHTS, size)
    try {
      await writeHeader(file, header)
      const weights: ConvertedWeight[] = []
      let done = dataStart
      for (const weight of this.#plan.weights) {
        const converted = await this.#convert(weight, file, dataStart)
        weights.push(converted)
        done += converted.bytesAfter
        onBytes(done, size)
      }
      const proof = await this.#prove(file, config, header.length)
      return { weights, proof, bytes: size }
    } finally {
      await file.close?.()
    }
  }

  #header(logits: readonly number[] | undefined, length = 0) {
    const proof = writeProof({ ...this.#proof, ...(logits ? { logits } : {}) })
    return describe(this.#plan.entries, [['format', 'pt'], [PROOF_KEY, proof]], length) // prettier-ignore
  }

  /** Reads the file that was written, and lets it say what it gives for the sentence. */
  async #prove(file: NewFile, config: BertConfig, headerBytes: number): Promise<ProofResult> {
    // The reader must not close what is still written.
    const opened: OpenSafetensors = await openSafetensors({ size: file.size, read: file.read.bind(file) }, WEIGHTS)
    const found = await logitsOf(opened, config, this.#proof)
    const logits = [...found]
    if (!logits.every(Number.isFinite)) throw notFinite('the logits of the new file')
    await writeHeader(file, this.#header(logits, headerBytes).header)
    return compare({ ...this.#proof, logits }, found, config)
  }

  async #convert(weight: PlannedWeight, file: NewFile, dataStart: number): Promise<ConvertedWeight> {
    const { key, name, shape, dtype } = weight
    const width = shape.length === 2 ? (shape[1] ?? 0) : 1
    const rows = shape[0] ?? 0
    const from = this.#checkpoint.storedAs(key)
    const place = (entry: string) => dataStart + (this.#starts.get(entry) ?? 0)
    const step = Math.max(1, Math.floor(BLOCK / Math.max(1, width)))
    let [largestError, largestValue] = [0, 0]
    for (let first = 0; first < rows; first += step) {
      const last = Math.min(rows, first + step)
      const values = await this.#checkpoint.readRows(key, first, last, width)
      const kept =
        dtype === 'I8' && from === 'I8' ? await this.#checkpoint.readCodes(key, first, last, width) : undefined
      const { bytes, scales, decoded } = encode(values, width, dtype, kept)
      for (let i = 0; i < values.length; i++) {
        largestError = Math.max(largestError, Math.abs(decoded(i) - values[i]!))
        largestValue = Math.max(largestValue, Math.abs(values[i]!))
      }
      // NaN is never the larger one, so it is looked for by itself.
      if (!(largestValue < Infinity) || values.some(Number.isNaN)) throw notFinite(`tensor ${quote(name)}`)
      if (dtype === 'F16' && largestValue >= HALF_OVERFLOW) throw tooLarge(name, largestValue)
      await file.write(place(name) + (first * width * bytes.length) / Math.max(1, values.length), bytes)
      if (scales) await file.write(place(scaleName(name)) + 4 * first, bytesOf(scales))
    }
    const sizes = { F32: 4, F16: 2, BF16: 2, I8: 1 } as Readonly<Record<string, number>>
    const bytesIn = (type: string) => rows * width * (sizes[type] ?? 0) + (type === 'I8' ? 4 * rows : 0)
    return {
      name,
      shape,
      from,
      to: dtype,
      bytesBefore: bytesIn(from),
      bytesAfter: bytesIn(dtype),
      largestError,
      largestValue,
    }
  }
}

interface Encoded {
  readonly bytes: Uint8Array
  readonly scales?: Float32Array
  /** The value that a reader finds in place `i`. */
  readonly decoded: (i: number) => number
}

function encode(
  values: Float32Array,
  width: number,
  dtype: PlannedWeight['dtype'],
  kept: { readonly codes: Int8Array; readonly scales: Float32Array } | undefined,
): Encoded {
  if (dtype === 'F32') return { bytes: bytesOf(values), decoded: i => values[i]! }
  if (dtype === 'F16') {
    const bits = Uint16Array.from(values, toHalf)
    const back = decodeF16(bits)
    return { bytes: bytesOf(bits), decoded: i => back[i]! }
  }
  const codes = kept?.codes ?? new Int8Array(values.length)
  const scales = kept?.scales ?? quantiseRows(values, width, codes)
  return { bytes: bytesOf(codes), scales, decoded: i => Math.fround(codes[i]! * scales[Math.floor(i / width)]!) }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

async function writeHeader(file: NewFile, header: Uint8Array): Promise<void> {
  const prefix = new Uint8Array(PREFIX_BYTES)
  new DataView(prefix.buffer).setBigUint64(0, BigInt(header.length), true)
  await file.write(0, prefix)
  await file.write(PREFIX_BYTES, header)
}

async function copyFiles(source: ModelSource, folder: NewFolder): Promise<void> {
  for (const name of COPIED) {
    const bytes = await readFile(source, name, MOST_COPIED).catch((error: unknown) => {
      if (codeOf(error) === 'SOURCE_FILE_MISSING') return undefined
      throw error
    })
    if (bytes) await write(folder, name, bytes)
  }
}

async function write(folder: NewFolder, name: string, bytes: Uint8Array): Promise<void> {
  const file = await folder.create(name, bytes.length)
  try {
    await file.write(0, bytes)
  } finally {
    await file.close?.()
  }
}

/** All that the old one says, and how the weights are stored now. */
function configJson(json: Uint8Array, { modelType }: BertConfig, store: Store): Uint8Array {
  const values = JSON.parse(new TextDecoder().decode(json)) as Record<string, unknown>
  // JSON has no undefined: that of an int8 model is left out.
  const quantization_config = store === 'int8' ? quantizationConfig(FAMILIES[modelType]) : undefined
  return new TextEncoder().encode(`${JSON.stringify({ ...values, quantization_config }, null, 2)}\n`)
}

function notFinite(subject: string): ConvertError {
  return new ConvertError({
    code: 'CONVERT_NOT_FINITE',
    subject,
    expected: 'finite numbers',
    found: 'infinity, or what is no number',
    nextStep: 'The weights are damaged: fetch the model again.',
  })
}

function tooLarge(name: string, value: number): ConvertError {
  return new ConvertError({
    code: 'CONVERT_OVERFLOW',
    subject: `tensor ${quote(name)}`,
    expected: `numbers below ${HALF_OVERFLOW}, which 16 bits can hold`,
    found: `${value}`,
    nextStep: 'Use --store int8, or f32.',
  })
}
