/** Order statistics of one cell. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
  /** Given from 20 samples on: below that, the 95th percentile is just the maximum. */
  readonly p95: number | null
  readonly samples: number
}

/** The p-quantile (0 … 1) of sorted values, interpolated linearly between neighbours. */
export function quantile(sorted: readonly number[], p: number): number {
  if (sorted.length === 0) return Number.NaN
  const at = p * (sorted.length - 1)
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
    p95: sorted.length >= 20 ? quantile(sorted, 0.95) : null,
    samples: sorted.length,
  }
}

/** Whether times are stable. None of the last three may be more than a tenth above the best so far, and the best not new. */
export function isStable(times: readonly number[]): boolean {
  if (times.length < 4) return false
  const best = Math.min(...times)
  return times.slice(-3).every(time => time <= best * 1.1) && times.indexOf(best) < times.length - 1
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let largest = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN))
    if (Number.isNaN(difference)) return difference
    largest = Math.max(largest, difference)
  }
  return largest
}
