/**
 * A weight as the file holds it → float32. The file's own elements are kept where only some rows are ever looked at
 * (embeddings), and decoded as a whole where all of them are (linear layers); both come through here.
 *
 *   F32: as is    F16, BF16: widened, exactly    I8: data · scale[row], rounded once
 */
import { decodeBF16, decodeF16 } from '../safetensors/half.ts'
import type { StoredTensor } from './kernels.ts'

/** All values, row-major, in memory of their own. */
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

/** Arrays one after another in one. A single array is returned as it is. */
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
