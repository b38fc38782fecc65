/**
 * Who may join the queue. Admission keeps the promise of the deadline: a request is refused at once (429) rather than dropped
 * later, if the tokens before it are more than the queue may hold, or more than the model is likely to compute in half of the
 * deadline.
 *
 *     waiting ≤ queueTokens        computing + waiting ≤ pace · deadline / 2        a batch ≤ pace · deadline / 8
 *
 * A batch's worth may always wait, as the last line says: whatever the pace is, or seems to be, the next batch is full.
 */
import type { ServeError } from '../errors.ts'
import { busy } from './errors.ts'
import type { Limits } from './options.ts'

/** The share of the deadline that a request may wait, as far as can be foreseen. The rest is for what cannot. */
const FORESEEN = 1 / 2
/** The share of the deadline that one batch may take. */
const ONE_BATCH = 1 / 8
/** The passes whose median is the pace: a moment in which the machine did something else does not count. */
const REMEMBERED = 9

export class Admission {
  readonly #limits: Limits
  #waiting = 0
  #computing = 0
  /** The error of all requests that come while the queue is full; made once, since an error costs more than a refusal. */
  #full: ServeError | undefined
  /** Tokens a second of the last passes. */
  readonly #paces: number[] = []
  #pace = Infinity

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Tokens that wait for a forward pass. */
  get waiting(): number {
    return this.#waiting
  }

  /** Tokens a second: the median of the last passes, without limit before the first. */
  get pace(): number {
    return this.#pace
  }

  /** The most tokens of the next batch, so that a slow machine answers some requests rather than none. */
  get batchTokens(): number {
    const { batchTokens, deadline } = this.#limits
    return Math.min(batchTokens, Math.max(1, this.#pace * deadline * ONE_BATCH))
  }

  /**
   * Refuses a request before its body is read, if the queue has been full since the last batch was taken. That a body is
   * read, decoded and encoded for nothing would cost the model its time.
   *
   * @throws ServeError `SERVE_BUSY`
   */
  checkFull(): void {
    if (this.#full) throw this.#full
  }

  /** @throws ServeError `SERVE_BUSY` if `tokens` more cannot be computed soon enough */
  check(tokens: number): void {
    const ahead = this.#waiting + tokens
    // One that is too long for its deadline learns it from the deadline.
    if (this.#waiting === 0 || ahead <= Math.min(this.#limits.queueTokens, this.batchTokens)) return
    if (ahead <= this.#limits.queueTokens && ahead + this.#computing <= this.#soon) return
    // A short one did not fit, so the next will not; a long one says nothing of others.
    const error = this.#busy(tokens)
    if (tokens <= this.#limits.batchTokens) this.#full = error
    throw error
  }

  join(tokens: number): void {
    this.#waiting += tokens
  }

  leave(tokens: number): void {
    this.#waiting -= tokens
    this.#full = undefined
  }

  /** A batch of so many of the waiting tokens begins. */
  begin(tokens: number): void {
    this.leave(tokens)
    this.#computing = tokens
  }

  /** The batch is over, after so many seconds; undefined if it failed. */
  end(seconds: number | undefined): void {
    if (seconds !== undefined && seconds > 0) {
      this.#paces.push(this.#computing / seconds)
      if (this.#paces.length > REMEMBERED) this.#paces.shift()
      const sorted = this.#paces.toSorted((a, b) => a - b)
      this.#pace = sorted[sorted.length >> 1] ?? Infinity
    }
    this.#computing = 0
  }

  /** The tokens that are computed in the time that may be foreseen. */
  get #soon(): number {
    return this.#pace * this.#limits.deadline * FORESEEN
  }

  #busy(tokens: number): ServeError {
    const { queueTokens, deadline } = this.#limits
    const over = this.#waiting + tokens - Math.min(queueTokens, this.#soon)
    return busy(`${this.#waiting} tokens waiting`, Math.min(deadline, over / this.#pace))
  }
}
