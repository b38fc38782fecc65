/**
 * Loads the module with wide tiles, for V8's experimental pass that joins two 128-bit operations into one of 256 bits. Node 24 has
 * the pass, behind a flag. So turbo is opt-in, and its answers are checked first: products in both formats and attention are
 * computed on the wide tiles until the optimising compiler has taken over, and compared with plain loops. Then a layer is timed, on
 * the wide tiles and on those that would compute without turbo: how much the pass gains depends on the machine.
 */
import { builtin, isV8, nodeVersion, warn } from '../../../platform.ts'
import { differences, loadLayer, random, randomBatch, randomLayer, readTensors, runLayer } from '../../exercise.ts'
import type { Kernels } from '../../kernels.ts'
import type { DType } from '../../options.ts'
import { ModuleMemory } from '../memory.ts'
import { SimdKernels, type SimdArithmetic } from '../simd.ts'
import { tile, type Features } from '../tiles.ts'
import { chooseArithmetic } from './arithmetic.ts'
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
const FORMATS = ['fp32', 'q8'] as const
/** Largest difference from plain loops, as a share of the largest value. fp32 sums in another order; q8 rounds to integers. */
const TOLERANCE = { fp32: 1e-5, q8: 0.05 } as const
const FLAG = 'experimental-wasm-revectorize'

/** A layer that is large enough for its time to be that of its products, and how often it is timed, in turn with the other. */
const TIMED = { C: 256, H: 4, F: 512, lengths: [30] }
const [WARM_UP, TIMES] = [40, 15]

export interface TurboRequest {
  /** Of the module that would compute without turbo. */
  readonly features: Features
  /** Whether the caller brings a module. */
  readonly isGiven: boolean
  readonly dtype: DType
}

export interface Turbo {
  readonly module: WebAssembly.Module
  readonly arithmetic: SimdArithmetic
}

/**
 * Returns the wide module if it compiles under the flag, gives the known answers, and is faster. Otherwise warns, with the reason, and
 * returns undefined. `w8a7` has no wide tile, since w8a16 is faster on these.
 */
export async function loadTurbo(request: TurboRequest): Promise<Turbo | undefined> {
  const found = await compileWide(request)
  if (typeof found !== 'string') return { module: found, arithmetic: wideArithmetic(request.dtype) }
  warn(`bert-ner: turbo ${found}; computing without it.`)
  return undefined
}

/** The module, or why there is none. */
async function compileWide(request: TurboRequest): Promise<WebAssembly.Module | string> {
  if (request.isGiven) return 'brings a module of its own, and `wasm` names another'
  if (request.dtype === 'w8a7') return "is for 'fp32', 'w8a16' and 'q8'"
  const [v8, os] = [builtin('node:v8'), builtin('node:os')]
  // Deno and Bun say that they are Node, and have another V8 or none.
  if (!isV8() || !v8 || nodeVersion() < FIRST_NODE || os?.arch() !== 'x64' || bestLevel() !== 'relaxed') {
    return `needs Node ${FIRST_NODE} or later on x86-64`
  }
  const { dtype, features } = request
  const used = FORMATS.filter(format => dtype === 'auto' || (dtype === 'fp32') === (format === 'fp32'))
  // Compiled before the flag is set, as without turbo.
  const without = new Map<string, Timed>()
  for (const format of used) {
    const timed = await timedLayer(await plainKernels(dtype === 'auto' ? format : dtype, features))
    for (let round = 0; round < WARM_UP; round++) await timed.time()
    without.set(format, timed)
  }
  v8.setFlagsFromString(`--${FLAG}`)
  const found = await compileAndCheck(features.shared, without).catch(
    (error: unknown) => `cannot start (${String(error)})`,
  )
  for (const { kernels } of without.values()) await kernels.dispose()
  if (typeof found === 'string') v8.setFlagsFromString(`--no-${FLAG}`)
  return found
}

/** The kernels that would compute without turbo. */
async function plainKernels(dtype: DType, features: Features): Promise<SimdKernels> {
  const module = await compileModule(features)
  const engine = new InlineEngine(module, new ModuleMemory(features.shared))
  return new SimdKernels(engine, chooseArithmetic(dtype, module, features))
}

async function compileAndCheck(
  shared: boolean,
  without: ReadonlyMap<string, Timed>,
): Promise<WebAssembly.Module | string> {
  const module = await compileModule({ level: 'wide', shared })
  const { NaiveKernels } = await import('../../naive/naive.ts')
  for (const format of FORMATS) {
    const kernels = new SimdKernels(new InlineEngine(module, new ModuleMemory(shared)), wideArithmetic(format))
    const difference = await largestDifference(kernels, new NaiveKernels())
    const plain = without.get(format)
    const ratio = plain ? await timeRatio(await timedLayer(kernels), plain) : 0
    await kernels.dispose()
    if (!(difference < TOLERANCE[format])) return `gives wrong numbers on this engine (off by ${difference})`
    if (!(ratio < 1)) return `is not faster here (${format} takes ${ratio.toFixed(2)} times as long)`
  }
  return module
}

/** A layer on some kernels, and the milliseconds that it takes. */
interface Timed {
  readonly kernels: Kernels
  readonly time: () => Promise<number>
}

async function timedLayer(kernels: Kernels): Promise<Timed> {
  const layer = await loadLayer(kernels, randomLayer(TIMED, random(2)), TIMED.H)
  const batch = randomBatch(TIMED, random(3))
  const time = async () => {
    const began = performance.now()
    await readTensors(kernels, runLayer(kernels, layer, batch))
    return performance.now() - began
  }
  return { kernels, time }
}

/** The time of a layer as a share of another's: the best of each, taken in turn. */
async function timeRatio(...both: [Timed, Timed]): Promise<number> {
  const best: [number, number] = [Infinity, Infinity]
  for (let round = 0; round < WARM_UP + TIMES; round++) {
    for (const i of [0, 1] as const) {
      const time = await both[i].time()
      if (round >= WARM_UP) best[i] = Math.min(best[i], time)
    }
  }
  return best[0] / best[1]
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
