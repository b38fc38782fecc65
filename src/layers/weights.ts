/**
 * model.safetensors → the weights that a model asks for. A model's `load` (bert.ts) runs twice: once over {@link ShapeList},
 * which notes every key and shape; then, when the whole file was compared with these, over {@link Checkpoint}, which reads
 * weight by weight. So each key is written once, and all that does not fit comes out in one error, before a byte of a weight is
 * read.
 *
 * Three spellings are understood beside today's: `LayerNorm.gamma` and `.beta` (TensorFlow's names, in the first published
 * checkpoints), no `bert.` prefix (an encoder saved without its head), and int8 weights as compressed-tensors writes them:
 * `X.weight` I8 with `X.weight_scale` [rows, 1]. What a wrapper puts before all names, `module.` for example, is taken off.
 * DistilBERT's keys become BERT's (family.ts).
 */
import { CheckpointError } from '../errors.ts'
import type { EmbeddingWeights, Kernels, LinearWeights, NormWeights, StoredTensor } from '../kernels/kernels.ts'
import { decode } from '../kernels/stored.ts'
import { DTYPE_BITS, viewElements } from '../safetensors/dtypes.ts'
import type { TensorInfo } from '../safetensors/header.ts'
import { readAll, ReadAhead } from '../safetensors/read-ahead.ts'
import type { OpenSafetensors } from '../safetensors/reader.ts'
import { quote, show } from '../values.ts'
import { fromBert, toBert, type Family } from './family.ts'

/** Where a model's `load` gets its weights. Keys are those of PyTorch's modules, without `.weight` and `.bias`. */
export interface Weights {
  /** nn.Embedding: [rows, width] */
  table(key: string, rows: number, width: number): Promise<EmbeddingWeights>
  /** nn.Linear: [outputs, inputs] for each key, stacked into one: [keys · outputs, inputs] */
  linear(keys: readonly string[], outputs: number, inputs: number): Promise<LinearWeights>
  /** nn.LayerNorm: [width] */
  norm(key: string, width: number, epsilon: number): Promise<NormWeights>
}

export type Shapes = ReadonlyMap<string, readonly number[]>

/** Notes the shape of every weight that a model asks for, and gives it weights that are nothing but shapes. */
export class ShapeList implements Weights {
  readonly shapes = new Map<string, readonly number[]>()
  /** The keys that are asked for together, in the order in which they are. */
  readonly units: string[][] = []

  table(key: string, rows: number, width: number): Promise<EmbeddingWeights> {
    this.#note([[`${key}.weight`, [rows, width]]])
    return Promise.resolve({ rows, width })
  }

  linear(keys: readonly string[], outputs: number, inputs: number): Promise<LinearWeights> {
    this.#note(
      keys.flatMap(key => [
        [`${key}.weight`, [outputs, inputs]],
        [`${key}.bias`, [outputs]],
      ]),
    )
    return Promise.resolve({ inputs, outputs: keys.length * outputs })
  }

  norm(key: string, width: number, epsilon: number): Promise<NormWeights> {
    this.#note([
      [`${key}.weight`, [width]],
      [`${key}.bias`, [width]],
    ])
    return Promise.resolve({ width, epsilon })
  }

  #note(unit: readonly (readonly [key: string, shape: readonly number[]])[]): void {
    this.units.push(unit.map(([key]) => key))
    for (const [key, shape] of unit) this.shapes.set(key, shape)
  }
}

/** Keys that a token classifier has no use for: the layer of next-sentence prediction, and the list 0, 1, 2, … */
const IGNORED = ['bert.pooler.dense.weight', 'bert.pooler.dense.bias', 'bert.embeddings.position_ids']

/** A name as a file may spell it → the key that today's PyTorch gives it, in BERT's words. */
function canonical(name: string, family: Family): string {
  let key = name
  if (key.endsWith('LayerNorm.gamma')) key = `${key.slice(0, -'gamma'.length)}weight`
  if (key.endsWith('LayerNorm.beta')) key = `${key.slice(0, -'beta'.length)}bias`
  return toBert(family, family.parts.some(start => key.startsWith(start)) ? family.prefix + key : key)
}

const FLOATS = ['F32', 'F16', 'BF16']

/** The weights of one model, known to be whole, read one by one and handed to a backend. */
export class Checkpoint implements Weights {
  readonly #kernels: Kernels | Promise<Kernels>
  readonly #file: OpenSafetensors
  #ahead: ReadAhead | undefined
  /** BERT's key → its name in the file. A table that the family does not have is not in it. */
  readonly names: ReadonlyMap<string, string>
  /** Names in the file that were understood and are not used. */
  readonly ignoredKeys: readonly string[]

