/**
 * Loads a BERT (bert.ts) onto a backend and runs batches through it: in passes that fit, traced if asked for, and checked on
 * both sides.
 */
import { BackendError, OptionError } from '../errors.ts'
import type { Kernels, PackedBatch } from '../kernels/kernels.ts'
import { loadKernels } from '../kernels/load.ts'
import type { BackendOptions, RunningDType } from '../kernels/options.ts'
import { concatenate } from '../kernels/stored.ts'
import { openCheckpoint } from '../safetensors/checkpoint.ts'
import type { OpenSafetensors } from '../safetensors/reader.ts'
import type { ModelSource } from '../source/source.ts'
import { checkBatch, splitBatch } from './batch.ts'
import { Bert, type TraceTensors } from './bert.ts'
import { loadConfig, type BertConfig } from './config.ts'
import { FAMILIES, TOKEN_TYPES } from './family.ts'
import { Trace } from './trace.ts'
import { guarded, show, UNREADABLE } from '../values.ts'
import { Checkpoint, ShapeList, type Shapes } from './weights.ts'

export interface ForwardOptions {
  /** Also keep what is between the layers, and what attention looked at. Costs memory, and some time. */
  readonly trace?: boolean
}

export interface ForwardResult {
  /** [T, L], row-major: `logits[t · L + l]` */
  readonly logits: Float32Array
  /** Present if `trace` was asked for. */
  readonly trace?: Trace
}

/** The values of one pass: logits [T, L], then, if traced, what is between the layers. */
interface PassValues {
  readonly logits: Float32Array
  readonly hiddenStates: readonly Float32Array[] // layers + 1 of [T, C]
  readonly layerLogits: readonly Float32Array[] // layers + 1 of [T, L]
  readonly qkv: readonly Float32Array[] // layers of [T, 3·C]
}

/**
 * Limits how many tokens are computed at once, which bounds the memory of activations on every backend. It is far above the
 * number that makes a pass efficient. Larger batches are cut between sequences, which changes no answer.
 */
const MAX_TOKENS = 4096

/** A loaded model: its layers, with their weights on a backend, and its configuration. */
export class BertForTokenClassification {
  readonly config: BertConfig
  /** Keys of the checkpoint that this model understands and does not use. */
  readonly ignoredKeys: readonly string[]
  /** The layers, with their weights. */
  readonly bert: Bert
  readonly #kernels: Kernels
  #disposed = false

  private constructor(kernels: Kernels, config: BertConfig, ignoredKeys: readonly string[], bert: Bert) {
    this.#kernels = kernels
    this.config = config
    this.ignoredKeys = ignoredKeys
    this.bert = bert
  }

  /**
   * Loads config.json and model.safetensors, weight by weight: only a few, those that are read ahead, are held twice.
   *
   * @throws SourceError, SafetensorsError, ConfigError; CheckpointError `CHECKPOINT_KEYS` if the weights are not those that
   *   config.json describes; BackendError, OptionError if the backend is not available or does not know an option
   */
  static async load(source: ModelSource, options: BackendOptions = {}): Promise<BertForTokenClassification> {
    const loading = loadKernels(options)
    // The files are opened, and the first weights read, while the backend is loaded and compiled.
    const opening = openModel(loading, source, openCheckpoint)
    opening.catch(() => undefined) // an error of the options comes first
    let kernels: Kernels
    try {
      kernels = await loading
    } catch (error) {
      void opening.then(closeModel, () => undefined)
      throw error
    }
    try {
      return await BertForTokenClassification.#loadOpen(kernels, await opening)
    } catch (error) {
      await kernels.dispose()
      throw error
    }
  }

  /**
   * {@link load} on kernels that the caller made. Once it resolves, the model's `dispose()` disposes of them.
   *
   * @param open opens the weights, which are closed again here
   */
  static async loadOn(
    kernels: Kernels,
    source: ModelSource,
    open: (source: ModelSource) => Promise<OpenSafetensors> = openCheckpoint,
  ): Promise<BertForTokenClassification> {
    return BertForTokenClassification.#loadOpen(kernels, await openModel(kernels, source, open))
  }

