/** The order of a sum of float32 numbers is part of the answer. */
import { expect, test } from '@jest/globals'
import { loadKernels } from '../../dist/kernels/load.js'
import type { StoredTensor } from '../../dist/kernels/kernels.js'

const C = 16
const vector = (value: (c: number) => number, ...shape: number[]): StoredTensor => ({
  name: 'test',
  dtype: 'F32',
  shape,
  data: Float32Array.from({ length: C }, (_, c) => value(c)),
})

// 2²⁵ + c, for a c of at most 1, is 2²⁵ in float32: the position survives only if it comes after the type.
test.each(['naive', 'tfjs', 'simd'] as const)('%s adds word + type + position, as PyTorch does', async backend => {
  const kernels = await loadKernels({ backend })
  const norm = await kernels.normWeights(vector(() => 1, C), vector(() => 0, C), 1e-12) // prettier-ignore
  const tables = {
    word: await kernels.embeddingWeights(vector(() => 2 ** 25, 1, C)),
    tokenType: await kernels.embeddingWeights(vector(() => -(2 ** 25), 1, C)),
    position: await kernels.embeddingWeights(vector(c => c % 2, 1, C)),
  }
  const zero = Int32Array.of(0)
  const batch = { ids: zero, typeIds: zero, positions: zero, starts: Int32Array.of(0, 1) }
  const y = await kernels.read(kernels.embed(batch, tables, norm))
  for (const [c, value] of y.entries()) expect(value).toBeCloseTo(c % 2 === 0 ? -1 : 1, 5)
  await kernels.dispose()
})
