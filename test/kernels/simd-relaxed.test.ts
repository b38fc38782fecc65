/** Relaxed SIMD: w8a7 against integers, bit for bit, and the same answers from every module. */
import { setFlagsFromString } from 'node:v8'
import { describe, expect, test } from '@jest/globals'
import { differences } from '../../dist/kernels/exercise.js'
import { NaiveKernels } from '../../dist/kernels/naive/naive.js'
import { InlineEngine } from '../../dist/kernels/simd/engine/inline.js'
import { tile, TILES } from '../../dist/kernels/simd/tiles.js'
import { loadSimd } from '../../dist/kernels/simd/engine/load.js'
import { ModuleMemory } from '../../dist/kernels/simd/memory.js'
import { compileModule, hasRelaxedSimd } from '../../dist/kernels/simd/engine/modules.js'
import type { Reading } from '../../dist/kernels/simd/layout.js'
import { probe } from '../../dist/kernels/simd/engine/probe.js'
import '../../dist/node/turbo.js'
import { SimdKernels } from '../../dist/kernels/simd/simd.js'
import { caseOf, floats, product, productOfRows, random, runAll, stored, storedAs } from './helpers.ts'

if (!hasRelaxedSimd()) {
  test('without relaxed SIMD, w8a7 says so, and q8 is w8a16', async () => {
    await expect(loadSimd({ dtype: 'w8a7' })).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    const next = random(30)
    const parts = [{ weight: stored(floats(next, 32 * 32), 32, 32), bias: stored(floats(next, 32), 32) }]
    const x = floats(next, 32)
    expect(await product(await loadSimd({ dtype: 'q8' }), parts, x, 32)).toEqual(
      await product(await loadSimd({ dtype: 'w8a16' }), parts, x, 32),
    )
    // Node 20 has it behind a flag: the tests below run with it.
    setFlagsFromString('--experimental-wasm-relaxed-simd')
    expect(hasRelaxedSimd()).toBe(true)
  })
}

const bytes = TILES.filter(({ format }) => format === 'bytes').map(({ name }) => name)

async function kernelsWith(name: (typeof TILES)[number]['name'], reading: Reading = 'seven'): Promise<SimdKernels> {
  const { level, arithmetic } = tile(name)
  const module = await compileModule({ level: level === 'wide' ? 'wide' : 'relaxed', shared: false })
  const engine = new InlineEngine(module, new ModuleMemory(false))
  const f32 = tile(level === 'wide' ? 'f32Wide' : 'f32')
  return new SimdKernels(engine, { dtype: arithmetic === 'f32' ? 'fp32' : 'q8', f32, q8: tile(name), reading })
}

// Node 20, where relaxed SIMD is behind a flag, compiles this instruction wrongly where registers are scarce.
const compilesFused = Number.parseInt(process.versions.node) >= 22
const sound = TILES.filter(({ arithmetic }) => arithmetic !== 'bytesFused' || compilesFused).map(({ name }) => name)

const probed = async () => probe(await compileModule({ level: 'relaxed', shared: false }), false)

test('the probe takes no tile that is wrong', async () => {
  expect(sound).toContain((await probed()).tile)
})

describe.each(sound)('tile %s', name => {
  test.each([1, 4, 11, 29, 45])('%i rows at once are the same rows one by one, bit for bit', async rows => {
    const [K, N] = [100, 37]
    const next = random(35)
    const parts = [{ weight: stored(floats(next, N * K), N, K), bias: stored(floats(next, N), N) }]
    const { x, y } = await productOfRows(await kernelsWith(name), parts, rows, K, next)
    expect(await product(await kernelsWith(name), parts, x, K)).toEqual(y)
  })
})