  private constructor(
    kernels: Kernels | Promise<Kernels>,
    file: OpenSafetensors,
    names: ReadonlyMap<string, string>,
    ignoredKeys: readonly string[],
  ) {
    this.#kernels = kernels
    this.#file = file
    this.names = names
    this.ignoredKeys = ignoredKeys
  }

  /**
   * Compares the file with what a model asks for. The kernels may still be loading.
   *
   * @throws CheckpointError `CHECKPOINT_KEYS`, which lists every missing, unexpected and mismatched (shape, dtype) key
   */
  static check(kernels: Kernels | Promise<Kernels>, file: OpenSafetensors, shapes: Shapes, family: Family): Checkpoint {
    const { names, ignored, unexpected } = matchNames(file, shapes, family)
    const spell = (key: string) => fromBert(family, key)
    const missing: string[] = []
    const mismatched: string[] = []
    for (const [key, shape] of shapes) {
      const entry = file.tensors.get(names.get(key) ?? '')
      if (!entry) {
        missing.push(spell(key))
        continue
      }
      const isInt8 = entry.dtype === 'I8' && shape.length === 2
      if (String(entry.shape) !== String(shape) || !(isInt8 || FLOATS.includes(entry.dtype))) {
        mismatched.push(mismatch(spell(key), entry, shape.length === 2 ? [...FLOATS, 'I8'] : FLOATS, shape))
      }
      const scaleName = names.get(`${key}_scale`)
      const scale = file.tensors.get(scaleName ?? '')
      if (scaleName !== undefined && !isInt8) unexpected.push(scaleName)
      if (!isInt8) continue
      const [rows = 0] = shape
      if (!scale) missing.push(`${spell(key)}_scale`)
      else if (!isScale(scale, rows)) mismatched.push(mismatch(`${spell(key)}_scale`, scale, FLOATS, [rows, 1]))
    }
    if (missing.length + unexpected.length + mismatched.length > 0) {
      throw keysError(missing, unexpected, mismatched, family)
    }
    return new Checkpoint(kernels, file, names, ignored)
  }

  /** Begins to read. From now on `units` of keys are asked for one after the other, in this order. */
  readAhead(units: readonly (readonly string[])[]): void {
    this.#ahead = new ReadAhead(
      this.#file,
      units.map(keys => this.#namesOf(keys)),
    )
  }

  /** Resolves when nothing is being read any more, so that the file can be closed. */
  async end(): Promise<void> {
    await this.#ahead?.end()
  }

