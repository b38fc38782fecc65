/**
 * Texts in, results out in the same order, with memory that does not grow. Texts are taken in pools: while the backend
 * computes one pool the next is read and tokenized, and each text's result comes as soon as its last batch has ended.
 *
 * A pool ends when it is full, or when the next text is not there yet: what has been typed is answered at once.
 */
import type { EncodedText } from './encoded-text.ts'
import type { EntityReader } from './entities.ts'
import type { Entity } from './entity.ts'
import { wrong, type CheckedOptions } from './options.ts'
import type { Prepared, RunOptions, Tagger } from './tagger.ts'
import { show } from '../values.ts'

const POOL_TOKENS = 4096
const POOL_TEXTS = 1024

/** A text, or a text as words. */
export type Input = string | readonly string[]

export type Texts = Iterable<Input> | AsyncIterable<Input>

export async function* stream(
  tagger: Tagger,
  reader: EntityReader,
  texts: Texts,
  options: CheckedOptions,
): AsyncGenerator<Entity[], void, undefined> {
  tagger.checkInUse()
  const pools = new PoolReader(
    texts,
    input => tagger.prepare(encodeInput(tagger, input, options), options.stride),
    options.signal,
  )
  const running: RunOptions = { batchSize: options.batch_size, signal: options.signal }
  try {
    for (let pool = await pools.next(); pool.length > 0;) {
      const batches = new Batches(
        tagger,
        pool.flatMap(({ jobs }) => jobs),
        running,
      )
      const reading = pools.next()
      reading.catch(() => undefined) // Its failure is reported after the results that come before it.
      let jobs = 0
      for (const prepared of pool) {
        await batches.until((jobs += prepared.jobs.length))
        options.signal?.throwIfAborted()
        yield reader.read(prepared, options)
      }
      await batches.until(Infinity)
      pool = await reading
    }
  } finally {
    await pools.close()
  }
}

/** The batches of a pool. The one after a finished batch is under way while the finished one's results are given out. */
class Batches {
  readonly #run: AsyncGenerator<number, void, undefined>
  #next: Promise<IteratorResult<number, void>>
  #done = 0

  constructor(tagger: Tagger, jobs: Prepared['jobs'], options: RunOptions) {
    this.#run = tagger.run(jobs, options)
    this.#next = this.#advance()
  }

  #advance(): Promise<IteratorResult<number, void>> {
    const next = this.#run.next()
    next.catch(() => undefined) // It is reported once somebody waits for it.
    return next
  }

  /** Waits until so many jobs are done, or all are. */
  async until(jobs: number): Promise<void> {
    while (this.#done < jobs) {
      const { value, done } = await this.#next
      if (done === true) return
      this.#done = value
      this.#next = this.#advance()
    }
  }
}

function encodeInput(tagger: Tagger, input: Input, options: CheckedOptions): EncodedText {
  if (!options.is_split_into_words) {
    if (typeof input !== 'string') throw wrongInput('a string', input, 'For words, give is_split_into_words: true.')
    return tagger.encode(input)
  }
  if (typeof input === 'string' || !input.every(word => typeof word === 'string')) {
    const nextStep = 'Without is_split_into_words, give the text as one string.'
    throw wrongInput('a list of words, each a string', input, nextStep)
  }
  return tagger.encodeWords(input, options.delimiter)
}

function wrongInput(expected: string, found: unknown, nextStep: string): Error {
  return wrong('text', expected, show(found), nextStep)
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

  constructor(texts: Texts, prepare: (input: Input) => Prepared, signal: AbortSignal | undefined) {
    const { [Symbol.asyncIterator]: iterate } = texts as Partial<AsyncIterable<Input>>
    this.#isAsync = iterate !== undefined
    this.#iterator = iterate?.call(texts as AsyncIterable<Input>) ?? (texts as Iterable<Input>)[Symbol.iterator]()
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
