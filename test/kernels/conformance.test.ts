/**
 * Every backend against the definition, operation by operation, in every arithmetic and with one and two threads. A failure
 * names the tensors that differ (src/kernels/exercise.ts) and by how much, as a share of their largest value.
 */
import { setFlagsFromString } from 'node:v8'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { differences, TENSORS, type Exercise } from '../../dist/kernels/exercise.js'
import type { Kernels } from '../../dist/kernels/kernels.js'
import { loadKernels } from '../../dist/kernels/load.js'
import '../../dist/tfjs.js'
import type { BackendOptions, DType } from '../../dist/kernels/options.js'
import { NaiveKernels } from '../../dist/kernels/naive/naive.js'
import { compileModule } from '../../dist/kernels/simd/engine/modules.js'
import { caseOf, differing, runAll, stored, type Case } from './helpers.ts'

// Node 20 has relaxed SIMD behind this flag. Later versions ignore it.
setFlagsFromString('--experimental-wasm-relaxed-simd')

/**
 * Largest difference from the definition, as a share of a tensor's largest value. Float32 sums in other orders; integers round
 * weights to 8 bits, and activations to 13 … 16, 8 or 7.
 */
const TOLERANCE: Readonly<Record<DType, number>> = { auto: 5e-6, fp32: 5e-6, w8a16: 1.5e-2, q8: 2e-2, w8a7: 4e-2 }

interface Backend {
  readonly name: string
  readonly tolerance: number
  readonly load: () => Promise<Kernels>
}

const BACKENDS: readonly Backend[] = [
  backend('naive', { backend: 'naive' }),
  backend('tfjs on wasm', { backend: 'tfjs', device: 'wasm' }),
  backend('tfjs on cpu', { backend: 'tfjs', device: 'cpu' }),
  ...[1, 2].flatMap(threads => [
    simd('portable', 'fp32', threads),
    simd('portable', 'w8a16', threads),
    simd('relaxed', 'fp32', threads),
    simd('relaxed', 'w8a16', threads),
    simd('relaxed', 'w8a7', threads),
    simd('relaxed', 'q8', threads),
  ]),
]

function backend(name: string, options: BackendOptions): Backend {
  return { name, tolerance: TOLERANCE.fp32, load: () => loadKernels(options) }
}

function simd(level: 'portable' | 'relaxed', dtype: DType, threads: number): Backend {
  return {
    name: `simd, ${level}, ${dtype}, threads ${threads}`,
    tolerance: TOLERANCE[dtype],
    load: async () => {
      const wasm = await compileModule({ level, shared: threads > 1 })
      return loadKernels({ backend: 'simd', dtype, threads, wasm })
    },
  }
}

const SHAPES: Readonly<Record<string, Case>> = {
  'one token': { C: 64, H: 4, F: 256, lengths: [1] },
  'odd tails': { C: 36, H: 3, F: 50, lengths: [7, 1, 33] },
  'heads of two': { C: 12, H: 6, F: 9, lengths: [3, 19] },
  'heads of eleven': { C: 33, H: 3, F: 17, lengths: [18] },
  'one head': { C: 8, H: 1, F: 8, lengths: [6] },
  '19, 20 and 21 tokens, where tfjs changes its path': { C: 64, H: 4, F: 128, lengths: [19, 20, 21] },
  '45 rows, where w8a16 widens its panels': { C: 48, H: 4, F: 40, lengths: [45] },
  '512 tokens': { C: 16, H: 2, F: 32, lengths: [512] },
  '100 sequences': { C: 48, H: 4, F: 64, lengths: Array.from({ length: 100 }, (_, b) => 1 + ((b * 7) % 23)) },
  'long rows': { C: 768, H: 12, F: 3072, lengths: [3] },
}

const HARD_ROWS: Readonly<Record<string, Partial<Case>>> = {
  'huge activations': { gain: 1e15 },
  'tiny activations': { gain: 1e-20 },
  'activations of zero': { gain: 0 },
  'huge tables': { tables: 1e15 },
  'tiny tables': { tables: 1e-20 },
  'tables of zero, so rows without variance': { tables: 0 },
}

interface Known {
  readonly given: ReturnType<typeof caseOf>
  readonly expected: Promise<Exercise<Float32Array>>
}
const known = new Map<string, Known>()

/** A case, and what the definition makes of it: once for all backends. */
function knownCase(title: string, size: Case): Known {
  const given = known.get(title)?.given ?? caseOf(size, 1)
  const expected = known.get(title)?.expected ?? loadKernels({ backend: 'naive' }).then(naive => runAll(naive, given))
  known.set(title, { given, expected })
  return { given, expected }
}

test('the exercise calls every operation', async () => {
  const called = new Set<string>()
  const counted = new Proxy(new NaiveKernels(), {
    get(kernels, name) {
      called.add(String(name))
      return Reflect.get(kernels, name) as unknown
    },
  })
  await runAll(counted, caseOf({ C: 8, H: 2, F: 8, lengths: [2] }, 1))
  const housekeeping = ['constructor', 'scope', 'dispose']
  const methods = Object.getOwnPropertyNames(NaiveKernels.prototype).filter(name => !housekeeping.includes(name))
  expect(methods.filter(name => !called.has(name))).toEqual([])
})

