/**
 * Loads the module with wide tiles, for V8's experimental pass that joins two 128-bit operations into one of 256 bits. Node 24 has
 * the pass, behind a flag. So turbo is opt-in, and its answers are checked first: products in both formats and attention are
 * computed on the wide tiles until the optimising compiler has taken over, and compared with plain loops.
 */
import { builtin, nodeVersion, warn } from '../../../platform.ts'
import { differences, loadLayer, random, randomBatch, randomLayer, readTensors, runLayer } from '../../exercise.ts'
import type { Kernels } from '../../kernels.ts'
import type { DType } from '../../options.ts'
import { ModuleMemory } from '../memory.ts'
import { SimdKernels, type SimdArithmetic } from '../simd.ts'
import { tile } from '../tiles.ts'
import { InlineEngine } from './inline.ts'
import { bestLevel, compileModule } from './modules.ts'

const FIRST_NODE = 24
/** Tokens of the known answers: few, and enough that w8a16 widens its panels (assembly/linear.ts); both leave tails of tiles. */
const LENGTHS = [
  [5, 6],
  [5, 38],
] as const
/** Enough rounds for the optimising compiler to take over. */
const ROUNDS = 150
/** Largest difference from plain loops, as a share of the largest value. fp32 sums in another order; q8 rounds to integers. */
const TOLERANCE = { fp32: 1e-5, q8: 0.05 } as const
const FLAG = 'experimental-wasm-revectorize'

export interface Turbo {
  readonly module: WebAssembly.Module
  readonly arithmetic: SimdArithmetic
}

/**
 * Returns the wide module if it compiles under the flag and gives the known answers. Otherwise warns, with the reason, and
 * returns undefined. `w8a7` has no wide tile, since w8a16 is faster on these.
 */
export async function loadTurbo(shared: boolean, isGiven: boolean, dtype: DType): Promise<Turbo | undefined> {
  const found = await compileWide(shared, isGiven, dtype)
  if (typeof found !== 'string') return { module: found, arithmetic: wideArithmetic(dtype) }
  warn(`bert-ner: turbo ${found}; computing without it.`)
  return undefined
}

/** The module, or why there is none. */
async function compileWide(shared: boolean, isGiven: boolean, dtype: DType): Promise<WebAssembly.Module | string> {
  if (isGiven) return 'brings a module of its own, and `wasm` names another'
  if (dtype === 'w8a7') return "is for 'fp32', 'w8a16' and 'q8'"
  const [v8, os] = [builtin('node:v8'), builtin('node:os')]
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
  const { NaiveKernels } = await import('../../naive/naive.ts')
  for (const dtype of ['fp32', 'q8'] as const) {
    const kernels = new SimdKernels(new InlineEngine(module, new ModuleMemory(shared)), wideArithmetic(dtype))
    const difference = await largestDifference(kernels, new NaiveKernels())
    await kernels.dispose()
    if (!(difference < TOLERANCE[dtype])) return `gives wrong numbers on this engine (off by ${difference})`
  }
  return module
}

function wideArithmetic(dtype: DType): SimdArithmetic {
  return { dtype: dtype === 'auto' || dtype === 'fp32' ? dtype : 'q8', f32: tile('f32Wide'), q8: tile('w8a16Wide') }
}

async function largestDifference(kernels: Kernels, definition: Kernels): Promise<number> {
  let most = 0
  for (const lengths of LENGTHS) {
    const [expected, found] = [await knownAnswer(definition, lengths, 1), await knownAnswer(kernels, lengths, ROUNDS)]
    most = Math.max(most, ...Object.values(differences(expected, found)))
  }
  return most
}

/** One layer over two sequences, `rounds` times: the values of the last. */
async function knownAnswer(kernels: Kernels, lengths: readonly number[], rounds: number) {
  const [next, size] = [random(1), { C: 64, H: 4, F: 96, lengths }]
  const layer = await loadLayer(kernels, randomLayer(size, next), size.H)
  const batch = randomBatch(size, next)
  for (let round = 1; round < rounds; round++) await readTensors(kernels, runLayer(kernels, layer, batch))
  return readTensors(kernels, runLayer(kernels, layer, batch))
}
