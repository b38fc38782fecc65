/**
 * model.safetensors → the weights that a model asks for. A model's `load` (bert.ts) runs twice: once over {@link ShapeList},
 * which notes every key and shape; then, when the whole file was compared with these, over {@link Checkpoint}, which reads
 * them ahead, weight by weight. So each key is written once, and all that does not fit comes out in one error, before a byte
 * of a weight is read.
 *
 * Three spellings are understood beside today's: `LayerNorm.gamma` and `.beta` (TensorFlow's names, in the first published
 * checkpoints), no `bert.` prefix (an encoder saved without its head), and int8 weights as compressed-tensors writes them:
 * `X.weight` I8 with `X.weight_scale` [rows, 1]. What a wrapper puts before all names, `module.` for example, is taken off.
 */
import { CheckpointError } from '../errors.ts'
import type { EmbeddingWeights, Kernels, LinearWeights, NormWeights, StoredTensor } from '../kernels/kernels.ts'
import { decode } from '../kernels/stored.ts'
import type { TensorInfo } from '../safetensors/header.ts'
import { ReadAhead } from '../safetensors/read-ahead.ts'
import type { OpenSafetensors } from '../safetensors/reader.ts'
import { quote, show } from '../values.ts'

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
  /** The keys that are asked for together. */
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

  #note(unit: readonly [key: string, shape: readonly number[]][]): void {
    this.units.push(unit.map(([key]) => key))
    for (const [key, shape] of unit) this.shapes.set(key, shape)
  }
}

/** Keys that a token classifier has no use for: the layer of next-sentence prediction, and the list 0, 1, 2, … */
const IGNORED = ['bert.pooler.dense.weight', 'bert.pooler.dense.bias', 'bert.embeddings.position_ids']

/** A name as a file may spell it → the key that today's PyTorch gives it. */
function canonical(name: string): string {
  let key = name
  if (key.endsWith('LayerNorm.gamma')) key = `${key.slice(0, -'gamma'.length)}weight`
  if (key.endsWith('LayerNorm.beta')) key = `${key.slice(0, -'beta'.length)}bias`
  return ['embeddings.', 'encoder.', 'pooler.'].some(start => key.startsWith(start)) ? `bert.${key}` : key
}

const FLOATS = ['F32', 'F16', 'BF16']

/** The weights of one model, known to be whole, read one by one in the order of their shapes. */
export class Checkpoint {
  readonly #reading: ReadAhead
  /** Today's key → its name in the file. */
  readonly #names: ReadonlyMap<string, string>
  /** Names in the file that were understood and are not used. */
  readonly ignoredKeys: readonly string[]

  private constructor(reading: ReadAhead, names: ReadonlyMap<string, string>, ignoredKeys: readonly string[]) {
    this.#reading = reading
    this.#names = names
    this.ignoredKeys = ignoredKeys
  }

  /**
   * Compares the file with what a model asks for, and begins to read.
   *
   * @throws CheckpointError `CHECKPOINT_KEYS`, which lists every missing, unexpected and mismatched (shape, dtype) key
   */
  static open(file: OpenSafetensors, { shapes, units }: ShapeList): Checkpoint {
    const { names, ignored, unexpected } = matchNames(file, shapes)
    const missing: string[] = []
    const mismatched: string[] = []
    for (const [key, shape] of shapes) {
      const entry = file.tensors.get(names.get(key) ?? '')
      if (!entry) {
        missing.push(key)
        continue
      }
      const isInt8 = entry.dtype === 'I8' && shape.length === 2
      if (String(entry.shape) !== String(shape) || !(isInt8 || FLOATS.includes(entry.dtype))) {
        mismatched.push(mismatch(key, entry, shape.length === 2 ? [...FLOATS, 'I8'] : FLOATS, shape))
      }
      const scaleName = names.get(`${key}_scale`)
      const scale = file.tensors.get(scaleName ?? '')
      if (scaleName !== undefined && !isInt8) unexpected.push(scaleName)
      if (!isInt8) continue
      const [rows = 0] = shape
      if (!scale) missing.push(`${key}_scale`)
      else if (!isScale(scale, rows)) mismatched.push(mismatch(`${key}_scale`, scale, FLOATS, [rows, 1]))
    }
    if (missing.length + unexpected.length + mismatched.length > 0) throw keysError(missing, unexpected, mismatched)
    const reading = new ReadAhead(
      file,
      units.map(keys => namesOf(names, keys)),
    )
    return new Checkpoint(reading, names, ignored)
  }

