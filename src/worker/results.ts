/** Results of a stream, a handful at a time: the next one, and those that are there by then. */
import type { Entity } from '../ner/entity.ts'

/** Some results, and whether the stream has ended. */
export interface SomeResults {
  readonly results: readonly (readonly Entity[])[]
  readonly done: boolean
}

const MOST = 256
const LATER = Symbol('not there yet')

export class Results {
  readonly #stream: AsyncGenerator<readonly Entity[], void, undefined>
  #pending: Promise<IteratorResult<readonly Entity[], void>> | undefined

  constructor(stream: AsyncGenerator<readonly Entity[], void, undefined>) {
    this.#stream = stream
  }

  /** Waits for one result, and adds those that come without a wait. An error is thrown by the call after the results before it. */
  async some(): Promise<SomeResults> {
    const results: (readonly Entity[])[] = []
    while (results.length < MOST) {
      const pending = (this.#pending ??= this.#stream.next())
      const next = results.length === 0 ? await pending : await Promise.race([quiet(pending), turn()])
      if (next === LATER) break
      this.#pending = undefined
      if (next.done === true) return { results, done: true }
      results.push(next.value)
    }
    return { results, done: false }
  }

  async leave(): Promise<void> {
    this.#pending?.catch(() => undefined)
    await this.#stream.return()
  }
}

/** The promise, or never if it fails: the next call will hear of that. */
function quiet<T>(promise: Promise<T>): Promise<T | typeof LATER> {
  return promise.catch(() => LATER)
}

function turn(): Promise<typeof LATER> {
  return new Promise(resolve => setTimeout(resolve, 0, LATER))
}
