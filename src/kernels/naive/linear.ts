/** y = x·Wᵀ + b, the layer that does nearly all of BERT's arithmetic. */

/**
 * x: [T, inputs], weight: [outputs, inputs] as nn.Linear stores it, bias: [outputs] → [T, outputs]
 *
 * Row t of x and row n of W are both contiguous, so every output is one dot product over memory in order. Four rows of W
 * are taken at a time: each x is then loaded once for four products, and the four sums do not wait for each other. Sums
 * are float64, in the order of k whatever T is.
 */
export function linear(x: Float32Array, weight: Float32Array, bias: Float32Array, inputs: number): Float32Array {
  const outputs = bias.length
  const T = x.length / inputs
  const y = new Float32Array(T * outputs) // [T, outputs]
  for (let n = 0; n < outputs; n += 4) {
    // Beyond the last row of W the last one is computed again, and written to the same place.
    const rows = [n, n + 1, n + 2, n + 3].map(row => Math.min(row, outputs - 1)) as [number, number, number, number]
    const [r0, r1, r2, r3] = rows
    const [w0, w1, w2, w3] = [r0 * inputs, r1 * inputs, r2 * inputs, r3 * inputs]
    for (let t = 0; t < T; t++) {
      const start = t * inputs
      let [s0, s1, s2, s3] = [0, 0, 0, 0]
      for (let k = 0; k < inputs; k++) {
        const value = x[start + k]!
        s0 += value * weight[w0 + k]!
        s1 += value * weight[w1 + k]!
        s2 += value * weight[w2 + k]!
        s3 += value * weight[w3 + k]!
      }
      y[t * outputs + r0] = s0 + bias[r0]!
      y[t * outputs + r1] = s1 + bias[r1]!
      y[t * outputs + r2] = s2 + bias[r2]!
      y[t * outputs + r3] = s3 + bias[r3]!
    }
  }
  return y
}
