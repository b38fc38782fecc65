/** The texts of one request on their way through the queue: their windows, and the entities found so far. */
import type { Job } from '../ner/batches.ts'
import type { EntityReader, TextReader } from '../ner/entities.ts'
import type { Entity } from '../ner/entity.ts'
import type { CheckedOptions } from '../ner/options.ts'
import type { Prepared } from '../ner/tagger.ts'
import type { Turn } from './turns.ts'

/** The request that texts belong to. */
export interface Origin {
  readonly client: unknown
  readonly signal: AbortSignal
  /** Milliseconds of `performance.now()` at which nobody waits any longer. */
  readonly until: number
  /** Is filled in for the log. */
  readonly seen: { texts: number; tokens: number; queueMs?: number }
}

/** What happens at the end: `leave`, then one of the others. */
export interface Then {
  readonly leave: () => void
  readonly resolve: (results: Entity[][]) => void
  readonly reject: (error: unknown) => void
}

interface Place {
  readonly text: number
  readonly window: number
}

export class Work implements Turn {
  readonly client: unknown
  /** Tokens that no forward pass has taken yet. */
  waiting: number
  isOver = false
  /** When it joined the queue, in milliseconds of `performance.now()`. */
  readonly #since = performance.now()
  readonly #seen: Origin['seen']
  #taken = 0
  #read = 0
  readonly #jobs: readonly Job[]
  readonly #places: readonly Place[]
  readonly #texts: readonly TextReader[]
  readonly #results: Entity[][] = []
  readonly #then: Then

  constructor(
    prepared: readonly Prepared[],
    options: CheckedOptions,
    reader: EntityReader,
    { client, seen }: Origin,
    tokens: number,
    then: Then,
  ) {
    this.client = client
    this.#seen = seen
    this.waiting = tokens
    this.#jobs = prepared.flatMap(({ jobs }) => jobs)
    this.#places = prepared.flatMap(({ jobs }, text) => jobs.map((_, window) => ({ text, window })))
    this.#texts = prepared.map(one => reader.begin(one, options))
    this.#then = then
    if (this.#jobs.length === 0) this.#end()
  }

  hasMore(): boolean {
    return this.#taken < this.#jobs.length
  }

  /** The next window, which stays until {@link take}. */
  peek(): Job | undefined {
    return this.#jobs[this.#taken]
  }

  /** Takes the next window. → at the first one, the milliseconds that the request was in the queue */
  take(tokens: number): number | undefined {
    this.waiting -= tokens
    return this.#taken++ === 0 ? (this.#seen.queueMs = performance.now() - this.#since) : undefined
  }

  /** Reads the logits of the next window that a forward pass has filled. */
  read(): void {
    const [job, place] = [this.#jobs[this.#read], this.#places[this.#read]]
    if (this.isOver || !job || !place) return
    this.#read++
    this.#texts[place.text]?.read(job, place.window)
    job.logits = EMPTY // It has been read: a book must not keep all of them.
    if (this.#read === this.#jobs.length) this.#end()
  }

  fail(error: unknown): void {
    if (this.isOver) return
    this.isOver = true
    this.#then.leave()
    this.#then.reject(error)
  }

  #end(): void {
    for (const text of this.#texts) this.#results.push(text.end())
    this.isOver = true
    this.#then.leave()
    this.#then.resolve(this.#results)
  }
}

const EMPTY = new Float32Array()
