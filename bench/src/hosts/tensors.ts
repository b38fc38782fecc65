/** Reads a checkpoint as fp32 tensors with this runtime's own reader, for peers that take arrays. */
import { readFileSync } from 'node:fs'
import { decodeBF16, decodeF16, readSafetensors } from '../../../dist/index.js'

export interface FloatTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export function* readTensors(path: string): Generator<FloatTensor> {
  const { tensors } = readSafetensors(readFileSync(path))
  for (const [name, { dtype, shape, data }] of tensors) {
    if (name.endsWith('_scale')) continue
    const scale = tensors.get(`${name}_scale`)?.data as Float32Array | undefined
    yield { name, shape: [...shape], data: toFloat(dtype, data as ArrayLike<number>, scale) }
  }
}

function toFloat(dtype: string, data: ArrayLike<number>, scale: Float32Array | undefined): Float32Array {
  if (dtype === 'F16') return decodeF16(data as Uint16Array)
  if (dtype === 'BF16') return decodeBF16(data as Uint16Array)
  const values = Float32Array.from(data)
  if (scale) {
    const width = values.length / scale.length
    for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) * (scale[Math.floor(i / width)] ?? 0)
  }
  return values
}