test.each(['w8a16', 'w8a16Wide', 'bytesPairs', 'bytesQuads'] as const)(
  '%s: no sum of 45 rows at their largest overflows',
  async name => {
    const [K, N] = [512, 24]
    const data = Int8Array.from({ length: N * K }, (_, i) => ((i / K) & 1 ? 127 : -128))
    const weight = { name: 'worst', stored: 'I8', shape: [N, K], data, scale: new Float32Array(N).fill(0.01) } as const
    const parts = [{ weight, bias: stored(new Float32Array(N), N) }]
    // Rows that are alike: a constant, since the normalisation of equal numbers is its bias.
    const kernels = await kernelsWith(name, 'unsigned')
    const weights = await kernels.linearWeights(parts)
    const norm = await kernels.normWeights(stored(new Float32Array(K), K), stored(new Float32Array(K).fill(3), K), 1)
    const table = await kernels.embeddingWeights(stored(new Float32Array(45 * K), 45, K))
    const ids = Int32Array.from({ length: 45 }, (_, i) => i)
    const batch = { ids, typeIds: ids, positions: ids, starts: Int32Array.of(0, 45) }
    const y = await kernels.read(
      kernels.linear(kernels.embed(batch, { word: table, position: table, tokenType: table }, norm), weights),
    )
    y.forEach((value, i) => {
      // Pairs of pairs round these weights: 128 becomes 40 steps of 3.2 or so.
      expect(value / (3 * K * 0.01)).toBeCloseTo((i % N) & 1 ? 127 : -128, name === 'bytesQuads' ? 0 : 2)
    })
  },
)

test('a module with wide tiles is for turbo alone', async () => {
  const wasm = await compileModule({ level: 'wide', shared: false })
  await expect(loadSimd({ wasm })).rejects.toMatchObject({ code: 'OPTION_WASM' })
})

test('the wide tile of w8a16 computes what the narrow one does, bit for bit', async () => {
  const [K, N] = [300, 50]
  const next = random(36)
  const parts = [{ weight: stored(floats(next, N * K), N, K), bias: stored(floats(next, N), N) }]
  const wide = await productOfRows(await kernelsWith('w8a16Wide'), parts, 13, K, next)
  expect(await product(await kernelsWith('w8a16'), parts, wide.x, K)).toEqual(wide.y)
})

/** The weights that a tile multiplies: pairs of pairs may have smaller ones. */
const computedBy = (name: string, weight: ReturnType<typeof storedAs>) =>
  name === 'bytesQuads' ? shrunk(weight, 256).weight : weight

describe.each(bytes)('%s is exact integer arithmetic', name => {
  test.each([
    ['random', 100, 40, 3],
    ['with tails', 77, 21, 3],
    ['long', 3072, 9, 3],
    ['tiny activations', 64, 16, 1e-30],
  ])('%s', async (_, K, N, scale) => {
    const next = random(31)
    const weight = storedAs('I8', stored(floats(next, N * K), N, K))
    const x = floats(next, 7 * K, scale)
    for (let k = 0; k < K; k++) x[k] = Math.abs(x[k] ?? 0) // a row without negative numbers
    x.fill(0, K, 2 * K) // a row of zeros
    await expectExact(await kernelsWith(name), weight, floats(next, N), x, 127, computedBy(name, weight))
  })

  test('the worst case: every product as large as it can be, and all of one sign', async () => {
    const [K, N] = [4096, 8]
    const data = new Int8Array(N * K)
    for (let n = 0; n < N; n++) data.fill(n % 2 ? 127 : -128, n * K, (n + 1) * K)
    const weight = { name: 'worst', stored: 'I8', shape: [N, K], data, scale: new Float32Array(N).fill(0.01) } as const
    const x = new Float32Array(2 * K).fill(3).fill(-3, K)
    await expectExact(await kernelsWith(name), weight, new Float32Array(N), x, 127, computedBy(name, weight))
  })
})

