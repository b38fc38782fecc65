/**
 * turbo: Node 24's V8 can join two neighbouring 128-bit operations into one of 256 bits. The pass is experimental and off
 * unless a flag is set, so this is opt-in, and nothing of it is believed before it is seen: products in both formats and
 * attention are computed on the wide tiles until the optimising compiler has taken over, and compared with plain loops.
 */
import { builtin, nodeVersion, warn } from '../../platform.ts'
import type { DType } from '../options.ts'
import { NaiveKernels } from '../naive/naive.ts'
import type { Kernels, StoredTensor } from '../kernels.ts'
import { InlineEngine } from './inline.ts'
import { tile } from './tiles.ts'
import { ModuleMemory } from './memory.ts'
import { bestLevel, compileModule } from './modules.ts'
import { SimdKernels, type SimdArithmetic } from './simd.ts'

const FIRST_NODE = 24
/** Tokens of the known answers: few, and so many that w8a16 widens its panels (assembly/linear.ts), with tails of tiles. */
const TOKENS = [11, 43]
/** Enough for the optimising compiler to come in. */
const ROUNDS = 150
/** Largest difference from plain loops: of sums in another order, and of weights and activations that became integers. */
const TOLERANCE = { fp32: 1e-4, q8: 0.05 } as const
const FLAG = 'experimental-wasm-revectorize'

/**
 * The module with wide tiles, compiled under the flag and seen to give the right answers; undefined, with a warning that says
 * why, where that is not to be had. `w8a7` has no wide tile, since w8a16 is faster on these.
 */
export async function wideModule(
  shared: boolean,
  isGiven: boolean,
  dtype: DType,
): Promise<WebAssembly.Module | undefined> {
  const found = await compileWide(shared, isGiven, dtype)
  if (typeof found !== 'string') return found
  warn(`bert-ner: turbo ${found}; computing without it.`)
  return undefined
}

/** The module, or why there is none. */
async function compileWide(shared: boolean, isGiven: boolean, dtype: DType): Promise<WebAssembly.Module | string> {
  if (isGiven) return 'brings a module of its own, and `wasm` names another'
  if (dtype === 'w8a7') return "is for 'fp32', 'w8a16' and 'q8'"
  const [v8, os] = [await builtin('node:v8'), await builtin('node:os')]
  if (!v8 || nodeVersion() < FIRST_NODE || os?.arch() !== 'x64' || bestLevel() !== 'relaxed') {
    return `needs Node ${FIRST_NODE} or later on x86-64`
  }
  v8.setFlagsFromString(`--${FLAG}`)
  const found = await compileAndCheck(shared).catch((error: unknown) => `cannot start (${String(error)})`)
  if (typeof found === 'string') v8.setFlagsFromString(`--no-${FLAG}`)
  return found
}

async function compileAndCheck(shared: boolean): Promise<WebAssembly.Module | string> {
  const module = await compileModule({ level: 'wide', shared })
  for (const dtype of ['fp32', 'q8'] as const) {
    const kernels = new SimdKernels(new InlineEngine(module, new ModuleMemory(shared)), wideArithmetic(dtype))
    const difference = await largestDifference(kernels, new NaiveKernels())
    await kernels.dispose()
    if (!(difference < TOLERANCE[dtype])) return `gives wrong numbers on this engine (off by ${difference})`
  }
  return module
}

export function wideArithmetic(dtype: DType): SimdArithmetic {
  return { dtype: dtype === 'auto' || dtype === 'fp32' ? dtype : 'q8', f32: tile('f32Wide'), q8: tile('w8a16Wide') }
}

async function largestDifference(kernels: Kernels, definition: Kernels): Promise<number> {
  let most = 0
  for (const tokens of TOKENS) {
    const expected = await knownAnswer(definition, tokens, 1)
    const found = await knownAnswer(kernels, tokens, ROUNDS)
    for (const [i, value] of expected.entries()) most = Math.max(most, Math.abs(value - (found[i] ?? NaN))) // a NaN stays
  }
  return most
}

/** Embed, project, attend, feed forward, normalise: T tokens in two sequences, `rounds` times over. */
async function knownAnswer(kernels: Kernels, T: number, rounds: number): Promise<Float32Array> {
  const [C, F] = [64, 96]
  const table = await kernels.embeddingWeights(numbers(T, C))
  const norm = await kernels.normWeights(vector(C), vector(C), 1e-12)
  const linear = (outputs: number, inputs: number) =>
    kernels.linearWeights([{ weight: numbers(outputs, inputs), bias: vector(outputs) }])
  const [qkv, up, down] = [await linear(3 * C, C), await linear(F, C), await linear(C, F)]
  const ids = Int32Array.from({ length: T }, (_, i) => i)
  const starts = Int32Array.of(0, 5, T)
  let values = new Float32Array()
  for (let round = 0; round < rounds; round++) {
    const y = kernels.scope(() => {
      const batch = { ids, typeIds: ids, positions: ids, starts }
      const x = kernels.embed(batch, { word: table, position: table, tokenType: table }, norm)
      const attended = kernels.addLayerNorm(kernels.attention(kernels.linear(x, qkv), starts, 4), x, norm)
      return kernels.addLayerNorm(kernels.linear(kernels.linearGelu(attended, up), down), attended, norm)
    })
    values = new Float32Array(await kernels.read(y))
    kernels.free(y)
  }
  return values
}

function numbers(rows: number, width: number): StoredTensor {
  const data = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i * 12.9898) / Math.sqrt(width))
  return { name: 'known answer', stored: 'F32', shape: [rows, width], data }
}

function vector(width: number): StoredTensor {
  const data = Float32Array.from({ length: width }, (_, i) => 1 + Math.cos(i) / 2)
  return { name: 'known answer', stored: 'F32', shape: [width], data }
}
