/** The caller's side of a pipeline in a worker: calls become messages, and every waiting call hears of a worker that dies. */
import { BackendError, OptionError } from '../errors.ts'
import { onAbort } from '../ner/abort.ts'
import type { ModelFile, ModelSource } from '../source/source.ts'
import {
  errorMessage,
  errorOf,
  type Call,
  type FromWorker,
  type Question,
  type SomeTexts,
  type ToWorker,
} from './protocol.ts'

/** A worker, as the client sees it. */
export interface Link {
  post(message: ToWorker, transfer?: readonly ArrayBuffer[]): void
  /** Sets whether the worker keeps the process alive: it does while calls wait. */
  keepAlive(alive: boolean): void
  terminate(): void
}

/** Starts a worker. `onDeath` is called if it ends unasked. */
export type StartWorker = (onMessage: (message: FromWorker) => void, onDeath: (cause: unknown) => void) => Link

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

export class Client {
  readonly #link: Link
  readonly #waiting = new Map<number, Waiting>()
  readonly #sources = new Map<number, TextSource>()
  readonly #files = new Map<number, ModelFile>()
  #source: ModelSource | undefined
  #report: ((event: never) => void) | undefined
  #number = 0
  /** The reason why no call can be answered any more. */
  #ended: Error | undefined

