/** Picks a backend by name. Each is imported only when it is asked for, so that a bundle carries no other's weight. */
import { OptionError } from '../errors.ts'
import type { Kernels } from './kernels.ts'
import { hasSimd } from './simd/modules.ts'

export const BACKENDS = ['simd', 'tfjs', 'naive'] as const
export type Backend = (typeof BACKENDS)[number]

export const PRECISIONS = ['auto', 'fp32', 'w8a16', 'w8a7', 'q8'] as const
/**
 * The arithmetic of the linear layers: `fp32`; int8 weights by 16-bit (`w8a16`) or 7-bit activations (`w8a7`); `q8`, the fastest
 * int8 arithmetic that is precise (docs/kernels.md). `auto`: fp32, but for int8 files on backends that can compute in int8.
 */
export type Precision = (typeof PRECISIONS)[number]

/** What the backends that have no choice run on. */
const DEVICES = { simd: 'wasm', naive: 'cpu' } as const

export interface BackendOptions {
  /** Default: the fastest that is there. */
  readonly backend?: Backend
  /**
   * The name of a tfjs backend: `wasm` (default), `cpu`, or another that the page registered. The other backends have one
   * device each, and refuse any other: simd `wasm`, naive `cpu`.
   */
  readonly device?: string
  /** Default `auto`. naive and tfjs compute in fp32, whatever the file stores, and take no other. */
  readonly dtype?: Precision
  /** simd only: how many threads compute, 1 … 64. Default: one per core, four at most. The others compute in one. */
  readonly threads?: number
  /** simd only, experimental, Node 24 and later: 256-bit vectors, by a flag of V8 that holds for the whole process. */
  readonly turbo?: boolean
  /** Where the .wasm comes from: for simd a compiled module, for tfjs the URL or path of the folder that holds its files. */
  readonly wasm?: WebAssembly.Module | string
}

/**
 * Loads a backend.
 *
 * @throws OptionError `OPTION_BACKEND`, `OPTION_DEVICE`, `OPTION_DTYPE`, `OPTION_THREADS`, `OPTION_WASM`; BackendError
 *   `BACKEND_UNAVAILABLE` where it cannot run here, `BACKEND_DEVICE` where tfjs knows no such device
 */
export async function loadKernels(options: BackendOptions = {}): Promise<Kernels> {
  const { backend = hasSimd() ? 'simd' : 'naive', device, dtype = 'auto', wasm } = options
  if (!BACKENDS.includes(backend)) {
    throw option('OPTION_BACKEND', 'backend', BACKENDS.join(', '), backend, 'Leave it out for the fastest one.')
  }
  if (!PRECISIONS.includes(dtype)) {
    throw option('OPTION_DTYPE', 'dtype', PRECISIONS.join(', '), dtype, 'Leave it out for the one that fits the file.')
  }
  if (backend !== 'tfjs' && device !== undefined && device !== DEVICES[backend]) {
    const subject = `device on backend ${backend}`
    throw option('OPTION_DEVICE', subject, DEVICES[backend], device, "Leave it out, or ask for backend: 'tfjs'.")
  }
  switch (backend) {
    case 'naive': {
      requireFp32(backend, dtype)
      const { NaiveKernels } = await import('./naive/naive.ts')
      return new NaiveKernels()
    }
    case 'tfjs': {
      requireFp32(backend, dtype)
      if (wasm !== undefined && typeof wasm !== 'string') {
        throw option(
          'OPTION_WASM',
          'wasm on backend tfjs',
          'the folder of its .wasm files',
          wasm,
          'Pass a URL or path.',
        )
      }
      const { TfjsKernels } = await import('./tfjs/tfjs.ts')
      return TfjsKernels.load(device, wasm)
    }
    case 'simd': {
      if (wasm !== undefined && typeof wasm !== 'string' && !isModule(wasm)) {
        throw option('OPTION_WASM', 'wasm on backend simd', 'a WebAssembly.Module', wasm, 'Leave it out for our own.')
      }
      const { loadSimd } = await import('./simd/load.ts')
      return loadSimd(options)
    }
  }
}

function requireFp32(backend: Backend, dtype: Precision): void {
  if (dtype === 'auto' || dtype === 'fp32') return
  throw option('OPTION_DTYPE', `dtype on backend ${backend}`, 'auto or fp32', dtype, "int8 arithmetic needs 'simd'.")
}

/** Also one of another realm. */
function isModule(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object WebAssembly.Module]'
}

function option(
  code: `OPTION_${string}`,
  subject: string,
  expected: string,
  found: unknown,
  nextStep: string,
): OptionError {
  const text = typeof found === 'string' ? JSON.stringify(found) : String(found)
  return new OptionError({ code, subject, expected, found: text, nextStep })
}
