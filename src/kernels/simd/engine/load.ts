/** Loads the SIMD backend: finds out what this engine can do, and compiles the module for it. */
import { BackendError, OptionError } from '../../../errors.ts'
import { warn } from '../../../platform.ts'
import type { BackendOptions, DType } from '../../options.ts'
import { offeredTurbo } from '../../register.ts'
import { chooseArithmetic } from './arithmetic.ts'
import { InlineEngine } from './inline.ts'
import type { Features } from '../tiles.ts'
import { ModuleMemory } from '../memory.ts'
import { bestLevel, compileModule, featuresOf, hasRelaxedSimd, hasSimd } from './modules.ts'
import { PoolEngine } from './pool.ts'
import { SimdKernels } from '../simd.ts'
import { defaultThreads, threadSpawner, whyAlone } from './threads.ts'
import type { Turbo } from './turbo.ts'

export type SimdOptions = Pick<BackendOptions, 'dtype' | 'threads' | 'wasm' | 'turbo'>

const MAX_THREADS = 64

/**
 * @throws OptionError `OPTION_THREADS`, `OPTION_WASM`; BackendError `BACKEND_UNAVAILABLE` if there is no WebAssembly SIMD, or no
 *   relaxed SIMD for `w8a7`
 */
export async function loadSimd(options: SimdOptions = {}): Promise<SimdKernels> {
  const { dtype = 'auto', wasm } = options
  if (!hasSimd()) throw noSimd()
  const threads = checkThreads(options.threads ?? defaultThreads())
  const spawn = threads > 1 ? threadSpawner() : undefined
  const given = wasm === undefined ? undefined : checkModule(wasm)
  const features = given ? featuresOf(given) : { level: bestLevel(), shared: spawn !== undefined }
  if (features.level === 'relaxed' && !hasRelaxedSimd())
    throw wrongModule('one with relaxed SIMD, which this engine lacks')
  if (features.level === 'wide') throw wrongModule('one with wide tiles, which only turbo may use')
  const wide = options.turbo === true ? await loadWide(dtype, features, given !== undefined) : undefined
  const module = wide?.module ?? given ?? (await compileModule(features))
  const memory = new ModuleMemory(features.shared)
  const isAsked = options.threads !== undefined && threads > 1
  const alone = (reason: unknown) => {
    if (isAsked) warn(`bert-ner: ${threads} threads were asked for, and one computes: ${String(reason)}.`)
  }
  if (threads > 1 && !spawn) alone(whyAlone())
  else if (threads > 1 && !features.shared) alone('the module that was passed has no shared memory')
  const engine =
    features.shared && spawn ? new PoolEngine(module, memory, threads, spawn, alone) : new InlineEngine(module, memory)
  try {
    return new SimdKernels(engine, wide?.arithmetic ?? chooseArithmetic(dtype, module, features))
  } catch (error) {
    await engine.dispose()
    throw error
  }
}

/** Turbo's module, if there is one, and it is right and faster than the one that runs otherwise. */
async function loadWide(dtype: DType, features: Features, isGiven: boolean): Promise<Turbo | undefined> {
  const load = offeredTurbo()
  if (load === undefined) {
    warn('bert-ner: turbo needs Node; computing without it.')
    return undefined
  }
  return load({ features, isGiven, dtype })
}

function checkThreads(threads: number): number {
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads
  throw new OptionError({
    code: 'OPTION_THREADS',
    subject: 'threads',
    expected: `a whole number from 1 to ${MAX_THREADS}`,
    found: String(threads),
    nextStep: 'Leave it out for one per core, four at most.',
  })
}

function checkModule(wasm: WebAssembly.Module | string): WebAssembly.Module {
  if (typeof wasm !== 'string') return wasm
  throw wrongModule('a string')
}

function wrongModule(found: string): OptionError {
  return new OptionError({
    code: 'OPTION_WASM',
    subject: 'wasm on backend simd',
    expected: "a WebAssembly.Module made from 'bert-ner/simd.wasm' or a sister of it that is exported too",
    found,
    nextStep: "Import 'bert-ner/simd.wasm' as a module, or compile it with WebAssembly.compileStreaming().",
  })
}

/** Says what is missing here: all of WebAssembly, or its SIMD. */
export function missingSimd(): string {
  return typeof WebAssembly === 'object' ? 'WebAssembly without SIMD' : 'no WebAssembly'
}

function noSimd(): BackendError {
  return new BackendError({
    code: 'BACKEND_UNAVAILABLE',
    subject: 'backend simd',
    expected: 'an engine with WebAssembly SIMD (Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or later)',
    found: missingSimd(),
    nextStep: "Allow WebAssembly (no --jitless, no lockdown mode), or take backend: 'naive', which is slow.",
  })
}
