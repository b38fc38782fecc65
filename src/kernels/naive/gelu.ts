/** GELU, the Gaussian error linear unit (Hendrycks & Gimpel 2016): x·Φ(x), in its exact form by erf. */

/** x·Φ(x) = x/2 · (1 + erf(x/√2)). BERT was trained with this one; the tanh form differs by up to 4.7e-4. */
export function gelu(x: number): number {
  return (x / 2) * (1 + erf(x * Math.SQRT1_2))
}

/**
 * erf(x) = 2/√π · e^(−x²) · Σₙ 2ⁿ·x²ⁿ⁺¹ / (1·3·5 ⋯ (2n+1))     (Abramowitz & Stegun 7.1.6)
 *
 * All terms have the same sign, so no digits are lost by subtraction: exact to the last digits of float64 for every x.
 */
export function erf(x: number): number {
  const a = Math.abs(x)
  if (!(a < 6)) return Math.sign(x) // 1 − erf(6) is 2e-17; NaN stays NaN
  const square = a * a
  let term = a
  let sum = a
  for (let odd = 3; term > 1e-17 * sum; odd += 2) {
    term *= (2 * square) / odd
    sum += term
  }
  return ((Math.sign(x) * 2) / Math.sqrt(Math.PI)) * Math.exp(-square) * sum
}
