/** Attention in integers: against the same arithmetic in JavaScript's integers and float32 roundings, bit for bit, and against float64. */
import { setFlagsFromString } from 'node:v8'
import { describe, expect, test } from '@jest/globals'
import { attentionSteps } from '../../dist/kernels/simd/attention-steps.js'
import { scoreLimit } from '../../dist/kernels/simd/bounds.js'
import { InlineEngine } from '../../dist/kernels/simd/engine/inline.js'
import { compileModule } from '../../dist/kernels/simd/engine/modules.js'
import { loadSimd } from '../../dist/kernels/simd/engine/load.js'
import { ModuleMemory } from '../../dist/kernels/simd/memory.js'
import { execute, retain, SimdTensor } from '../../dist/kernels/simd/program.js'
import { int16Tile, type Level } from '../../dist/kernels/simd/tiles.js'
import { floats, random, stored, storedAs } from './helpers.ts'

// Under jest, globals are looked up in its sandbox at every use.
const { abs, fround, max, trunc } = Math
// Node 20 has relaxed SIMD behind this flag. Later versions ignore it.
setFlagsFromString('--experimental-wasm-relaxed-simd')
const LEVELS: readonly Level[] = ['portable', 'relaxed', 'wide']

interface Input {
  readonly heads: number
  readonly D: number
  readonly lengths: readonly number[]
  /** Q, K and V of a token, one after the other, head by head. */
  readonly qkv: Float32Array
}

/** The kernels' answer, with garbage in all memory that nobody has written. */
async function attend(level: Level, { heads, D, lengths, qkv }: Input): Promise<Float32Array> {
  const memory = new ModuleMemory(false)
  const engine = new InlineEngine(await compileModule({ level, shared: false }), memory)
  memory.release(memory.allocate(1 << 23))
  memory.int8(1024, 1 << 23).fill(0x7f)
  const [C, rows] = [heads * D, lengths.reduce((a, b) => a + b, 0)]
  const [x, y] = [SimdTensor.matrix(rows, 3 * C), SimdTensor.matrix(rows, C)]
  x.place = memory.allocate(x.bytes)
  for (let t = 0; t < rows; t++) memory.float32(x.address + t * x.stride, 3 * C).set(qkv.subarray(t * 3 * C, (t + 1) * 3 * C)) // prettier-ignore
  const starts = Int32Array.of(0, ...lengths)
  for (let b = 1; b < starts.length; b++) starts[b] = (starts[b] ?? 0) + (starts[b - 1] ?? 0)
  const steps = attentionSteps(x, starts, heads, y, int16Tile(level)).map(retain)
  await execute(engine, steps)
  const result = new Float32Array(rows * C)
  for (let t = 0; t < rows; t++) result.set(memory.float32(y.address + t * y.stride, C), t * C)
  return result
}

/** `compute` for each head of each sequence. */
function eachHead(
  { heads, D, lengths, qkv }: Input,
  compute: (q: Float32Array[], k: Float32Array[], v: Float32Array[]) => ArrayLike<number>[],
): Float32Array {
  const C = heads * D
  const result = new Float32Array(qkv.length / 3)
  let first = 0
  for (const n of lengths) {
    for (let head = 0; head < heads; head++) {
      const part = (which: number) =>
        Array.from({ length: n }, (_, t) => {
          const at = (first + t) * 3 * C + which * C + head * D
          return qkv.subarray(at, at + D)
        })
      compute(part(0), part(1), part(2)).forEach((row, t) => {
        result.set(row, (first + t) * C + head * D)
      })
    }
    first += n
  }
  return result
}

const largestOf = (rows: readonly Float32Array[]) =>
  rows.reduce((most, row) => row.reduce((m, x) => max(m, abs(x)), most), 2 ** -100)
const nearest = (x: number) => fround(x + 12582912) - 12582912 // ties to even
const quantise = (rows: readonly Float32Array[], factor: number) =>
  rows.map(row => Int32Array.from(row, x => nearest(fround(x * factor))))

function within(sum: number, limit: number): number {
  if (abs(sum) > limit) throw new Error(`${sum} is beyond ${limit}`)
  return sum
}
/** Σ a·b, with the bound checked after each product. */
function dot(a: Int32Array, b: Int32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum = within(sum + (a[i] ?? 0) * (b[i] ?? 0), 2 ** 31 - 1)
  return sum
}

