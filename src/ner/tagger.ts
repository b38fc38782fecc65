/**
 * Computes the logits of encoded texts, one row per token. The pipeline's entities and the evaluation's word tags both come
 * from these logits, so a score measures the very program that answers.
 *
 *   EncodedText ─ windows ─► jobs ─ batches ─ model ─► logits of each window ─ join ─► [n, L]
 */
import { BackendError, ConfigError } from '../errors.ts'
import type { PackedBatch } from '../kernels/kernels.ts'
import { packBatch } from '../layers/batch.ts'
import type { DecodingConfig } from '../layers/config.ts'
import { checkTextLength } from '../limits.ts'
import type { CompactEncoding } from '../tokenizer/compact.ts'
import type { EncodeOptions, Tokenizer } from '../tokenizer/tokenizer.ts'
import { formBatches, sequenceOf, type BatchLimits, type Job } from './batches.ts'
import { encodedWords, type EncodedText } from './encoded-text.ts'
import { tooLarge } from './fit.ts'
import { wrong } from './options.ts'
import { softmax } from './softmax.ts'
import { defaultOverlap, handOver, planWindows } from './windows.ts'
import { show } from '../values.ts'

/** The part of a tokenizer that tagging uses. */
export type TaggerTokenizer = Pick<Tokenizer, 'encodeCompact' | 'encodeWords' | 'modelMaxLength' | 'around'> &
  Partial<Pick<Tokenizer, 'vocabSize' | 'idToToken'>>

/** The part of a model that tagging uses. */
export interface TaggerModel {
  readonly config: {
    readonly labels: readonly string[]
    readonly maxPositionEmbeddings: number
    readonly decoding?: DecodingConfig
    readonly vocabSize?: number
  }
  /** → logits [T, L] */
  forward(batch: PackedBatch): Promise<{ readonly logits: Float32Array }>
}

/** A text that is ready for the model. */
export interface Prepared {
  readonly encoded: EncodedText
  readonly jobs: readonly Job[]
}

/** How to read typed special tokens: see {@link EncodeOptions}. */
export type EncodeHow = Pick<EncodeOptions, 'specialTokens'>

export interface RunOptions extends BatchLimits {
  readonly signal?: AbortSignal | undefined
}

export class Tagger {
  /** [L], as in config.json. */
  readonly labels: readonly string[]
  /** The longest sequence in tokens, special tokens included. */
  readonly maxLength: number
  /** How to choose labels, unless a call says otherwise. */
  readonly decoding: DecodingConfig
  readonly #tokenizer: TaggerTokenizer
  readonly #model: TaggerModel
  /** The number of special tokens of each window. */
  readonly #special: number
  /** The end of the queue: each forward pass waits for the one before, whichever call it belongs to. */
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  /** `maxLength` replaces the tokenizer's model_max_length. The model's position embeddings limit both. */
  constructor(tokenizer: TaggerTokenizer, model: TaggerModel, maxLength?: number) {
    this.#tokenizer = tokenizer
    this.#model = model
    this.labels = model.config.labels
    this.decoding = model.config.decoding ?? { decoding: 'argmax', temperature: 1, oBias: 0 }
    this.#special = tokenizer.around.before.ids.length + tokenizer.around.after.ids.length
    this.maxLength = Math.min(maxLength ?? tokenizer.modelMaxLength ?? Infinity, model.config.maxPositionEmbeddings)
  }

  /**
   * Encodes a text; for a long text, gives a promise. The event loop runs between its stretches, and `signal` ends the work.
   *
   * @throws OptionError `OPTION_TEXT_TOO_LONG`; TokenizerError `TOKENIZER_LARGER_THAN_MODEL` for a token without a row
   */
  encode(text: string, how: EncodeHow = {}, signal?: AbortSignal): EncodedText | Promise<EncodedText> {
    checkTextLength(text.length, 'entities')
    const stretches = this.#tokenizer.encodeCompact(text, how)
    const first = stretches.next()
    if (first.done) return this.#checkIds(withText(text, first.value))
    const go = async (): Promise<EncodedText> => {
      for (;;) {
        await eventLoop()
        signal?.throwIfAborted()
        const next = stretches.next()
        if (next.done) return this.#checkIds(withText(text, next.value))
      }
    }
    return go()
  }

  /** Encodes words that the caller has split. Their text is the words with `delimiter` between them. */
  encodeWords(words: readonly string[], delimiter = ' ', how: EncodeHow = {}): EncodedText {
    checkTextLength(
      words.reduce((sum, word) => sum + word.length + delimiter.length, 0),
      'encoding',
    )
    const encoding = this.#tokenizer.encodeWords(words, { ...how, addSpecialTokens: false })
    return this.#checkIds(encodedWords(words, delimiter, encoding))
  }

  /** Checks that each id has a row. Only a token that files name but do not list can lack one: {@link checkFit} refused others. */
  #checkIds(encoded: EncodedText): EncodedText {
    const rows = this.#model.config.vocabSize ?? Infinity
    const { vocabSize = 0 } = this.#tokenizer
    if (vocabSize <= rows) return encoded
    for (let i = 0; i < encoded.length; i++) {
      const id = encoded.ids[i] ?? 0
      if (id >= rows) throw tooLarge(this.#tokenizer.idToToken?.(id) ?? '', id, vocabSize, rows)
    }
    return encoded
  }

