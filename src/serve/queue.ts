/**
 * The queue between requests and the model. Batches need no timer: while one computes, the next forms out of all that
 * arrives meanwhile; when nothing computes, a request starts at once.
 *
 *     texts ─ encode, windows ─► admission ─► turns ─► batch of at most `batchTokens` ─ forward ─► entities
 *
 * Who may join says admission.ts.
 */
import { onAbort } from '../ner/abort.ts'
import type { Job } from '../ner/batches.ts'
import type { Entity } from '../ner/entity.ts'
import type { CheckedOptions } from '../ner/options.ts'
import type { PipelineParts } from '../ner/pipeline.ts'
import type { Prepared } from '../ner/tagger.ts'
import { nextTask } from '../platform.ts'
import { Admission } from './admission.ts'
import { gone, late, serveError } from './errors.ts'
import type { Limits } from './options.ts'
import { Turns } from './turns.ts'
import { Work, type Origin } from './work.ts'

/** Is told what the queue does, for the metrics. */
export interface QueueObserver {
  /** Seconds between joining the queue and the first forward pass. */
  started(seconds: number): void
  /** Seconds and packed tokens of a forward pass. */
  computed(seconds: number, tokens: number): void
}

/** Texts that are encoded between two turns of the event loop, at most. */
const ENCODED_AT_ONCE = 64

export class Queue {
  readonly #parts: PipelineParts
  readonly #limits: Limits
  readonly #observer: QueueObserver
  readonly #turns = new Turns<Work>()
  readonly #admission: Admission
  #isRunning = false
  /** Whether the last forward pass failed. */
  hasFailed = false

  constructor(parts: PipelineParts, limits: Limits, observer: QueueObserver) {
    this.#parts = parts
    this.#limits = limits
    this.#observer = observer
    this.#admission = new Admission(limits)
  }

  /** Tokens that wait for a forward pass. */
  get waiting(): number {
    return this.#admission.waiting
  }

  /** @throws ServeError `SERVE_BUSY` if there is no use in reading one more request */
  checkFull(): void {
    this.#admission.checkFull()
  }

  /**
   * Finds the entities of a request's texts.
   *
   * @throws (rejects with) ServeError `SERVE_BUSY`, `SERVE_TOKENS`, `SERVE_DEADLINE`, `SERVE_GONE`; what encoding or computing failed with
   */
  async run(texts: readonly string[], options: CheckedOptions, origin: Origin): Promise<Entity[][]> {
    this.#admission.check(1)
    const { prepared, tokens } = await this.#prepare(texts, options, origin)
    origin.seen.texts += texts.length
    origin.seen.tokens += tokens
    if (origin.signal.aborted) throw gone()
    this.#admission.check(tokens)
    return this.#wait(prepared, options, tokens, origin)
  }

  /** Encodes the texts, and cuts them into windows. */
  async #prepare(texts: readonly string[], options: CheckedOptions, { signal, until }: Origin) {
    const { tagger } = this.#parts
    const how = options.specialTokens === undefined ? {} : { specialTokens: options.specialTokens }
    const prepared: Prepared[] = []
    let tokens = 0 // of all windows
    for (const [i, text] of texts.entries()) {
      if (i % ENCODED_AT_ONCE === ENCODED_AT_ONCE - 1) {
        await nextTask()
        if (signal.aborted) throw gone()
        if (performance.now() > until) throw late(this.#limits.deadline)
      }
      const encoded = await tagger.encode(text, how)
      const one = tagger.prepare(encoded, options.stride)
      prepared.push(one)
      tokens += one.jobs.reduce((sum, job) => sum + tagger.lengthOf(job), 0)
      // Texts without a token cost something, too.
      if (Math.max(tokens, i) > this.#limits.queueTokens) throw this.#tooLong()
    }
    return { prepared, tokens }
  }

  #tooLong() {
    const most = this.#limits.queueTokens
    const nextStep = 'Send its parts one by one.'
    return serveError('SERVE_TOKENS', 'inputs', `at most ${most} tokens in one request`, 'more', nextStep)
  }

  #wait(prepared: readonly Prepared[], options: CheckedOptions, tokens: number, origin: Origin): Promise<Entity[][]> {
    let leave = (): void => undefined
    return new Promise<Entity[][]>((resolve, reject) => {
      const work = new Work(prepared, options, this.#parts.reader, origin, tokens, {
        resolve,
        reject,
        leave: () => leave(),
      })
      if (work.isOver) return
      const end = (error: Error) => {
        this.#drop(work)
        work.fail(error)
      }
      const timer = setTimeout(() => end(late(this.#limits.deadline)), Math.max(0, origin.until - performance.now()))
      const stop = onAbort(origin.signal, () => end(gone()))
      leave = () => {
        clearTimeout(timer)
        stop()
      }
      this.#admission.join(tokens)
      this.#turns.add(work)
      void this.#loop()
    })
  }

  /** Takes a request out of the queue. Windows that are being computed are finished, and forgotten. */
  #drop(work: Work): void {
    this.#turns.remove(work)
    this.#admission.leave(work.waiting)
    work.waiting = 0
  }

  async #loop(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    let done: Batch | undefined
    for (;;) {
      const batch = this.#take()
      const computing = batch && this.#compute(batch)
      // The model is at work again before the answers of the last batch are made.
      if (done) this.#deliver(done)
      done = undefined
      if (!computing) {
        if (this.#turns.first()) continue
        break
      }
      // With threads of its own, the model lets the event loop turn while it computes; without, it has to turn now.
      const [isDone] = await Promise.all([computing, nextTask()])
      if (isDone) done = batch
    }
    this.#isRunning = false
  }

  /** The next batch: a window from each request in turn, as many as fit. */
  #take(): Batch | undefined {
    const { tagger } = this.#parts
    const most = this.#admission.batchTokens
    const batch: Batch = { jobs: [], works: [], tokens: 0 }
    for (let work = this.#turns.first(); work; work = this.#turns.first()) {
      const job = work.peek()
      if (!job) break
      const tokens = tagger.lengthOf(job)
      if (batch.jobs.length > 0 && batch.tokens + tokens > most) break
      const queued = work.take(tokens)
      if (queued !== undefined) this.#observer.started(queued / 1000)
      this.#turns.pass(work)
      batch.jobs.push(job)
      batch.works.push(work)
      batch.tokens += tokens
    }
    if (batch.jobs.length === 0) return undefined
    this.#admission.begin(batch.tokens)
    return batch
  }

  /** Runs a forward pass. → whether it succeeded */
  async #compute({ jobs, works, tokens }: Batch): Promise<boolean> {
    const start = performance.now()
    const pass = this.#parts.tagger.run(jobs, { batchTokens: Infinity })
    let seconds: number | undefined
    try {
      await pass.next()
      seconds = (performance.now() - start) / 1000
      this.#observer.computed(seconds, tokens)
    } catch (error) {
      this.#fail(works, error)
    }
    this.#admission.end(seconds)
    this.hasFailed = seconds === undefined
    return !this.hasFailed
  }

  #deliver({ works }: Batch): void {
    for (const work of works) {
      try {
        work.read()
      } catch (error) {
        this.#fail([work], error)
      }
    }
  }

  #fail(works: readonly Work[], error: unknown): void {
    for (const work of works) {
      this.#drop(work)
      work.fail(error)
    }
  }
}

interface Batch {
  readonly jobs: Job[]
  /** The request of each window. */
  readonly works: Work[]
  tokens: number
}
