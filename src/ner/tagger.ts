/**
 * A tokenizer and a model, put together:
 *
 *   text ─ encode ─► EncodedText ─ windows ─► jobs ─ batches ─► logits ─ softmax ─► tokens ─ aggregate ─► entities
 *
 * `prepare` goes as far as the jobs, `run` fills their logits, `finish` does the rest.
 */
import { BackendError, ConfigError } from '../errors.ts'
import type { BertForTokenClassification } from '../layers/bert.ts'
import { packBatch } from '../layers/batch.ts'
import type { Tokenizer } from '../tokenizer/tokenizer.ts'
import { aggregate, type LabelSet } from './aggregate.ts'
import { formBatches, sequenceOf, type Job } from './batches.ts'
import { encodedText, encodedWords, type EncodedText } from './encoded-text.ts'
import type { Entity } from './entity.ts'
import { toCodePoints } from './offsets.ts'
import { show, wrong, type CheckedOptions } from './options.ts'
import { resolveOverlaps } from './overlap.ts'
import { softmax } from './softmax.ts'
import { readTags } from './tags.ts'
import { gatherTokens, type Token, type Vocabulary } from './tokens.ts'
import { defaultOverlap, handOver, planWindows, type Window } from './windows.ts'

/** A text, or a text as words. */
export type Input = string | readonly string[]

/** A text on its way through the model. */
export interface Prepared {
  readonly encoded: EncodedText
  readonly jobs: readonly Job[]
}

export class Classifier {
  readonly tokenizer: Tokenizer
  readonly model: BertForTokenClassification
  readonly #labels: LabelSet
  readonly #vocabulary: Vocabulary
  /** The end of the line: each forward pass waits for the one before, whichever call it belongs to. */
  #last: Promise<unknown> = Promise.resolve()
  #disposed = false

