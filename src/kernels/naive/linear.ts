/**
 * y = x·Wᵀ + b, the layer that does nearly all of BERT's arithmetic. x: [T, K], W: [N, K] as nn.Linear stores it, b: [N],
 * y: [T, N].
 */

/** The definition: every output is one dot product, of a row of x with a row of W. The sum is float64, in the order of k. */
export function linear(x: Float32Array, weight: Float32Array, bias: Float32Array, K: number): Float32Array {
  const [T, N] = [x.length / K, bias.length]
  const y = new Float32Array(T * N) // [T, N]
  for (let t = 0; t < T; t++) {
    for (let n = 0; n < N; n++) {
      let sum = 0
      for (let k = 0; k < K; k++) sum += x[t * K + k]! * weight[n * K + k]!
      y[t * N + n] = sum + bias[n]!
    }
  }
  return y
}

/**
 * The same, bit for bit, and about twice as fast: what this backend runs.
 *
 * It takes four rows of W at a time. Each x is then loaded once for four products, and the four sums do not wait for each
 * other. The loop over n is outside, so that the four rows stay in the cache for all T rows of x.
 */
export function linearByFours(x: Float32Array, weight: Float32Array, bias: Float32Array, K: number): Float32Array {
  const [T, N] = [x.length / K, bias.length]
  const y = new Float32Array(T * N) // [T, N]
  for (let n = 0; n < N; n += 4) {
    // Beyond the last row of W the last one is computed again, and written to the same place.
    const last = N - 1
    const [n0, n1, n2, n3] = [n, Math.min(n + 1, last), Math.min(n + 2, last), Math.min(n + 3, last)]
    const [w0, w1, w2, w3] = [n0 * K, n1 * K, n2 * K, n3 * K]
    for (let t = 0; t < T; t++) {
      let [s0, s1, s2, s3] = [0, 0, 0, 0]
      for (let k = 0; k < K; k++) {
        const value = x[t * K + k]!
        s0 += value * weight[w0 + k]!
        s1 += value * weight[w1 + k]!
        s2 += value * weight[w2 + k]!
        s3 += value * weight[w3 + k]!
      }
      y[t * N + n0] = s0 + bias[n0]!
      y[t * N + n1] = s1 + bias[n1]!
      y[t * N + n2] = s2 + bias[n2]!
      y[t * N + n3] = s3 + bias[n3]!
    }
  }
  return y
}
