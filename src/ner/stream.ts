/**
 * Streams results in the order of the texts, with memory that does not grow. Texts are taken in pools: while the backend
 * computes one pool, the next is read and tokenized. Each text's result comes as soon as its last batch has ended.
 *
 * A pool ends when it is full, or when the next text has not arrived yet. So typed input is answered at once.
 */
import { onAbort } from './abort.ts'
import type { EntityReader } from './entities.ts'
import type { Entity } from './entity.ts'
import { wrong, type CheckedOptions } from './options.ts'
import type { Prepared, RunOptions, Tagger } from './tagger.ts'
import { guarded, show } from '../values.ts'

const POOL_TOKENS = 4096
const POOL_TEXTS = 1024

/** A text, as a string or as words. */
export type Input = string | readonly string[]

export type Texts = Iterable<Input> | AsyncIterable<Input>

/** Yields results in the order of the texts. `return()` ends it at once, even while it waits for the source. */
export function stream(
  tagger: Tagger,
  reader: EntityReader,
  texts: Texts,
  options: CheckedOptions,
): AsyncGenerator<Entity[], void, undefined> {
  const leave: Leave = { now: () => undefined }
  return new Leavable(results(tagger, reader, texts, options, leave), leave)
}

/** Holds the function that ends the wait for a text. Nothing is set before the first result is asked for. */
interface Leave {
  now: () => void
}

async function* results(
  tagger: Tagger,
  reader: EntityReader,
  texts: Texts,
  options: CheckedOptions,
  leave: Leave,
): AsyncGenerator<Entity[], void, undefined> {
  const { signal, batch_size: batchSize } = options
  tagger.checkInUse()
  const pools = new PoolReader(texts, input => prepareInput(tagger, input, options), signal)
  leave.now = () => {
    pools.leave()
  }
  try {
    for (let pool = await pools.next(); pool.length > 0;) {
      const batches = new Batches(
        tagger,
        pool.flatMap(({ jobs }) => jobs),
        { batchSize, signal },
      )
      // Holds only one huge text at a time.
      const reading = isHuge(pool) ? undefined : pools.next()
      reading?.catch(() => undefined) // Its failure is reported after the results before it.
      let done = 0
      for (const prepared of pool) {
        const text = reader.begin(prepared, options)
        for (const [w, job] of prepared.jobs.entries()) {
          await batches.until(++done)
          text.read(job, w)
          job.logits = READ
        }
        signal?.throwIfAborted()
        yield text.end()
      }
      await batches.until(Infinity)
      pool = await (reading ?? pools.next())
    }
  } finally {
    await pools.close()
  }
}

/** Replaces the logits of a window that has been read, to free their memory. */
const READ = new Float32Array()

function isHuge(pool: readonly Prepared[]): boolean {
  return pool.reduce((sum, { encoded }) => sum + encoded.length, 0) > HUGE
}

/** The number of tokens that makes a text huge: far above a pool, and still only some megabytes. */
const HUGE = 2 ** 18

/** A generator whose `return()` does not queue behind a `next()` that waits for its source. */
class Leavable implements AsyncGenerator<Entity[], void, undefined> {
  readonly #inner: AsyncGenerator<Entity[], void, undefined>
  readonly #leave: Leave
  #isLeft = false

  constructor(inner: AsyncGenerator<Entity[], void, undefined>, leave: Leave) {
    this.#inner = inner
    this.#leave = leave
  }

