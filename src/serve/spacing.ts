/**
 * Spaces refusals in time. A client that repeats a refused request at once would otherwise take the time of the model: a
 * refusal is cheap, but a thousand clients in a circle are not. Up to a thousand a second are answered at once; the further
 * ones wait for their millisecond, a second at most.
 */

const SPACE_MS = 1
const LONGEST_MS = 1000

export class Spacing {
  /** When the last refusal leaves, in milliseconds of `performance.now()`. */
  #last = 0

  /** Resolves when the next refusal may leave. */
  async next(): Promise<void> {
    const now = performance.now()
    this.#last = Math.min(Math.max(now, this.#last + SPACE_MS), now + LONGEST_MS)
    const wait = this.#last - now
    // Those of one moment may leave together: timers are no finer.
    if (wait > BURST_MS) await new Promise(resolve => setTimeout(resolve, wait))
  }
}

const BURST_MS = 20
