/** Times several contestants in turn, A B C A B C, so that whatever slows the machine for a while slows them all. */
import { isStable, summarise, type Summary } from './stats.ts'

export interface Contestant<K> {
  readonly key: K
  /** `repeat` timed passes after `discard` untimed ones, in milliseconds. */
  run(repeat: number, discard: number): Promise<readonly number[]>
}

export interface Effort {
  /** Milliseconds of timed work per contestant, roughly. */
  readonly budget: number
  readonly rounds: number
  /** Warm-up passes at most; it ends earlier once times are stable. */
  readonly warmUp: number
}

/** Below this, a pass right after another process's turn is untimed: it pays for the caches that the other one filled. */
const SHORT = 200
const MOST_PER_ROUND = 25

export async function interleave<K>(
  contestants: readonly Contestant<K>[],
  { budget, rounds, warmUp }: Effort,
): Promise<ReadonlyMap<K, Summary | Error>> {
  const results = new Map<K, Summary | Error>()
  const running: { contestant: Contestant<K>; perRound: number; discard: number; times: number[] }[] = []
  for (const contestant of contestants) {
    try {
      const first: number[] = []
      while (first.length < warmUp && !isStable(first) && !(first.length >= 2 && sum(first) > 1.5 * budget)) {
        first.push(...(await contestant.run(1, 0)))
      }
      const best = Math.min(...first)
      const perRound = Math.min(MOST_PER_ROUND, Math.max(1, Math.round(budget / rounds / best)))
      running.push({ contestant, perRound, discard: best < SHORT ? 1 : 0, times: [] })
    } catch (error) {
      results.set(contestant.key, asError(error))
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const entry of running) {
      if (results.has(entry.contestant.key)) continue
      try {
        entry.times.push(...(await entry.contestant.run(entry.perRound, entry.discard)))
      } catch (error) {
        results.set(entry.contestant.key, asError(error))
      }
    }
  }
  for (const { contestant, times } of running) {
    if (!results.has(contestant.key)) results.set(contestant.key, summarise(times))
  }
  return results
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
