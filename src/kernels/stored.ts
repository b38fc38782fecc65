/**
 * Decodes stored weights to float32. Linear layers need all values, so they decode a tensor as a whole. Embeddings look only some
 * rows up, so they keep the stored elements and decode row by row.
 *
 *   F32: unchanged    F16, BF16: widened, exactly    I8: data · scale[row], rounded once
 */
import { decodeBF16, decodeF16 } from '../safetensors/half.ts'
import type { StoredTensor } from './kernels.ts'

/** All values, row-major, in a new array. */
export function decode(tensor: StoredTensor): Float32Array {
  if (tensor.stored === 'F32') return tensor.data.slice()
  if (tensor.stored === 'F16') return decodeF16(tensor.data)
  if (tensor.stored === 'BF16') return decodeBF16(tensor.data)
  const width = tensor.data.length / tensor.scale.length
  const values = new Float32Array(tensor.data.length)
  for (let i = 0, row = 0; row < tensor.scale.length; row++) {
    const scale = tensor.scale[row]!
    for (const end = i + width; i < end; i++) values[i] = tensor.data[i]! * scale
  }
  return values
}

/** Row `row` of a tensor of shape [rows, width] → [width] */
export function decodeRow(tensor: StoredTensor, row: number, width: number): Float32Array {
  const [start, end] = [row * width, (row + 1) * width]
  if (tensor.stored === 'F32') return tensor.data.subarray(start, end)
  if (tensor.stored === 'F16') return decodeF16(tensor.data.subarray(start, end))
  if (tensor.stored === 'BF16') return decodeBF16(tensor.data.subarray(start, end))
  const scale = tensor.scale[row]!
  return Float32Array.from(tensor.data.subarray(start, end), value => value * scale)
}

/** Joins arrays into one. A single array is returned unchanged. */
export function concatenate(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1 && parts[0]) return parts[0]
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
