/**
 * BERT with a token classification head (Devlin 2018): ids in, one row of logits per token out.
 *
 *   ids ─ Embedding ─► [T, C] ─ Encoder: { SelfAttention, FeedForward } × layers ─► [T, C] ─ Classifier ─► [T, L]
 *
 * Reading order: config, checkpoint, embedding, self-attention, feed-forward, encoder, classifier, this file.
 */
import { BackendError } from '../errors.ts'
import { concatenate } from '../kernels/stored.ts'
import type { Kernels, PackedBatch, Tensor } from '../kernels/kernels.ts'
import { loadKernels } from '../kernels/load.ts'
import type { BackendOptions } from '../kernels/options.ts'
import type { ModelSource } from '../source/source.ts'
import { openCheckpoint } from '../safetensors/checkpoint.ts'
import { checkBatch, splitBatch } from './batch.ts'
import { Checkpoint } from './checkpoint.ts'
import { Classifier } from './classifier.ts'
import { loadConfig, type BertConfig } from './config.ts'
import { Embedding } from './embedding.ts'
import { Encoder, type TraceTensors } from './encoder.ts'

export interface ForwardOptions {
  /** Also give what is between the layers (backends naive and tfjs). */
  readonly trace?: boolean
}

export interface ForwardResult {
  /** [T, L], row-major: `logits[t · L + l]` */
  readonly logits: Float32Array
  /** Where `trace` was asked for. */
  readonly trace?: Trace
}

export interface Trace {
  /** After the embeddings, and after each layer: layers + 1 of [T, C] */
  readonly hiddenStates: readonly Float32Array[]
  /** Of each layer: for each sequence in turn [H, n, n], query by key, flattened back to back → [Σ H·n²] */
  readonly attentionProbabilities: readonly Float32Array[]
}

/**
 * Tokens that are computed at once: bounds the memory of activations on every backend, and is far above what makes one
 * forward pass efficient. Larger batches are cut between sequences, which changes no answer.
 */
const MAX_TOKENS = 4096

/** A loaded model: its weights on a backend, its configuration, and the way through it. */
export class BertForTokenClassification {
  readonly config: BertConfig
  /** Keys of the checkpoint that this model understands and does not use. */
  readonly ignoredKeys: readonly string[]
  readonly embedding: Embedding
  readonly encoder: Encoder
  readonly classifier: Classifier
  readonly #kernels: Kernels
  #disposed = false

  private constructor(
    kernels: Kernels,
    config: BertConfig,
    ignoredKeys: readonly string[],
    layers: readonly [Embedding, Encoder, Classifier],
  ) {
    this.#kernels = kernels
    this.config = config
    this.ignoredKeys = ignoredKeys
    ;[this.embedding, this.encoder, this.classifier] = layers
  }

  /**
   * Loads config.json and model.safetensors, weight by weight: no more than one is held twice.
   *
   * @throws SourceError, SafetensorsError, ConfigError; CheckpointError `CHECKPOINT_KEYS` where the weights are not those that
   *   config.json describes; BackendError, OptionError where the backend is not available or does not know an option
   */
  static async load(source: ModelSource, options: BackendOptions = {}): Promise<BertForTokenClassification> {
    const kernels = await loadKernels(options)
    try {
      return await BertForTokenClassification.loadOn(kernels, source)
    } catch (error) {
      await kernels.dispose()
      throw error
    }
  }

  /** {@link load} on kernels that the caller made. Where it resolves, the model's `dispose()` disposes of them. */
  static async loadOn(kernels: Kernels, source: ModelSource): Promise<BertForTokenClassification> {
    const config = await loadConfig(source)
    const file = await openCheckpoint(source)
    try {
      const checkpoint = Checkpoint.check(file, config)
      const layers = [
        await Embedding.load(kernels, checkpoint, config),
        await Encoder.load(kernels, checkpoint, config),
        await Classifier.load(kernels, checkpoint),
      ] as const
      return new BertForTokenClassification(kernels, config, checkpoint.ignoredKeys, layers)
    } finally {
      await file.close()
    }
  }

  /** The name of the backend that computes. */
  get backend(): string {
    return this.#kernels.name
  }

  /**
   * One forward pass over all sequences of the batch: T tokens → logits [T, L], not yet probabilities.
   *
   * @throws OptionError `OPTION_BATCH` where a token does not fit the model; BackendError `BACKEND_NO_TRACE`,
   *   `BACKEND_DISPOSED`, `BACKEND_NOT_FINITE` where the logits are not numbers
   */
  async forward(batch: PackedBatch, { trace = false }: ForwardOptions = {}): Promise<ForwardResult> {
    if (this.#disposed) throw disposed()
    checkBatch(batch, this.config)
    const results: ForwardResult[] = []
    for (const part of splitBatch(batch, MAX_TOKENS)) results.push(await this.#forwardPart(part, trace))
    const logits = concatenate(results.map(result => result.logits))
    return trace ? { logits, trace: joinTraces(results, this.config.numHiddenLayers) } : { logits }
  }

  async #forwardPart(batch: PackedBatch, trace: boolean): Promise<ForwardResult> {
    if (this.#disposed) throw disposed()
    const seen: TraceTensors | undefined = trace ? { hiddenStates: [], attentionProbabilities: [] } : undefined
    const tensors = this.#kernels.scope(() => {
      const logits = this.logits(batch, seen)
      return [logits, ...(seen?.hiddenStates ?? []), ...(seen?.attentionProbabilities ?? [])]
    })
    try {
      const [logits = new Float32Array(), ...rest] = await Promise.all(tensors.map(t => this.#kernels.read(t)))
      checkFinite(logits, this.config.labels.length)
      if (!seen) return { logits }
      const hiddenStates = rest.splice(0, seen.hiddenStates.length)
      return { logits, trace: { hiddenStates, attentionProbabilities: rest } }
    } finally {
      for (const tensor of tensors) this.#kernels.free(tensor)
    }
  }

  /**
   * The model itself, as a handle that the backend has yet to compute. → [T, L]. For `kernels.scope`: what is made on the way
   * is freed by it, and the batch is taken as it is.
   */
  logits(batch: PackedBatch, trace?: TraceTensors): Tensor {
    const embedded = this.embedding.forward(batch) // [T, C]
    const encoded = this.encoder.forward(embedded, batch, trace) // [T, C]
    return this.classifier.forward(encoded) // [T, L]
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

/** Traces of the parts of a batch → the trace of the whole. */
function joinTraces(results: readonly ForwardResult[], layers: number): Trace {
  const join = (name: keyof Trace, count: number) =>
    Array.from({ length: count }, (_, i) => concatenate(results.flatMap(({ trace }) => trace?.[name][i] ?? [])))
  return {
    hiddenStates: join('hiddenStates', layers + 1),
    attentionProbabilities: join('attentionProbabilities', layers),
  }
}

function checkFinite(logits: Float32Array, L: number): void {
  const wrongAt = logits.findIndex(value => !Number.isFinite(value))
  if (wrongAt < 0) return
  throw new BackendError({
    code: 'BACKEND_NOT_FINITE',
    subject: `logits of token ${Math.floor(wrongAt / L)}`,
    expected: 'finite numbers',
    found: String(logits[wrongAt]),
    nextStep: 'The weights are damaged, or the backend ran out of memory: check the file, and try a smaller batch.',
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