describe('where the engine reads eight bits, they are exact too', () => {
  const [K, N] = [1024, 24]
  const parts = (weight: ReturnType<typeof storedAs>) => [{ weight, bias: stored(new Float32Array(N), N) }]

  test('in the fused instruction, all 255 steps', async () => {
    const { reading, tile: fastest } = await probed()
    if (fastest !== 'bytesFused' || reading === 'seven') return
    const next = random(33)
    const x = floats(next, 3 * K).fill(-2, K, 2 * K)
    const weight = storedAs('I8', stored(floats(next, N * K), N, K))
    await expectExact(await kernelsWith(fastest, reading), weight, floats(next, N), x, 255)
  })

  test.each([
    ['random weights', 1],
    ['pairs that leave no more than seven bits', 2],
  ])('in pairs, as many steps as their sum in int16 has room for: %s', async (_, largest) => {
    const next = random(37)
    const weight = storedAs('I8', stored(floats(next, N * K), N, K))
    if (weight.stored !== 'I8') throw new Error('int8 weights only')
    for (let i = 0; i < weight.data.length; i++) weight.data[i] = (weight.data[i] ?? 0) / 2
    weight.data.fill(largest === 1 ? 73 : 127, 0, 2) // the pair that decides
    const limit = Math.floor(32767 / (largest === 1 ? 146 : 254)) - 1
    const x = floats(next, 6 * K)
    x.fill(3, K, 2 * K) // as large as can be, all of it
    x.fill(-3, 2 * K, 3 * K)
    const { reading } = await probed()
    const levels = reading === 'unsigned' && limit > 127 ? limit : 127
    await expectExact(await kernelsWith('bytesPairs', reading), weight, floats(next, N), x, levels)
  })

  test.each([
    ['small weights', 0.3],
    ['weights as they come', 1],
    ['a row whose weights are all 127', 9],
  ])('in pairs of pairs, as many as the positive or the negative of four leave: %s', async (_, size) => {
    const next = random(40)
    const weight = storedAs('I8', stored(floats(next, N * K), N, K))
    if (weight.stored !== 'I8') throw new Error('int8 weights only')
    if (size < 1) for (let i = 0; i < weight.data.length; i++) weight.data[i] = (weight.data[i] ?? 0) * size
    if (size > 1) weight.data.fill(127, 0, K).fill(-128, K, 2 * K)
    const x = floats(next, 6 * K)
    x.fill(3, K, 2 * K) // as large as can be, all of it
    x.fill(-3, 2 * K, 3 * K)
    for (let k = 3 * K; k < 4 * K; k++) x[k] = (weight.data[k % K] ?? 0) > 0 ? 5 : -1 // the largest sums of row 0
    const { reading } = await probed()
    const isUnsigned = reading === 'unsigned'
    const { weight: computed, largest } = shrunk(weight, isUnsigned ? 200 : 256)
    const levels = isUnsigned ? Math.min(255, Math.floor(32767 / largest) - 1) : 127
    expect((levels + 1) * largest).toBeLessThan(2 ** 15)
    await expectExact(await kernelsWith('bytesQuads', reading), weight, floats(next, N), x, levels, computed)
  })

  test('float weights leave them room: no pair, and no pair of pairs, is above the limit', async () => {
    const { reading } = await probed()
    const next = random(38)
    const weight = stored(floats(next, N * K), N, K)
    for (const [name, steps] of [
      ['bytesPairs', 215],
      ['bytesQuads', 228],
    ] as const) {
      // prettier-ignore
      const { limit } = await (await kernelsWith(name, reading)).linearWeights(parts(weight))
      expect(limit).toBeGreaterThanOrEqual(reading === 'unsigned' ? steps : 127)
    }
  })

  test('float weights that widen stay in pairs, and so do none in int8', async () => {
    const { reading, tile: fastest } = await probed()
    if (fastest !== 'bytesPairs' || reading !== 'unsigned') return
    const used: string[] = []
    const next = random(41)
    const q8 = await loadSimd({ dtype: 'q8', threads: 1 })
    for (const [outputs, inputs] of [
      [96, 96],
      [192, 96],
      [96, 192],
    ] as const) {
      // prettier-ignore
      const weight = stored(floats(next, outputs * inputs), outputs, inputs)
      const bias = stored(new Float32Array(outputs), outputs)
      for (const one of [weight, storedAs('I8', weight)]) used.push((await q8.linearWeights([{ weight: one, bias }])).tile.name) // prettier-ignore
    }
    const [pairs, quads] = ['bytesPairs', 'bytesQuads']
    expect(used).toEqual([quads, quads, pairs, quads, quads, quads])
  })

  test('q8 takes bytes only there, and never for a head', async () => {
    const { reading, tile: fastest } = await probed()
    for (const outputs of [9, 100]) {
      const next = random(39)
      const weight = storedAs('I8', stored(floats(next, outputs * K), outputs, K))
      const q8 = await loadSimd({ dtype: 'q8', threads: 1 })
      const { tile: used } = await q8.linearWeights([{ weight, bias: stored(new Float32Array(outputs), outputs) }])
      const bytes = fastest === 'bytesPairs' ? 'bytesQuads' : fastest
      expect(used.name).toBe(reading === 'seven' || outputs === 9 ? 'w8a16' : bytes)
    }
  })
})