const SERIES = [1, 0.6931241750717163, 0.24024099111557007, 0.055906426161527634, 0.009582806378602982].map(c =>
  fround(c * 32767),
)
/** 32767 · 2ᵗ as assembly/softmax16.ts has it. */
function power(t: number): number {
  const n = nearest(t)
  const f = fround(t - n)
  return SERIES.reduceRight((sum, c) => fround(fround(sum * f) + c)) * 2 ** n
}

function integers(q: Float32Array[], k: Float32Array[], v: Float32Array[]): number[][] {
  const [n, D] = [k.length, q[0]?.length ?? 0]
  const limit = scoreLimit(D)
  const [mostK, mostV] = [largestOf(k), largestOf(v)]
  const keys = quantise(k, fround(limit / mostK))
  const total = 2 ** 17 + 16 * n
  const valueLimit = Math.floor((2 ** 31 - 1) / total)
  const values = quantise(v, fround(valueLimit / mostV))
  const columns = Array.from({ length: D }, (_, d) => Int32Array.from(values, row => row[d] ?? 0))
  const keyScale = fround(fround(mostK / limit) * fround(Math.LOG2E / Math.sqrt(D)))
  return q.map(query => {
    const most = largestOf([query])
    const [words = new Int32Array(0)] = quantise([query], fround(limit / most))
    const factor = max(fround(fround(most / limit) * keyScale), 2 ** -120)
    const scores = keys.map(key => fround(dot(words, key)))
    const best = max(...scores)
    const powers = scores.map(score => power(max(fround(fround(score - best) * factor), -24)))
    const lanes = [0, 0, 0, 0]
    const padding = new Array<number>(-n & 7).fill(power(-24))
    for (const [i, value] of [...powers, ...padding].entries()) lanes[i & 3] = fround((lanes[i & 3] ?? 0) + value)
    const [a = 0, b = 0, c = 0, d = 0] = lanes
    const sum = fround(fround(a + c) + fround(b + d))
    const m = Math.min(32767, trunc(fround(fround(fround(total - n) * fround(31744)) / sum)))
    const p = Int32Array.from(powers, e => (nearest(e) * m + 16384) >> 15)
    const weight = p.reduce((all, one) => within(all + one, total), 0)
    expect(weight).toBeGreaterThan(0)
    const scale = fround(fround(mostV / valueLimit) / weight)
    return columns.map(column => fround(fround(dot(p, column)) * scale))
  })
}

function float64(q: Float32Array[], k: Float32Array[], v: Float32Array[]): number[][] {
  const D = q[0]?.length ?? 0
  return q.map(query => {
    const scores = k.map(key => key.reduce((sum, x, d) => sum + x * (query[d] ?? 0), 0) / Math.sqrt(D))
    const most = max(...scores)
    const powers = scores.map(score => Math.exp(score - most))
    const sum = powers.reduce((a, b) => a + b)
    return Array.from({ length: D }, (_, j) =>
      v.reduce((all, row, i) => all + ((powers[i] ?? 0) / sum) * (row[j] ?? 0), 0),
    )
  })
}

function input(heads: number, D: number, lengths: readonly number[], scale = 1, seed = 1): Input {
  const rows = lengths.reduce((a, b) => a + b, 0)
  return { heads, D, lengths, qkv: floats(random(seed), rows * 3 * heads * D, scale) }
}

/** A head whose Q, K and V are what `value` says. */
function made(D: number, n: number, value: (part: 'q' | 'k' | 'v', t: number, d: number) => number): Input {
  const qkv = new Float32Array(n * 3 * D)
  for (let t = 0; t < n; t++) {
    for (const [i, part] of (['q', 'k', 'v'] as const).entries()) {
      for (let d = 0; d < D; d++) qkv[(t * 3 + i) * D + d] = value(part, t, d)
    }
  }
  return { heads: 1, D, lengths: [n], qkv }
}