  constructor(tokenizer: Tokenizer, model: BertForTokenClassification) {
    this.tokenizer = tokenizer
    this.model = model
    this.#labels = { names: model.config.labels, tags: readTags(model.config.labels) }
    this.#vocabulary = {
      unkId: tokenizer.unkToken?.id,
      continuingSubwordPrefix: tokenizer.continuingSubwordPrefix,
      decodeTokens: tokens => tokenizer.decodeTokens(tokens),
    }
  }

  /** @throws BackendError `BACKEND_DISPOSED` */
  checkInUse(): void {
    if (this.#disposed) throw disposed()
  }

  /** @throws OptionError where the input or `stride` does not fit; ConfigError `CONFIG_WINDOW` where no text fits the model */
  prepare(input: Input, options: CheckedOptions): Prepared {
    this.checkInUse()
    const encoded = this.#encode(input, options)
    const capacity = this.#capacity(encoded)
    if (options.stride !== undefined && options.stride >= capacity) {
      throw wrong('stride', `less than the ${capacity} tokens of a window`, show(options.stride), 'Make it smaller.')
    }
    const windows = planWindows(encoded.ids.length, capacity, options.stride ?? defaultOverlap(capacity))
    return { encoded, jobs: windows.map(window => ({ encoded, window, logits: new Float32Array() })) }
  }

  #encode(input: Input, { is_split_into_words: split, delimiter }: CheckedOptions): EncodedText {
    if (!split) {
      if (typeof input !== 'string') throw wrongInput('a string', input, 'For words, give is_split_into_words: true.')
      return encodedText(input, this.tokenizer.encode(input))
    }
    if (typeof input === 'string' || !input.every(word => typeof word === 'string')) {
      throw wrongInput(
        'a list of words, each a string',
        input,
        'Without is_split_into_words, give the text as one string.',
      )
    }
    return encodedWords(input, delimiter, this.tokenizer.encodeWords(input))
  }

  /** Tokens of a text that the model can see at once, beside the special tokens. */
  #capacity({ before, after }: EncodedText): number {
    const most = Math.min(this.tokenizer.modelMaxLength ?? Infinity, this.model.config.maxPositionEmbeddings)
    const capacity = most - before.ids.length - after.ids.length
    if (capacity >= 1) return capacity
    throw new ConfigError({
      code: 'CONFIG_WINDOW',
      subject: 'the smaller of max_position_embeddings and model_max_length',
      expected: `more than the ${before.ids.length + after.ids.length} special tokens around a text`,
      found: String(most),
      nextStep: 'Correct config.json or tokenizer_config.json: no text fits this model.',
    })
  }

  /** Fills the logits of every job, batch after batch. Rejects with `signal.reason` once the signal is aborted. */
  async run(jobs: readonly Job[], { batch_size, signal }: CheckedOptions): Promise<void> {
    signal?.throwIfAborted()
    for (const batch of formBatches(jobs, batch_size)) {
      const turn = this.#last.then(() => {
        signal?.throwIfAborted()
        return this.#forward(batch)
      })
      this.#last = turn.catch(() => undefined)
      await turn
      await eventLoop()
    }
  }

  async #forward(jobs: readonly Job[]): Promise<void> {
    const batch = packBatch(jobs.map(sequenceOf))
    const { logits } = await this.model.forward(batch) // [T, L]
    const L = this.#labels.names.length
    for (const [b, job] of jobs.entries()) {
      const first = (batch.starts[b] ?? 0) + job.encoded.before.ids.length
      const [from, to] = job.window
      job.logits = logits.slice(first * L, (first + to - from) * L)
    }
  }

  finish({ encoded, jobs }: Prepared, options: CheckedOptions): Entity[] {
    const { threshold, offset_unit, stride } = options
    let entities: Entity[]
    if (stride === undefined || jobs.length <= 1) {
      entities = this.#aggregate(this.#tokens(encoded, [0, encoded.ids.length], joinWindows(encoded, jobs)), options)
    } else {
      const found = jobs.flatMap(job => this.#aggregate(this.#tokens(encoded, job.window, job.logits), options))
      entities = resolveOverlaps(encoded.text, found)
    }
    const kept = entities.filter(({ score }) => score >= threshold)
    if (offset_unit === 'codepoint') toCodePoints(encoded.text, kept)
    return kept
  }

  #tokens(encoded: EncodedText, range: Window, logits: Float32Array): Token[] {
    const probabilities = softmax(logits, this.#labels.names.length)
    return gatherTokens(encoded, range, probabilities, this.#vocabulary, encoded.before.ids.length)
  }

  #aggregate(tokens: readonly Token[], options: CheckedOptions): Entity[] {
    return aggregate(tokens, this.#labels, this.#vocabulary, {
      strategy: options.aggregation_strategy,
      ignoreLabels: options.ignore_labels,
      topK: options.top_k,
    })
  }

  /** Waits for the forward pass under way, then frees the model. */
  async dispose(): Promise<void> {
    this.#disposed = true
    await this.#last
    await this.model.dispose()
  }
}

/** Each token's logits from the window in which it has more context → [n, L] */
function joinWindows({ ids, wordIds }: EncodedText, jobs: readonly Job[]): Float32Array {
  const [first] = jobs
  if (!first || jobs.length === 1) return first?.logits ?? new Float32Array()
  const [from, to] = first.window
  const L = first.logits.length / (to - from)
  const joined = new Float32Array(ids.length * L)
  for (const [i, [from, to]] of handOver(
    jobs.map(job => job.window),
    wordIds,
  ).entries()) {
    const job = jobs[i] ?? first
    const [start] = job.window
    joined.set(job.logits.subarray((from - start) * L, (to - start) * L), from * L)
  }
  return joined
}

/**
 * Lets timers, input and the user in: a backend that computes on this thread would otherwise never let go of it. In a page by
 * a message to itself: timers of a page in the background are held back to one a second.
 */
function eventLoop(): Promise<void> {
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

function wrongInput(expected: string, found: unknown, nextStep: string): Error {
  return wrong('text', expected, show(found), nextStep)
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