describe.each(BACKENDS)('$name', ({ name, load, tolerance }) => {
  let kernels: Kernels
  beforeAll(async () => {
    kernels = await load()
  })
  afterAll(() => kernels.dispose())

  async function expectDefinition(title: string, size: Case, ignored: readonly string[] = []): Promise<void> {
    const { given, expected } = knownCase(title, size)
    const found = differences(await expected, await runAll(kernels, given))
    const wrong = Object.entries(found).filter(([tensor, value]) => !(value <= tolerance) && !ignored.includes(tensor))
    expect(Object.fromEntries(wrong)).toEqual({})
  }

  // naive is the definition: naive.test.ts holds it against formulas.
  if (name !== 'naive') {
    test.each(Object.entries(SHAPES))('%s', expectDefinition, 30_000)

    test.each(['F16', 'BF16', 'I8'] as const)('weights and tables stored as %s', async type => {
      await expectDefinition(type, { C: 36, H: 3, F: 50, lengths: [9, 4], type })
    })

    test.each(Object.entries(HARD_ROWS))('%s', async (row, hard) => {
      // Scores of 1e30 make attention pick one key: the rounding of a score then decides which.
      const ignored = hard.gain === 1e15 ? ['context'] : []
      await expectDefinition(row, { C: 64, H: 4, F: 96, lengths: [6, 3], ...hard }, ignored)
    })
  }

  // 2²⁵ + c, for a c of at most 1, is 2²⁵ in float32: the position survives only if it comes after the type.
  test('the embedding adds word, type and position in this order, as PyTorch does', async () => {
    const [C, zero] = [16, Int32Array.of(0)]
    const row = (value: (c: number) => number) =>
      stored(
        Float32Array.from({ length: C }, (_, c) => value(c)),
        1,
        C,
      )
    const vector = (value: number) => stored(new Float32Array(C).fill(value), C)
    const norm = await kernels.normWeights(vector(1), vector(0), 1e-12)
    const word = await kernels.embeddingWeights(row(() => 2 ** 25))
    const tokenType = await kernels.embeddingWeights(row(() => -(2 ** 25)))
    const position = await kernels.embeddingWeights(row(c => c % 2))
    const batch = { ids: zero, typeIds: zero, positions: zero, starts: Int32Array.of(0, 1) }
    const y = await kernels.read(kernels.embed(batch, { word, tokenType, position }, norm))
    for (const [c, value] of y.entries()) expect(value).toBeCloseTo(c % 2 === 0 ? -1 : 1, 5)
  })

  test('a NaN stays in its row, and in its sequence', async () => {
    const given = caseOf({ C: 64, H: 4, F: 96, lengths: [5, 4] }, 4)
    given.batch.ids.set([1, 2, 39, 3, 4, 5, 6, 7, 8])
    const clean = await runAll(kernels, given)
    given.weights.word.data[39 * 64 + 3] = NaN
    const spoilt = await runAll(kernels, given)
    for (const tensor of TENSORS) {
      const isHit = (t: number) => (tensor === 'context' ? t < 5 : t === 2)
      const rows = rowsOf(spoilt[tensor], 9)
      expect([tensor, rows.map(row => row.every(Number.isNaN))]).toEqual([tensor, rows.map((_, t) => isHit(t))])
      const others = (values: Float32Array) => rowsOf(values, 9).filter((_, t) => !isHit(t))
      expect([tensor, others(spoilt[tensor])]).toEqual([tensor, others(clean[tensor])])
    }
  })

  test('a sequence has the same bits alone and in a batch', async () => {
    const given = caseOf({ C: 40, H: 4, F: 72, lengths: [3, 17, 1, 19, 20, 33] }, 5)
    const { lengths } = given.size
    const together = await runAll(kernels, given)
    for (const [b, length] of lengths.entries()) {
      const start = given.batch.starts[b] ?? 0
      const cut = (array: Int32Array) => array.slice(start, start + length)
      const { ids, typeIds, positions } = given.batch
      const starts = Int32Array.of(0, length)
      const batch = { ids: cut(ids), typeIds: cut(typeIds), positions: cut(positions), starts }
      const part = (tensor: keyof Exercise<unknown>) => {
        const width = together[tensor].length / ids.length
        return together[tensor].slice(start * width, (start + length) * width)
      }
      const expected = Object.fromEntries(TENSORS.map(tensor => [tensor, part(tensor)])) as Exercise<Float32Array>
      expect([length, differing(expected, await runAll(kernels, { ...given, batch }))]).toEqual([length, []])
    }
  })
})

function rowsOf(values: Float32Array, count: number): Float32Array[] {
  const width = values.length / count
  return Array.from({ length: count }, (_, t) => values.slice(t * width, (t + 1) * width))
}
