/** Stored tensors drawn from a seeded generator, for tests of single kernels. */
import type { LinearPart, StoredTensor } from '../../dist/kernels/kernels.js'

/** A linear congruential generator: uniform in [−1, 1), the same on every machine. */
export function uniform(seed: number): () => number {
  let state = BigInt(seed) * 2654435761n + 1n
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn
    return Number(state >> 11n) / 2 ** 52 - 1
  }
}

export function float32(shape: readonly number[], next: () => number, factor = 1): StoredTensor & { stored: 'F32' } {
  const size = shape.reduce((a, b) => a * b, 1)
  return { name: 'random', stored: 'F32', shape, data: Float32Array.from({ length: size }, () => next() * factor) }
}

export function linearPart(outputs: number, inputs: number, next: () => number): LinearPart {
  return { weight: float32([outputs, inputs], next, 1 / Math.sqrt(inputs)), bias: float32([outputs], next) }
}