describe('turbo computes the same, or warns and does without', () => {
  test.each(['fp32', 'w8a16', 'q8', 'auto', 'w8a7'] as const)(
    '%s',
    async dtype => {
      const given = caseOf({ C: 64, H: 2, F: 96, lengths: [21, 40] }, 34)
      const simd = await loadSimd({ dtype, threads: 2, turbo: true })
      const found = differences(await runAll(new NaiveKernels(), given), await runAll(simd, given))
      const tolerance = dtype === 'fp32' || dtype === 'auto' ? 1e-5 : 0.05
      expect(Object.entries(found).filter(([, value]) => !(value < tolerance))).toEqual([])
      await simd.dispose()
    },
    30_000,
  )
})

/**
 * int8 weights as pairs of pairs take them: rows of which four that are added in int16 add up to more than `most` become smaller.
 * Returns the largest sum of four, too.
 */
function shrunk(weight: ReturnType<typeof storedAs>, most: number) {
  if (weight.stored !== 'I8') throw new Error('int8 weights only')
  const [N = 0, K = 0] = weight.shape
  const [data, scale] = [weight.data.slice(), weight.scale.slice()]
  const quadOf = (n: number) => {
    let largest = 0
    for (let k = 0; k < K; k += 8) {
      for (const first of [k, k + 2]) {
        const four = [0, 1, 4, 5].map(i => (first + i < K ? (data[n * K + first + i] ?? 0) : 0))
        const sum = (sign: number) => four.reduce((all, w) => all + Math.max(0, sign * w), 0)
        largest = Math.max(largest, sum(1), sum(-1))
      }
    }
    return largest
  }
  let largest = 1
  for (let n = 0; n < N; n++) {
    const quad = quadOf(n)
    if (quad > most) {
      const factor = (Math.trunc(Math.fround((most * 32768) / quad)) - 1) | 1
      for (let k = 0; k < K; k++) data[n * K + k] = ((data[n * K + k] ?? 0) * factor + 16384) >> 15
      scale[n] = ((scale[n] ?? 0) * 32768) / factor
    }
    largest = Math.max(largest, quadOf(n))
  }
  return { weight: { ...weight, data, scale }, largest }
}

/** Compares bit for bit with the same arithmetic in JavaScript's integers and float32 roundings. */
async function expectExact(
  simd: SimdKernels,
  weight: ReturnType<typeof storedAs>,
  biases: Float32Array,
  x: Float32Array,
  levels = 127,
  computed = weight,
) {
  if (computed.stored !== 'I8') throw new Error('int8 weights only')
  const [N = 0, K = 0] = weight.shape
  const { data, scale } = computed
  const y = await product(simd, [{ weight, bias: stored(biases, N) }], x, K)
  const { fround } = Math
  const round = (value: number) => fround(value + 12582912) - 12582912 // to the nearest, ties to even
  const expected = new Float32Array(y.length)
  for (let t = 0; t < x.length / K; t++) {
    const row = x.subarray(t * K, (t + 1) * K)
    const lowest = row.reduce((a, b) => Math.min(a, b), 0)
    const highest = row.reduce((a, b) => Math.max(a, b), 0)
    const extent = Math.max(fround(highest - lowest), 2 ** -100)
    const factor = fround(levels / extent)
    const zero = round(fround(-lowest * factor))
    const q = Int32Array.from(row, value => Math.max(0, Math.min(levels, round(fround(value * factor)) + zero)))
    for (let n = 0; n < N; n++) {
      let sum = 0
      for (let k = 0; k < K; k++) sum += ((q[k] ?? 0) - zero) * (data[n * K + k] ?? 0)
      const scales = fround(fround(extent / levels) * (scale[n] ?? 0))
      expected[t * N + n] = fround(fround(fround(sum) * scales) + (biases[n] ?? 0))
    }
  }
  expect(y).toEqual(expected)
}
