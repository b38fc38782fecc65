/**
 * float32 → int8 with one scale a row, symmetric: w ≈ q · scale, q = round(w / scale) in −127 … 127.
 *
 * The scale max|row| / 127 lets a single large weight make the steps of its whole row coarse. So smaller ones are tried as well,
 * which cut such a weight off, and the one with the least squared error is taken: of 81, down to 0.6 of that. These are the
 * scales of weights/recipe/quantise.py.
 */

const LARGEST = 127
const RATIOS = Array.from({ length: 81 }, (_, i) => 1 - (0.4 * i) / 80)
/** No scale is smaller, so that a row of zeros has one. */
const SMALLEST = 1e-12 / LARGEST
/** x + MAGIC − MAGIC is x, rounded to a whole number, ties to even: for doubles below 2^51. */
const MAGIC = 1.5 * 2 ** 52
/** Elements between two looks at whether a scale can still be the best. */
const STEP = 64

/** Writes the codes of `values` ([rows, width]) and returns the scales ([rows]), each a float32. */
export function quantiseRows(values: Float32Array, width: number, codes: Int8Array): Float32Array {
  const scales = new Float32Array(width === 0 ? 0 : values.length / width)
  for (let row = 0; row < scales.length; row++) {
    const [start, end] = [row * width, (row + 1) * width]
    const scale = bestScale(values, start, end)
    scales[row] = scale
    for (let i = start; i < end; i++) codes[i] = rounded(values[i]! / scale)
  }
  return scales
}

function bestScale(values: Float32Array, start: number, end: number): number {
  let largest = 0
  for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!))
  const top = Math.max(largest / LARGEST, SMALLEST)
  let [best, least] = [Math.fround(top), Infinity]
  for (const ratio of RATIOS) {
    const scale = Math.fround(top * ratio)
    const error = squaredError(values, start, end, scale, least)
    if (error < least) [best, least] = [scale, error]
  }
  return best
}

/** Σ (q · scale − w)², or any number that is not below `least`. */
function squaredError(values: Float32Array, start: number, end: number, scale: number, least: number): number {
  const factor = 1 / scale
  let error = 0
  for (let from = start; from < end && error < least; from += STEP) {
    const to = Math.min(end, from + STEP)
    for (let i = from; i < to; i++) {
      const value = values[i]!
      const off = rounded(value * factor) * scale - value
      error += off * off
    }
  }
  return error
}

function rounded(quotient: number): number {
  const inside = quotient > LARGEST ? LARGEST : quotient < -LARGEST ? -LARGEST : quotient
  return inside + MAGIC - MAGIC
}