  /**
   * Cuts a text into windows that share `stride` tokens (default: {@link defaultOverlap}).
   *
   * @throws OptionError if `stride` is as long as a window; ConfigError `CONFIG_WINDOW` if no token fits beside the special ones
   */
  prepare(encoded: EncodedText, stride?: number): Prepared {
    const capacity = this.#capacity()
    if (stride !== undefined && stride >= capacity) {
      throw wrong('stride', `less than the ${capacity} tokens of a window`, show(stride), 'Make it smaller.')
    }
    const windows = planWindows(encoded.length, capacity, stride ?? defaultOverlap(capacity))
    return { encoded, jobs: windows.map(window => ({ encoded, window, logits: NO_LOGITS })) }
  }

  /** The most tokens of a text in one sequence, beside the special tokens. */
  #capacity(): number {
    const special = this.#special
    const capacity = this.maxLength - special
    if (capacity >= 1) return capacity
    throw new ConfigError({
      code: 'CONFIG_WINDOW',
      subject: 'the smaller of max_position_embeddings and model_max_length',
      expected: `more than the ${special} special tokens around a text`,
      found: String(this.maxLength),
      nextStep: 'Correct config.json or tokenizer_config.json: no text fits this model.',
    })
  }

  /**
   * Fills the logits of the jobs in order, batch by batch, and yields the number done. The event loop runs between two
   * batches and at the end. Throws `signal.reason` once the signal is aborted.
   */
  async *run(jobs: readonly Job[], options: RunOptions): AsyncGenerator<number, void, undefined> {
    const { signal } = options
    let done = 0
    for (const batch of formBatches(jobs, this.#special, options)) {
      if (done > 0) await eventLoop()
      signal?.throwIfAborted()
      const turn = this.#last.then(() => {
        signal?.throwIfAborted()
        return this.#forward(batch)
      })
      this.#last = turn.catch(() => undefined)
      await turn
      done += batch.length
      yield done
    }
    await eventLoop()
  }

  /** The length of a window's sequence in tokens, special tokens included. */
  lengthOf({ window: [from, to] }: Job): number {
    return to - from + this.#special
  }

  async #forward(jobs: readonly Job[]): Promise<void> {
    if (this.#closed) throw disposed()
    const { around } = this.#tokenizer
    const batch = packBatch(jobs.map(job => sequenceOf(job, around)))
    const { logits } = await this.#model.forward(batch) // [T, L]
    const L = this.labels.length
    for (const [b, job] of jobs.entries()) {
      const first = batch.starts[b]! + around.before.ids.length
      const [from, to] = job.window
      job.logits = logits.slice(first * L, (first + to - from) * L)
    }
  }

  /** Joins the logits of a whole text. Each token's come from the window that shows more of its context. → [n, L] */
  logits({ encoded, jobs }: Prepared): Float32Array {
    const [first] = jobs
    if (!first || jobs.length === 1) return first?.logits ?? NO_LOGITS
    const L = this.labels.length
    const joined = new Float32Array(encoded.length * L)
    const windows = jobs.map(job => job.window)
    for (const [i, [from, to]] of handOver(windows, encoded.wordIds).entries()) {
      const { logits, window } = jobs[i] ?? first
      joined.set(logits.subarray((from - window[0]) * L, (to - window[0]) * L), from * L)
    }
    return joined
  }

  /** Turns logits into probabilities, with config.json's temperature and bias on `O`. [n, L] → [n, L] */
  probabilities(logits: Float32Array): Float32Array {
    const { temperature, oBias } = this.decoding
    if (temperature === 1 && oBias === 0) return softmax(logits, this.labels.length)
    const outside = this.labels.indexOf('O')
    const L = this.labels.length
    const scaled = logits.map((x, i) => x / temperature + (i % L === outside ? oBias : 0))
    return softmax(scaled, L)
  }

  /** @throws BackendError `BACKEND_DISPOSED` after {@link close} */
  checkInUse(): void {
    if (this.#closed) throw disposed()
  }

  /** Refuses further work, and waits for the current forward pass. It does not dispose of the model. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#last
  }
}

const NO_LOGITS = new Float32Array()

function withText(text: string, encoding: CompactEncoding): EncodedText {
  const { length, ids, typeIds, starts, ends, wordIds } = encoding
  return { text, length, ids, typeIds, starts, ends, wordIds }
}

/**
 * Lets timers, input and the user in, since a backend on this thread would otherwise block it. A page sends itself a
 * message, because browsers slow the timers of a background page down to one a second.
 */
export function eventLoop(): Promise<void> {
  return new Promise(resolve => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve)
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

function disposed(): BackendError {
  return new BackendError({
    code: 'BACKEND_DISPOSED',
    subject: 'this pipeline',
    expected: 'a pipeline in use',
    found: 'one whose dispose() was called',
    nextStep: 'Make another one, or call dispose() later.',
  })
}