  /** The weights, each handed to the backend as soon as it is read. One is asked for at a time. */
  on(kernels: Kernels): Weights {
    return {
      table: async key => {
        const [table] = await this.#take([`${key}.weight`])
        return kernels.embeddingWeights(table!)
      },
      linear: async keys => {
        const tensors = await this.#take(keys.flatMap(key => [`${key}.weight`, `${key}.bias`]))
        return kernels.linearWeights(keys.map((_, i) => ({ weight: tensors[2 * i]!, bias: tensors[2 * i + 1]! })))
      },
      norm: async (key, _width, epsilon) => {
        const [weight, bias] = await this.#take([`${key}.weight`, `${key}.bias`])
        return kernels.normWeights(weight!, bias!, epsilon)
      },
    }
  }

  /** Resolves when nothing is being read any more, so that the file can be closed. */
  end(): Promise<void> {
    return this.#reading.end()
  }

  /** A unit of weights, as the file stores them. */
  async #take(keys: readonly string[]): Promise<StoredTensor[]> {
    const names = namesOf(this.#names, keys)
    const tensors = await this.#reading.take(names)
    const byName = new Map(names.map((name, i) => [name, tensors[i]!]))
    const stored = (key: string): StoredTensor => {
      const { dtype, shape, data } = byName.get(this.#names.get(key)!)!
      const scale = dtype === 'I8' ? decode(stored(`${key}_scale`)) : undefined
      // open() has seen to it that dtype is one of a StoredTensor's.
      return { name: key, shape, stored: dtype, data, scale } as StoredTensor
    }
    return keys.map(stored)
  }
}

/** The names of some keys in the file, each with that of its scale, if it has one. */
function namesOf(names: ReadonlyMap<string, string>, keys: readonly string[]): string[] {
  return keys.flatMap(key => [key, `${key}_scale`]).flatMap(key => names.get(key) ?? [])
}

/** Sorts the names of a file: those that stand for a key of `shapes` (or its scale), those to ignore, and the rest. */
function matchNames(file: OpenSafetensors, shapes: Shapes) {
  const wrapper = wrapperOf(file.tensors.keys())
  const names = new Map<string, string>()
  const ignored: string[] = []
  const unexpected: string[] = []
  for (const name of file.tensors.keys()) {
    const key = canonical(name.startsWith(wrapper) ? name.slice(wrapper.length) : name)
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
function wrapperOf(names: Iterable<string>): string {
  const found = [...names].filter(name => name.endsWith(WORDS))
  const [before = ''] = found.length === 1 ? found.map(name => name.slice(0, -WORDS.length)) : []
  return before.endsWith('bert.') ? before.slice(0, -'bert.'.length) : before
}

const WORDS = 'embeddings.word_embeddings.weight'

/** A scale per row: [rows, 1] as compressed-tensors writes it, or [rows]. */
function isScale({ shape, dtype }: TensorInfo, rows: number): boolean {
  return [`${rows}`, `${rows},1`].includes(String(shape)) && FLOATS.includes(dtype)
}

function mismatch(key: string, found: TensorInfo, dtypes: readonly string[], shape: readonly number[]): string {
  return `${key} (found ${found.dtype} ${show(found.shape)}, expected ${dtypes.join('/')} ${show(shape)})`
}

function keysError(missing: readonly string[], unexpected: readonly string[], mismatched: readonly string[]) {
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
    nextStep: 'Take config.json and model.safetensors from one BertForTokenClassification checkpoint.',
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