  async next(): Promise<IteratorResult<Entity[], void>> {
    try {
      return await this.#inner.next()
    } catch (error) {
      if (this.#isLeft) return { done: true, value: undefined }
      throw error
    }
  }

  async return(): Promise<IteratorResult<Entity[], void>> {
    this.#isLeft = true
    this.#leave.now()
    await this.#inner.return().catch(() => undefined)
    return { done: true, value: undefined }
  }

  async throw(error: unknown): Promise<IteratorResult<Entity[], void>> {
    await this.return()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

/** Runs the batches of a pool. While the results of one batch are given out, the next is already running. */
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
    next.catch(() => undefined) // Reported once somebody waits for it.
    return next
  }

  /** Waits until this many jobs are done, or all are. */
  async until(jobs: number): Promise<void> {
    while (this.#done < jobs) {
      const { value, done } = await this.#next
      if (done === true) return
      this.#done = value
      this.#next = this.#advance()
    }
  }
}

/** Encodes a text and cuts it into windows; for a long text, gives a promise. */
function prepareInput(tagger: Tagger, input: Input, options: CheckedOptions): Prepared | Promise<Prepared> {
  const { signal, stride, delimiter } = options
  const how = options.specialTokens === undefined ? {} : { specialTokens: options.specialTokens }
  if (options.is_split_into_words) {
    if (!isWords(input)) {
      const nextStep = 'Without is_split_into_words, give the text as one string.'
      throw wrongInput('a list of words, each a string', input, nextStep)
    }
    return tagger.prepare(tagger.encodeWords(input, delimiter, how), stride)
  }
  if (typeof input !== 'string') throw wrongInput('a string', input, 'For words, give is_split_into_words: true.')
  const encoded = tagger.encode(input, how, signal)
  return 'then' in encoded ? encoded.then(text => tagger.prepare(text, stride)) : tagger.prepare(encoded, stride)
}

function isWords(input: unknown): input is readonly string[] {
  // Array.from, since every() skips the holes of a list.
  const check = () => Array.isArray(input) && Array.from<unknown>(input).every(word => typeof word === 'string')
  return guarded(check, () => wrongInput('a list of words, each a string', input, 'Pass strings.'))
}

function wrongInput(expected: string, found: unknown, nextStep: string): Error {
  return wrong('text', expected, show(found), nextStep)
}

const LATER = Symbol('not there yet')

class PoolReader {
  readonly #iterator: Iterator<Input> | AsyncIterator<Input>
  readonly #isAsync: boolean
  readonly #prepare: (input: Input) => Prepared | Promise<Prepared>
  readonly #signal: AbortSignal | undefined
  /** Ends the wait for a text. */
  #abandon: ((reason: unknown) => void) | undefined
  #pending: Promise<IteratorResult<Input>> | undefined
  /** The error that ended the input early. It is thrown after the results of the texts before it. */
  #failure: { readonly error: unknown } | undefined
  #done = false
  readonly #stopListening: (() => void) | undefined

  constructor(texts: Texts, prepare: (input: Input) => Prepared | Promise<Prepared>, signal: AbortSignal | undefined) {
    const { [Symbol.asyncIterator]: iterate } = texts as Partial<AsyncIterable<Input>>
    this.#isAsync = iterate !== undefined
    const iterator: unknown =
      iterate === undefined
        ? (texts as Iterable<Input>)[Symbol.iterator]()
        : iterate.call(texts as AsyncIterable<Input>)
    const isIterator = () => typeof (iterator as Partial<Iterator<Input>> | null | undefined)?.next === 'function'
    const notOne = () => wrongInput('an iterator with a method next()', iterator, 'Correct what makes the texts.')
    if (!guarded(isIterator, notOne)) throw notOne()
    this.#iterator = iterator as Iterator<Input>
    this.#prepare = prepare
    this.#signal = signal
    if (signal) {
      this.#stopListening = onAbort(signal, () => {
        this.#abandon?.(signal.reason)
      })
    }
  }

  /** Takes the next texts; none at the end. */
  async next(): Promise<Prepared[]> {
    const pool: Prepared[] = []
    let tokens = 0
    try {
      while (!this.#failure && !this.#done && tokens < POOL_TOKENS && pool.length < POOL_TEXTS) {
        const result = this.#isAsync
          ? await this.#nextAsync(pool.length > 0)
          : (this.#iterator as Iterator<Input>).next()
        if (result === LATER) break
        const { done, value } = readResult(result)
        if (done === true) {
          this.#done = true
        } else {
          const prepared = this.#prepare(value)
          const ready = 'then' in prepared ? await prepared : prepared
          pool.push(ready)
          tokens += ready.encoded.length
        }
      }
    } catch (error) {
      this.#failure = { error }
    }
    if (this.#failure && pool.length === 0) throw this.#failure.error
    return pool
  }

  /** Waits for a text. If `impatient`, it gives up after one turn of the event loop; the text then starts the next pool. */
  async #nextAsync(impatient: boolean): Promise<IteratorResult<Input> | typeof LATER> {
    this.#signal?.throwIfAborted()
    const pending = (this.#pending ??= Promise.resolve(this.#iterator.next()))
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      // Promise.race would leave one callback per text on the signal's promise, for as long as the stream lives.
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

  /** Ends the wait: nobody wants texts any more. */
  leave(): void {
    this.#abandon?.(new Error('left'))
  }

  /** Tells the source that we want no more texts, without waiting for one that may never come. */
  async close(): Promise<void> {
    this.#stopListening?.()
    if (this.#done) return
    this.#done = true
    const closing = Promise.resolve(this.#iterator.return?.())
    if (this.#pending) closing.catch(() => undefined)
    else await closing
  }
}

function readResult(result: unknown): { readonly done: unknown; readonly value: Input } {
  const wrong = () => wrongInput('an iterator that gives { value, done }', result, 'Correct its next().')
  const read = () => {
    if (typeof result !== 'object' || result === null) throw wrong()
    const { done, value } = result as IteratorResult<Input, Input>
    return { done, value }
  }
  return guarded(read, wrong)
}
