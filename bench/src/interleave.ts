/** Times several contestants in turn, A B C A B C. So a slow moment of the machine slows them all. */
import { isStable, summarise, type Summary } from './stats.ts'

export interface Contestant<K> {
  readonly key: K
  /** Runs `discard` untimed passes, then `repeat` timed ones, and returns their milliseconds. */
  run(repeat: number, discard: number): Promise<readonly number[]>
}

export interface Effort {
  /** Milliseconds that a contestant may take, warm-up included. It always gets one warm-up pass and two timed ones. */
  readonly budget: number
  /** The most rounds; if passes are long, there are fewer. */
  readonly rounds: number
  /** The most warm-up passes. The warm-up ends earlier once times are stable, or a third of the budget is gone. */
  readonly warmUp: number
}

/** Below this many milliseconds, the first pass after another process is untimed. It pays for the caches that the other filled. */
const SHORT = 100
const MOST_PER_ROUND = 25
const FEWEST_ROUNDS = 2

export async function interleave<K>(
  contestants: readonly Contestant<K>[],
  { budget, rounds, warmUp }: Effort,
): Promise<ReadonlyMap<K, Summary | Error>> {
  const results = new Map<K, Summary | Error>()
  const running: { contestant: Contestant<K>; turns: Turns; times: number[] }[] = []
  for (const contestant of contestants) {
    try {
      const first: number[] = []
      do first.push(...(await contestant.run(1, 0)))
      while (first.length < warmUp && !isStable(first) && sum(first) < budget / 3)
      running.push({ contestant, turns: plan(budget - sum(first), Math.min(...first), rounds), times: [] })
    } catch (error) {
      results.set(contestant.key, asError(error))
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { contestant, turns, times } of running) {
      if (results.has(contestant.key) || round >= turns.rounds) continue
      try {
        times.push(...(await contestant.run(turns.perRound, turns.discard)))
      } catch (error) {
        results.set(contestant.key, asError(error))
      }
    }
  }
  for (const { contestant, times } of running) {
    if (!results.has(contestant.key)) results.set(contestant.key, summarise(times))
  }
  return results
}

interface Turns {
  readonly rounds: number
  readonly perRound: number
  readonly discard: number
}

/** Plans how many passes of about `pass` milliseconds fit into the rest of a budget. */
export function plan(left: number, pass: number, rounds: number): Turns {
  const discard = pass < SHORT ? 1 : 0
  const affordable = Math.floor(left / pass)
  const turns = Math.max(Math.min(FEWEST_ROUNDS, rounds), Math.min(rounds, affordable))
  const perRound = Math.floor(affordable / turns) - discard
  return { rounds: turns, perRound: Math.min(MOST_PER_ROUND, Math.max(1, perRound)), discard }
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
