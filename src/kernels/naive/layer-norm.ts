/**
 * Layer normalisation (Ba, Kiros & Hinton 2016): moves each token's vector to mean 0 and variance 1, then scales and shifts
 * it. Scale γ and shift β were learned; ε only keeps 0/0 away.
 *
 *   y = (x − mean(x)) / √(var(x) + ε) · γ + β
 */

/** x: [T, C] → [T, C]. γ is `weight`, β is `bias`: [C] each. The variance divides by C, not by C − 1. */
export function layerNorm(x: Float32Array, weight: Float32Array, bias: Float32Array, epsilon: number): Float32Array {
  const C = weight.length
  const y = new Float32Array(x.length) // [T, C]
  for (let start = 0; start < x.length; start += C) {
    let mean = 0
    for (let c = 0; c < C; c++) mean += x[start + c]! / C
    let variance = 0
    for (let c = 0; c < C; c++) variance += (x[start + c]! - mean) ** 2 / C
    const deviation = Math.sqrt(variance + epsilon)
    for (let c = 0; c < C; c++) y[start + c] = ((x[start + c]! - mean) / deviation) * weight[c]! + bias[c]!
  }
  return y
}
