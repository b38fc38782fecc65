/**
 * model.safetensors ↔ the keys that BERT needs. The whole checkpoint is one table, {@link checkpointShapes}; the file is held
 * against it once, before a single weight is read, so that everything that does not fit comes out in one error.
 *
 * Three spellings are understood beside today's: `LayerNorm.gamma` and `.beta` (TensorFlow's names, in the first published
 * checkpoints), no `bert.` prefix (an encoder saved without its head), and int8 weights as compressed-tensors writes them:
 * `X.weight` I8 with `X.weight_scale` [rows, 1].
 */
import { CheckpointError } from '../errors.ts'
import type { Kernels, LinearPart, LinearWeights, NormWeights, StoredTensor } from '../kernels/kernels.ts'
import { decode } from '../kernels/stored.ts'
import type { TensorInfo } from '../safetensors/header.ts'
import type { OpenSafetensors } from '../safetensors/reader.ts'
import type { BertConfig } from './config.ts'

/** Every key of a BERT token classifier, with the shape that the configuration demands. */
export function checkpointShapes(config: BertConfig): ReadonlyMap<string, readonly number[]> {
  const { hiddenSize: C, intermediateSize: F, vocabSize: V, labels } = config
  const shapes = new Map<string, readonly number[]>()
  const table = (key: string, rows: number) => shapes.set(`${key}.weight`, [rows, C])
  const linear = (key: string, outputs: number, inputs: number) =>
    shapes.set(`${key}.weight`, [outputs, inputs]).set(`${key}.bias`, [outputs])
  const norm = (key: string) => shapes.set(`${key}.weight`, [C]).set(`${key}.bias`, [C])

  table('bert.embeddings.word_embeddings', V)
  table('bert.embeddings.position_embeddings', config.maxPositionEmbeddings)
  table('bert.embeddings.token_type_embeddings', config.typeVocabSize)
  norm('bert.embeddings.LayerNorm')
  for (let i = 0; i < config.numHiddenLayers; i++) {
    const layer = `bert.encoder.layer.${i}`
    linear(`${layer}.attention.self.query`, C, C)
    linear(`${layer}.attention.self.key`, C, C)
    linear(`${layer}.attention.self.value`, C, C)
    linear(`${layer}.attention.output.dense`, C, C)
    norm(`${layer}.attention.output.LayerNorm`)
    linear(`${layer}.intermediate.dense`, F, C)
    linear(`${layer}.output.dense`, C, F)
    norm(`${layer}.output.LayerNorm`)
  }
  linear('classifier', labels.length, C)
  return shapes
}

/** Keys that BERT checkpoints carry and token classification has no use for: next-sentence prediction's, and 0, 1, 2, … */
const IGNORED = ['bert.pooler.dense.weight', 'bert.pooler.dense.bias', 'bert.embeddings.position_ids']

/** A name as a file may spell it → today's key. */
function canonical(name: string): string {
  let key = name
  if (key.endsWith('LayerNorm.gamma')) key = `${key.slice(0, -'gamma'.length)}weight`
  if (key.endsWith('LayerNorm.beta')) key = `${key.slice(0, -'beta'.length)}bias`
  return ['embeddings.', 'encoder.', 'pooler.'].some(start => key.startsWith(start)) ? `bert.${key}` : key
}

const FLOATS = ['F32', 'F16', 'BF16']

/** The weights of one model, known to be whole, read one by one. */
export class Checkpoint {
  readonly #file: OpenSafetensors
  /** Today's key → its name in the file. */
  readonly #names: ReadonlyMap<string, string>
  /** Names in the file that were understood and are not used. */
  readonly ignoredKeys: readonly string[]

  private constructor(file: OpenSafetensors, names: ReadonlyMap<string, string>, ignoredKeys: readonly string[]) {
    this.#file = file
    this.#names = names
    this.ignoredKeys = ignoredKeys
  }

  /** @throws CheckpointError `CHECKPOINT_KEYS`, which lists every missing, unexpected and mismatched (shape, dtype) key */
  static check(file: OpenSafetensors, config: BertConfig): Checkpoint {
    const shapes = checkpointShapes(config)
    const names = new Map<string, string>()
    const ignored: string[] = []
    const unexpected: string[] = []
    for (const name of file.tensors.keys()) {
      const key = canonical(name)
      const weight = key.endsWith('.weight_scale') ? key.slice(0, -'_scale'.length) : key
      if (IGNORED.includes(weight)) ignored.push(name)
      else if (!shapes.has(weight)) unexpected.push(name)
      else if (names.has(key)) unexpected.push(`${name} (beside ${names.get(key) ?? ''})`)
      else names.set(key, name)
    }
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
      if (!scale && isInt8) missing.push(`${key}_scale`)
      // compressed-tensors writes [rows, 1].
      const [rows = 0] = shape
      if (
        scale &&
        isInt8 &&
        !([`${rows}`, `${rows},1`].includes(String(scale.shape)) && FLOATS.includes(scale.dtype))
      ) {
        mismatched.push(mismatch(`${key}_scale`, scale, FLOATS, [rows, 1]))
      }
    }
    if (missing.length + unexpected.length + mismatched.length > 0) throw keysError(missing, unexpected, mismatched)
    return new Checkpoint(file, names, ignored)
  }

  /** One weight, as the file stores it. `key` is one of {@link checkpointShapes}. */
  async read(key: string): Promise<StoredTensor> {
    const { dtype, shape, data } = await this.#file.read(this.#names.get(key) ?? key)
    const scale = dtype === 'I8' ? decode(await this.read(`${key}_scale`)) : undefined
    // check() has seen to it that dtype is one of a StoredTensor's.
    return { name: key, shape, stored: dtype, data, scale } as StoredTensor
  }

  /** The nn.Linear modules of these names, stacked into one: [outputs₁ + outputs₂ + …, inputs] */
  async linear(kernels: Kernels, ...modules: readonly string[]): Promise<LinearWeights> {
    const parts: LinearPart[] = []
    for (const module of modules) {
      parts.push({ weight: await this.read(`${module}.weight`), bias: await this.read(`${module}.bias`) })
    }
    return kernels.linearWeights(parts)
  }

  /** The nn.LayerNorm module of this name. */
  async norm(kernels: Kernels, module: string, config: BertConfig): Promise<NormWeights> {
    const [weight, bias] = [await this.read(`${module}.weight`), await this.read(`${module}.bias`)]
    return kernels.normWeights(weight, bias, config.layerNormEps)
  }
}

function mismatch(key: string, found: TensorInfo, dtypes: readonly string[], shape: readonly number[]): string {
  return `${key} (found ${found.dtype} [${found.shape.join(', ')}], expected ${dtypes.join('/')} [${shape.join(', ')}])`
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
      .map(([problem, keys]) => `${keys.length} ${problem}: ${keys.join(', ')}`)
      .join('; '),
    nextStep: 'Take config.json and model.safetensors from one BertForTokenClassification checkpoint.',
  })
}