  static async #loadOpen(kernels: Kernels, model: OpenModel): Promise<BertForTokenClassification> {
    const { config, checkpoint } = model
    try {
      const bert = await Bert.load(checkpoint, config)
      return new BertForTokenClassification(kernels, config, checkpoint.ignoredKeys, bert)
    } finally {
      await closeModel(model)
    }
  }

  /** The name of the backend that computes. */
  get backend(): string {
    return this.#kernels.name
  }

  /** Where it computes: `wasm`, `cpu`, or the device of tfjs. */
  get device(): string {
    return this.#kernels.device
  }

  /** The arithmetic of the linear layers, as it came out: never `auto`. */
  get dtype(): RunningDType {
    return this.#kernels.dtype
  }

  /** The number of threads that compute. */
  get threads(): number {
    return this.#kernels.threads
  }

  /**
   * Runs all sequences of the batch through the model: T tokens → logits [T, L], not yet probabilities.
   *
   * @throws OptionError `OPTION_BATCH` if a token does not fit the model; BackendError `BACKEND_DISPOSED`,
   *   `BACKEND_NOT_FINITE` if the logits are not numbers
   */
  async forward(batch: PackedBatch, options: ForwardOptions = {}): Promise<ForwardResult> {
    if (this.#disposed) throw disposed()
    const trace = readTrace(options)
    checkBatch(batch, this.config)
    const passes: PassValues[] = []
    for (const part of splitBatch(batch, MAX_TOKENS)) passes.push(await this.#pass(part, trace))
    const logits = concatenate(passes.map(pass => pass.logits))
    return trace ? { logits, trace: this.#joinTrace(passes, batch.starts) } : { logits }
  }

  async #pass(batch: PackedBatch, traced: boolean): Promise<PassValues> {
    if (this.#disposed) throw disposed()
    const [kernels, bert] = [this.#kernels, this.bert]
    const seen: TraceTensors = { hiddenStates: [], qkv: [] }
    const tensors = kernels.scope(() => {
      if (!traced) return [bert.forward(kernels, batch)]
      const logits = bert.forward(kernels, batch, seen)
      return [logits, ...seen.hiddenStates.map(x => bert.classify(kernels, x)), ...seen.hiddenStates, ...seen.qkv]
    })
    try {
      const [logits = new Float32Array(), ...rest] = await Promise.all(tensors.map(tensor => kernels.read(tensor)))
      checkFinite(logits, this.config.labels.length)
      const states = seen.hiddenStates.length
      return {
        logits,
        layerLogits: rest.slice(0, states),
        hiddenStates: rest.slice(states, 2 * states),
        qkv: rest.slice(2 * states),
      }
    } finally {
      for (const tensor of tensors) kernels.free(tensor)
    }
  }

  /** The passes of a batch → the trace of the whole. */
  #joinTrace(passes: readonly PassValues[], starts: Int32Array): Trace {
    const { numHiddenLayers: layers, numAttentionHeads: heads } = this.config
    const join = (name: 'hiddenStates' | 'layerLogits' | 'qkv', count: number) =>
      Array.from({ length: count }, (_, i) => concatenate(passes.flatMap(pass => pass[name][i] ?? [])))
    return new Trace({
      heads,
      starts: starts.slice(),
      hiddenStates: join('hiddenStates', layers + 1),
      layerLogits: join('layerLogits', layers + 1),
      qkv: join('qkv', layers),
    })
  }

  /**
   * Frees the weights: simd gives all of its memory back to the system, naive leaves it to the garbage collector, tfjs frees
   * every tensor, but its heap never shrinks. A forward pass under way may fail, and every later one does.
   */
  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    await this.#kernels.dispose()
  }
}

/** A model whose files have been checked, and whose weights are being read. */
interface OpenModel {
  readonly config: BertConfig
  readonly file: OpenSafetensors
  readonly checkpoint: Checkpoint
}

async function openModel(
  kernels: Kernels | Promise<Kernels>,
  source: ModelSource,
  open: (source: ModelSource) => Promise<OpenSafetensors>,
): Promise<OpenModel> {
  const config = await loadConfig(source)
  const file = await open(source)
  try {
    const { units } = await listWeights(config)
    const checkpoint = await openWeights(kernels, file, config)
    checkpoint.readAhead(units)
    return { config, file, checkpoint }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function closeModel({ file, checkpoint }: OpenModel): Promise<void> {
  await checkpoint.end()
  await file.close()
}

/** Every key that the file of a token classifier has, in BERT's words, with the shape that the configuration demands. */
export async function checkpointShapes(config: BertConfig): Promise<Shapes> {
  const { shapes } = await listWeights(config)
  if (!FAMILIES[config.modelType].hasTokenTypes) shapes.delete(TOKEN_TYPES)
  return shapes
}

async function listWeights(config: BertConfig): Promise<ShapeList> {
  const list = new ShapeList()
  await Bert.load(list, config)
  return list
}

/** @throws CheckpointError `CHECKPOINT_KEYS` if the weights are not those that `config` describes */
export async function openWeights(
  kernels: Kernels | Promise<Kernels>,
  file: OpenSafetensors,
  config: BertConfig,
): Promise<Checkpoint> {
  return Checkpoint.check(kernels, file, await checkpointShapes(config), FAMILIES[config.modelType])
}

function checkFinite(logits: Float32Array, L: number): void {
  const wrongAt = logits.findIndex(value => !Number.isFinite(value))
  if (wrongAt < 0) return
  throw new BackendError({
    code: 'BACKEND_NOT_FINITE',
    subject: `logits of token ${Math.floor(wrongAt / L)}`,
    expected: 'finite numbers',
    found: String(logits[wrongAt]),
    nextStep: 'Check the weights, and try a smaller batch: they are damaged, or memory ran out.',
  })
}

function disposed(): BackendError {
  return new BackendError({
    code: 'BACKEND_DISPOSED',
    subject: 'this model',
    expected: 'a model in use',
    found: 'one whose dispose() was called',
    nextStep: 'Load it again, or call dispose() later.',
  })
}

function readTrace(options: unknown): boolean {
  const wrong = (found: string) =>
    new OptionError({
      code: 'OPTION_VALUE',
      subject: 'options of forward',
      expected: '{ trace: true or false }',
      found,
      nextStep: 'Leave them out for logits alone.',
    })
  const read = () =>
    typeof options === 'object' && options !== null ? ((options as ForwardOptions).trace ?? false) : null
  const trace: unknown = guarded(read, () => wrong(UNREADABLE))
  if (typeof trace !== 'boolean') throw wrong(show(options))
  return trace
}
