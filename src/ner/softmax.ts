/**
 * Logits → probabilities, a row per token:  p[l] = exp(x[l] − max) / Σ exp(x − max)
 *
 * Each step is rounded to float32, as by numpy in the reference. So probabilities that are equal there are equal here,
 * and the same label wins.
 */

/** logits: [n, L] → [n, L] */
export function softmax(logits: Float32Array, L: number): Float32Array {
  const probabilities = new Float32Array(logits.length)
  for (let start = 0; start < logits.length; start += L) {
    const row = logits.subarray(start, start + L)
    const max = row.reduce((a, b) => Math.max(a, b), -Infinity)
    const out = probabilities.subarray(start, start + L)
    let sum = 0
    for (const [l, x] of row.entries()) {
      const power = Math.fround(Math.exp(Math.fround(x - max)))
      out[l] = power
      sum += power
    }
    sum = Math.fround(sum)
    for (const [l, power] of out.entries()) out[l] = power / sum
  }
  return probabilities
}

/** The index of the largest value; the first if several are equal. */
export function argmax(values: Float32Array | Float64Array): number {
  let best = 0
  let max = -Infinity
  for (const [i, value] of values.entries()) {
    if (value > max) [best, max] = [i, value]
  }
  return best
}
