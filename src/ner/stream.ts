/**
 * Texts in, results out in the same order, with memory that does not grow. Texts are taken in pools: a pool's windows are
 * batched by length, and while the backend computes one pool the next is read and tokenized.
 *
 * A pool ends when it is full, or when the next text is not there yet: what has been typed is answered at once.
 */
import type { Classifier, Input, Prepared } from './tagger.ts'
import type { Entity } from './entity.ts'
import type { CheckedOptions } from './options.ts'

const POOL_TOKENS = 4096
const POOL_TEXTS = 1024

export type Inputs = Iterable<Input> | AsyncIterable<Input>

export async function* stream(
  classifier: Classifier,
  inputs: Inputs,
  options: CheckedOptions,
): AsyncGenerator<Entity[], void, undefined> {
  classifier.checkInUse()
  const reader = new PoolReader(inputs, input => classifier.prepare(input, options), options.signal)
  try {
    for (let pool = await reader.next(); pool.length > 0;) {
      const jobs = pool.flatMap(({ jobs }) => jobs)
      const computing = classifier.run(jobs, options)
      const reading = reader.next()
      reading.catch(() => undefined) // Its failure is reported after the results that come before it.
      await computing
      for (const prepared of pool) {
        options.signal?.throwIfAborted()
        yield classifier.finish(prepared, options)
      }
      pool = await reading
    }
  } finally {
    await reader.close()
  }
}

const LATER = Symbol('not there yet')

class PoolReader {
  readonly #iterator: Iterator<Input> | AsyncIterator<Input>
  readonly #isAsync: boolean
  readonly #prepare: (input: Input) => Prepared
  readonly #signal: AbortSignal | undefined
  /** Ends the wait for a text. */
  #abandon: ((reason: unknown) => void) | undefined
  #pending: Promise<IteratorResult<Input>> | undefined
  /** What ended the input too early: thrown when the texts before it are through. */
  #failure: { readonly error: unknown } | undefined
  #done = false

  constructor(inputs: Inputs, prepare: (input: Input) => Prepared, signal: AbortSignal | undefined) {
    const { [Symbol.asyncIterator]: iterate } = inputs as Partial<AsyncIterable<Input>>
    this.#isAsync = iterate !== undefined
    this.#iterator = iterate?.call(inputs as AsyncIterable<Input>) ?? (inputs as Iterable<Input>)[Symbol.iterator]()
    this.#prepare = prepare
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort)
  }

  /** The next texts; none at the end. */
  async next(): Promise<Prepared[]> {
    const pool: Prepared[] = []
    let tokens = 0
    try {
      while (!this.#failure && !this.#done && tokens < POOL_TOKENS && pool.length < POOL_TEXTS) {
        const result = this.#isAsync
          ? await this.#nextAsync(pool.length > 0)
          : (this.#iterator as Iterator<Input>).next()
        if (result === LATER) break
        if (result.done) {
          this.#done = true
        } else {
          const prepared = this.#prepare(result.value)
          pool.push(prepared)
          tokens += prepared.encoded.ids.length
        }
      }
    } catch (error) {
      this.#failure = { error }
    }
    if (this.#failure && pool.length === 0) throw this.#failure.error
    return pool
  }

  /** With `impatient`, gives up after one turn of the event loop; the text is then the first of the next pool. */
  async #nextAsync(impatient: boolean): Promise<IteratorResult<Input> | typeof LATER> {
    this.#signal?.throwIfAborted()
    const pending = (this.#pending ??= Promise.resolve(this.#iterator.next()))
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      // Promise.race would leave a callback on the promise of the signal for each text, for as long as the stream lives.
      const result = await new Promise<IteratorResult<Input> | typeof LATER>((resolve, reject) => {
        this.#abandon = reject
        pending.then(resolve, reject)
        if (impatient) timer = setTimeout(resolve, 0, LATER)
      })
      if (result !== LATER) this.#pending = undefined
      return result
    } finally {
      this.#abandon = undefined
      clearTimeout(timer)
    }
  }

  readonly #onAbort = (): void => {
    this.#abandon?.(this.#signal?.reason)
  }

  /** Tells the source that no more is wanted, without waiting for a text that may never come. */
  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    if (this.#done) return
    this.#done = true
    const closing = Promise.resolve(this.#iterator.return?.())
    if (this.#pending) closing.catch(() => undefined)
    else await closing
  }
}