const CASES: Readonly<Record<string, Input>> = {
  random: input(3, 32, [40], 2),
  'tails everywhere': input(3, 11, [1, 2, 7, 8, 9, 33]),
  'heads of two': input(6, 2, [19, 3]),
  'heads of 64, steep': input(2, 64, [50], 8),
  'heads of 24, wide panels half full': input(2, 24, [21]),
  'uniform over 512 tokens, all values the largest': made(8, 512, part => (part === 'k' ? 0 : 3)),
  'uniform over 512 tokens, of both signs': made(8, 512, (part, t, d) => (part === 'v' ? Math.sin(t * 8 + d) : 1)),
  'one key takes all': made(32, 200, (part, t, d) => (part === 'v' ? t - 100 : t % 32 === d ? 50 : 0)),
  'every product of a score the largest': made(64, 24, (part, t) => (part === 'v' ? t : t % 2 ? -7 : 7)),
  'a steep start and a long tail': made(16, 512, (part, t, d) => (part === 'k' ? (t ? 0 : 9) : part === 'v' ? Math.cos(t + d) : 1)), // prettier-ignore
  'zeros alone': made(8, 12, () => 0),
  tiny: input(2, 16, [20], 1e-30),
  huge: input(2, 16, [20], 1e12),
}

const known = new Map<Input, Float32Array>()
/** What integers make of a case: once for all levels. */
function expectedOf(given: Input): Float32Array {
  const expected = known.get(given) ?? eachHead(given, integers)
  known.set(given, expected)
  return expected
}

describe.each(LEVELS)('%s', level => {
  test.each(Object.entries(CASES))('%s', async (_, given) => {
    expect(await attend(level, given)).toEqual(expectedOf(given))
  })
})

test.each(Object.entries(CASES).filter(([name]) => name !== 'huge'))('%s: near float64', (_, given) => {
  const [found, expected] = [expectedOf(given), eachHead(given, float64)]
  const largest = given.qkv.reduce((most, x) => max(most, abs(x)), 2 ** -100)
  const worst = found.reduce((most, x, i) => max(most, abs(x - (expected[i] ?? NaN))), 0)
  // A score of 64 dimensions of size 8 is a hundred: its thirteen bits leave a hundredth.
  expect(worst / largest).toBeLessThan(given.D === 64 ? 2e-2 : 3e-4)
})

test('behind the last part of memory there is room for what kernels read past it and ignore', () => {
  const memory = new ModuleMemory(false)
  const [first, page] = [memory.allocate(64), 65536]
  memory.allocate(page - first - 64) // up to the end of the first page
  expect(memory.memory.buffer.byteLength).toBe(2 * page)
})

test('for any number of keys there is a weight, and the bounds hold', () => {
  for (const n of [1, 7, 512, 4096, 2 ** 17, 2 ** 20]) {
    const total = 2 ** 17 + 16 * n
    expect(total * Math.floor((2 ** 31 - 1) / total)).toBeLessThan(2 ** 31)
    const m = Math.min(32767, trunc((31744 * (total - n)) / (32767 * n))) // all scores alike
    const p = (32767 * m + 16384) >> 15
    expect(p).toBeGreaterThan(12)
    expect(p * n).toBeLessThanOrEqual(total)
  }
  for (const D of [1, 2, 11, 32, 64, 128, 32768]) expect(D * scoreLimit(D) ** 2).toBeLessThan(2 ** 31)
})

test('it is for what integers have made: fp32 computes attention in float32', async () => {
  const [next, C] = [random(3), 32]
  const weight = stored(floats(next, 3 * C * C), 3 * C, C)
  const bias = stored(floats(next, 3 * C), 3 * C)
  const norm = [stored(floats(next, C), C), stored(floats(next, C), C), 1] as const
  const table = stored(floats(next, 9 * C), 9, C)
  const ids = Int32Array.from({ length: 9 }, (_, i) => i)
  const found = []
  for (const [dtype, kind] of [
    ['fp32', 'I8'],
    ['auto', 'F32'],
    ['auto', 'I8'],
    ['w8a16', 'F32'],
  ] as const) {
    // prettier-ignore
    const simd = await loadSimd({ dtype, threads: 1 })
    const word = await simd.embeddingWeights(table)
    const tables = { word, position: word, tokenType: word }
    const x = simd.embed({ ids, typeIds: ids, positions: ids, starts: Int32Array.of(0, 9) }, tables, await simd.normWeights(...norm)) // prettier-ignore
    const qkv = simd.linear(x, await simd.linearWeights([{ weight: storedAs(kind, weight), bias }]))
    const context = simd.attention(qkv, Int32Array.of(0, 9), 2)
    const given = { heads: 2, D: 16, lengths: [9], qkv: await simd.read(qkv) }
    const inIntegers = eachHead(given, integers)
    found.push((await simd.read(context)).every((value, i) => value === inIntegers[i]))
    await simd.dispose()
  }
  expect(found).toEqual([false, false, true, true])
})