  async table(key: string, rows: number, width: number): Promise<EmbeddingWeights> {
    const name = `${key}.weight`
    const [table] = this.names.has(name) ? await this.#read([name]) : [zeros(name, rows, width)]
    return (await this.#kernels).embeddingWeights(table!)
  }

  async linear(keys: readonly string[]): Promise<LinearWeights> {
    const tensors = await this.#read(keys.flatMap(key => [`${key}.weight`, `${key}.bias`]))
    const parts = keys.map((_, i) => ({ weight: tensors[2 * i]!, bias: tensors[2 * i + 1]! }))
    return (await this.#kernels).linearWeights(parts)
  }

  async norm(key: string, _width: number, epsilon: number): Promise<NormWeights> {
    const [weight, bias] = await this.#read([`${key}.weight`, `${key}.bias`])
    return (await this.#kernels).normWeights(weight!, bias!, epsilon)
  }

  /**
   * Rows `[first, last)` of a weight of `width` columns, decoded: [last − first, width]. A vector is one row. A table that the
   * family does not have is zero.
   */
  async readRows(key: string, first: number, last: number, width: number): Promise<Float32Array> {
    const name = this.names.get(key)
    const info = this.#file.tensors.get(name ?? '')
    if (name === undefined || !info) return new Float32Array((last - first) * width)
    const size = (DTYPE_BITS.get(info.dtype) ?? 0) / 8
    const bytes = await this.#file.readBytes(name, first * width * size, last * width * size)
    const data = viewElements(info.dtype, bytes, 0, bytes.length)
    const scale = info.dtype === 'I8' ? await this.readRows(`${key}_scale`, first, last, 1) : undefined
    return decode({ name: key, shape: [last - first, width], stored: info.dtype, data, scale } as StoredTensor)
  }

  /** Rows `[first, last)` of an int8 weight as they are stored. */
  async readCodes(key: string, first: number, last: number, width: number) {
    const name = this.names.get(key) ?? key
    const bytes = await this.#file.readBytes(name, first * width, last * width)
    return {
      codes: viewElements('I8', bytes, 0, bytes.length),
      scales: await this.readRows(`${key}_scale`, first, last, 1),
    }
  }

  /** The element type of a weight in the file. */
  storedAs(key: string): string {
    return this.#file.tensors.get(this.names.get(key) ?? '')?.dtype ?? 'none'
  }

  /** A unit of weights, as the file stores them. */
  async #read(keys: readonly string[]): Promise<StoredTensor[]> {
    const names = this.#namesOf(keys)
    const tensors = await (this.#ahead ? this.#ahead.take(names) : readAll(this.#file, names))
    const byName = new Map(names.map((name, i) => [name, tensors[i]!]))
    const stored = (key: string): StoredTensor => {
      const { dtype, shape, data } = byName.get(this.names.get(key)!)!
      const scale = dtype === 'I8' ? decode(stored(`${key}_scale`)) : undefined
      // check() has seen to it that dtype is one of a StoredTensor's.
      return { name: key, shape, stored: dtype, data, scale } as StoredTensor
    }
    return keys.map(stored)
  }

  /** The names of some keys in the file, each with that of its scale, if it has one. */
  #namesOf(keys: readonly string[]): string[] {
    return keys.flatMap(key => [key, `${key}_scale`]).flatMap(key => this.names.get(key) ?? [])
  }
}

function zeros(name: string, rows: number, width: number): StoredTensor {
  return { name, shape: [rows, width], stored: 'F32', data: new Float32Array(rows * width) }
}

/** Sorts the names of a file: those that stand for a key of `shapes` (or its scale), those to ignore, and the rest. */
function matchNames(file: OpenSafetensors, shapes: Shapes, family: Family) {
  const wrapper = wrapperOf(file.tensors.keys(), family)
  const names = new Map<string, string>()
  const ignored: string[] = []
  const unexpected: string[] = []
  for (const name of file.tensors.keys()) {
    const key = canonical(name.startsWith(wrapper) ? name.slice(wrapper.length) : name, family)
    const weight = key.endsWith('.weight_scale') ? key.slice(0, -'_scale'.length) : key
    if (IGNORED.includes(weight)) ignored.push(name)
    else if (!shapes.has(weight)) unexpected.push(spelled(name))
    else if (names.has(key)) unexpected.push(`${spelled(name)} (beside ${spelled(names.get(key) ?? '')})`)
    else names.set(key, name)
  }
  return { names, ignored, unexpected }
}

/**
 * The prefix of all names of a model that was saved inside of another module: `module.` of DataParallel, `_orig_mod.` of
 * torch.compile, `model.` of a trainer's own. It is told by the one table that every BERT has.
 */
function wrapperOf(names: Iterable<string>, { prefix }: Family): string {
  const found = [...names].filter(name => name.endsWith(WORDS))
  const [before = ''] = found.length === 1 ? found.map(name => name.slice(0, -WORDS.length)) : []
  return before.endsWith(prefix) ? before.slice(0, -prefix.length) : before
}

const WORDS = 'embeddings.word_embeddings.weight'

/** A scale per row: [rows, 1] as compressed-tensors writes it, or [rows]. */
function isScale({ shape, dtype }: TensorInfo, rows: number): boolean {
  return [`${rows}`, `${rows},1`].includes(String(shape)) && FLOATS.includes(dtype)
}

function mismatch(key: string, found: TensorInfo, dtypes: readonly string[], shape: readonly number[]): string {
  return `${key} (found ${found.dtype} ${show(found.shape)}, expected ${dtypes.join('/')} ${show(shape)})`
}

function keysError(
  missing: readonly string[],
  unexpected: readonly string[],
  mismatched: readonly string[],
  { architecture }: Family,
) {
  const lists = [
    ['missing', missing],
    ['unexpected', unexpected],
    ['mismatched', mismatched],
  ] as const
  return new CheckpointError({
    code: 'CHECKPOINT_KEYS',
    subject: 'model.safetensors',
    expected: 'the weights that config.json describes',
    found: lists
      .filter(([, keys]) => keys.length > 0)
      .map(([problem, keys]) => `${keys.length} ${problem}: ${few(keys)}`)
      .join('; '),
    nextStep: `Take config.json and model.safetensors from one ${architecture} checkpoint.`,
  })
}

/** A name as it is if it is a plain one; a file may have any. */
function spelled(name: string): string {
  return /^[\w.]{1,100}$/.test(name) ? name : quote(name)
}

/** Some keys and how many more there are: a file can have a million of them. */
function few(keys: readonly string[]): string {
  const more = keys.length - NAMED
  return keys.slice(0, NAMED).join(', ') + (more > 0 ? `, … and ${more} more` : '')
}

const NAMED = 5