  constructor(start: StartWorker) {
    this.#link = start(
      message => this.#receive(message),
      cause => this.#end(died(cause)),
    )
  }

  /** Sets what the worker may ask for while it loads. */
  serve(source: ModelSource | undefined, report: ((event: never) => void) | undefined): void {
    this.#source = source
    this.#report = report
  }

  /** @throws (rejects with) the worker's error; `signal.reason`; BackendError `BACKEND_WORKER`, `BACKEND_DISPOSED` */
  async call(call: Call, signal?: AbortSignal): Promise<unknown> {
    return this.#send(++this.#number, call, signal)
  }

  async #send(id: number, call: Call, signal?: AbortSignal): Promise<unknown> {
    if (this.#ended) throw this.#ended
    signal?.throwIfAborted()
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    const stop = signal && onAbort(signal, () => this.#abort(id, signal.reason))
    try {
      this.#post({ ...call, id })
      this.#link.keepAlive(true)
      return await answer
    } finally {
      stop?.()
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) this.#link.keepAlive(false)
    }
  }

  #abort(id: number, reason: unknown): void {
    this.#post({ abort: id })
    this.#waiting.get(id)?.reject(reason)
  }

  /** Streams results for texts of the caller's. */
  async *stream(
    texts: Iterable<unknown> | AsyncIterable<unknown>,
    options: object,
    signal?: AbortSignal,
  ): AsyncGenerator<unknown, void, undefined> {
    const stream = ++this.#number
    const source = new TextSource(texts)
    this.#sources.set(stream, source)
    const stop = signal && onAbort(signal, () => this.#post({ abort: stream }))
    try {
      await this.#send(stream, { call: 'stream', stream, options })
      for (;;) {
        signal?.throwIfAborted()
        const { results, done } = (await this.call({ call: 'next', stream }, signal)) as {
          results: readonly unknown[]
          done: boolean
        }
        for (const result of results) {
          signal?.throwIfAborted()
          yield result
        }
        if (done) return
      }
    } catch (error) {
      throw source.failure ? source.failure.error : error
    } finally {
      stop?.()
      this.#sources.delete(stream)
      // Nobody waits for it: the worker may be in the middle of a pass.
      this.call({ call: 'leave', stream }).catch(() => undefined)
      await source.close()
    }
  }

  /** Ends the worker, after its pipeline has freed its memory. */
  async dispose(): Promise<void> {
    if (this.#ended) return
    try {
      await this.call({ call: 'dispose' })
    } finally {
      this.#end(disposed())
      this.#link.terminate()
    }
  }

  /** Ends the worker at once: loading failed. */
  terminate(): void {
    this.#end(disposed())
    this.#link.terminate()
  }

  #end(error: Error): void {
    this.#ended ??= error
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended)
    this.#waiting.clear()
    this.#files.clear()
  }

  #receive(message: FromWorker): void {
    if ('progress' in message) this.#report?.(message.progress as never)
    else if ('question' in message) void this.#reply(message)
    else if (message.error) this.#waiting.get(message.id)?.reject(errorOf(message.error))
    else this.#waiting.get(message.id)?.resolve(message.value)
  }

  async #reply(question: Question & { readonly question: number }): Promise<void> {
    const reply = question.question
    try {
      const value = await this.#find(question)
      if (!this.#ended) this.#post({ reply, value })
    } catch (error) {
      if (!this.#ended) this.#post({ reply, error: errorMessage(error) })
    }
  }

  async #find(question: Question & { readonly question: number }): Promise<unknown> {
    switch (question.ask) {
      case 'texts':
        return (await this.#sources.get(question.stream)?.some()) ?? { texts: [], done: true }
      case 'open': {
        if (!this.#source) throw new Error('no source')
        const file = await this.#source.open(question.name)
        this.#files.set(question.question, file)
        return { file: question.question, size: file.size }
      }
      case 'read':
        return this.#files.get(question.file)?.read(question.offset, question.length)
      case 'close': {
        const file = this.#files.get(question.file)
        this.#files.delete(question.file)
        return file?.close?.()
      }
    }
  }

  /** @throws OptionError `OPTION_VALUE` for what cannot be sent */
  #post(message: ToWorker): void {
    if (this.#ended) return
    try {
      this.#link.post(message)
    } catch (cause) {
      throw new OptionError({
        code: 'OPTION_VALUE',
        subject: 'an argument',
        expected: 'values that can be sent to a worker',
        found: cause instanceof Error ? cause.message : String(cause),
        nextStep: 'Pass strings, numbers, lists and plain objects; functions stay on the side that made them.',
        cause,
      })
    }
  }
}

const MOST_TEXTS = 256
const MOST_UNITS = 65_536
const LATER = Symbol('not there yet')

/** The caller's texts, a handful at a time: the next one, and those that are there by then. */
class TextSource {
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>
  readonly #isAsync: boolean
  #pending: Promise<IteratorResult<unknown>> | undefined
  #done = false
  /** The error that ended the texts. It is thrown as it is, after the results of the texts before it. */
  failure: { readonly error: unknown } | undefined

  constructor(texts: Iterable<unknown> | AsyncIterable<unknown>) {
    const { [Symbol.asyncIterator]: later } = texts as Partial<AsyncIterable<unknown>>
    this.#isAsync = later !== undefined
    this.#iterator = later
      ? later.call(texts as AsyncIterable<unknown>)
      : (texts as Iterable<unknown>)[Symbol.iterator]()
  }

  async some(): Promise<SomeTexts> {
    const texts: unknown[] = []
    let units = 0
    try {
      while (!this.#done && !this.failure && texts.length < MOST_TEXTS && units < MOST_UNITS) {
        const result = this.#isAsync
          ? await this.#later(texts.length > 0)
          : (this.#iterator as Iterator<unknown>).next()
        if (result === LATER) break
        if (result.done === true) this.#done = true
        else {
          texts.push(result.value)
          units += typeof result.value === 'string' ? result.value.length : 1
        }
      }
    } catch (error) {
      this.failure = { error }
    }
    if (this.failure && texts.length === 0) throw this.failure.error
    return { texts, done: this.#done }
  }

  async #later(impatient: boolean): Promise<IteratorResult<unknown> | typeof LATER> {
    const pending = (this.#pending ??= Promise.resolve((this.#iterator as AsyncIterator<unknown>).next()))
    const result = await (impatient
      ? Promise.race([pending, new Promise<typeof LATER>(resolve => setTimeout(resolve, 0, LATER))])
      : pending)
    if (result !== LATER) this.#pending = undefined
    return result
  }

  async close(): Promise<void> {
    if (this.#done) return
    this.#done = true
    const closing = Promise.resolve(this.#iterator.return?.())
    if (this.#pending) closing.catch(() => undefined)
    else await closing
  }
}

function died(cause: unknown): BackendError {
  return new BackendError({
    code: 'BACKEND_WORKER',
    subject: 'the worker of this pipeline',
    expected: 'a worker that runs',
    found: `one that ended: ${cause instanceof Error ? cause.message : String(cause)}`,
    nextStep:
      'Make another pipeline. If it never starts, the page has no file of the worker, or forbids it (worker-src).',
    cause,
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
