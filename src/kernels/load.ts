/** Picks a backend by name. Each is imported only when it is asked for, so that a bundle carries no other's weight. */
import { OptionError } from '../errors.ts'
import type { Kernels } from './kernels.ts'
import { hasSimd } from './simd/modules.ts'

export const BACKENDS = ['simd', 'tfjs', 'naive'] as const
export type Backend = (typeof BACKENDS)[number]

export const PRECISIONS = ['auto', 'fp32', 'w8a16', 'w8a7', 'q8'] as const
/** The arithmetic of the linear layers. `auto`: fp32, but for int8 files on backends that can compute in int8. */
export type Precision = (typeof PRECISIONS)[number]

export interface BackendOptions {
  /** Default: the fastest that is there. */
  readonly backend?: Backend
  /** tfjs only: the name of a tfjs backend: `wasm` (default), `cpu`, or another that the page registered. */
  readonly device?: string
  /** Default `auto`. naive and tfjs compute in fp32, whatever the file stores. */
  readonly dtype?: Precision
  /** simd only: how many threads compute. */
  readonly threads?: number
  /** simd only, experimental, Node 24 and later: 256-bit vectors, by a flag of V8 that holds for the whole process. */
  readonly turbo?: boolean
  /** Where the .wasm comes from: for simd a compiled module, for tfjs the URL or path of the folder that holds its files. */
  readonly wasm?: WebAssembly.Module | string
}

/**
 * Loads a backend.
 *
 * @throws OptionError `OPTION_BACKEND`, `OPTION_DTYPE`; BackendError `BACKEND_UNAVAILABLE` where it cannot run here
 */
export async function loadKernels(options: BackendOptions = {}): Promise<Kernels> {
  const { backend = hasSimd() ? 'simd' : 'naive', dtype = 'auto' } = options
  if (!BACKENDS.includes(backend)) {
    throw option('OPTION_BACKEND', 'backend', BACKENDS.join(', '), backend, 'Leave it out for the fastest one.')
  }
  if (!PRECISIONS.includes(dtype)) {
    throw option('OPTION_DTYPE', 'dtype', PRECISIONS.join(', '), dtype, 'Leave it out for the one that fits the file.')
  }
  switch (backend) {
    case 'naive': {
      requireFp32(backend, dtype)
      const { NaiveKernels } = await import('./naive/naive.ts')
      return new NaiveKernels()
    }
    case 'tfjs': {
      requireFp32(backend, dtype)
      const { TfjsKernels } = await import('./tfjs/tfjs.ts')
      return TfjsKernels.load(options.device, typeof options.wasm === 'string' ? options.wasm : undefined)
    }
    case 'simd': {
      const { loadSimd } = await import('./simd/load.ts')
      return loadSimd(options)
    }
  }
}

function requireFp32(backend: Backend, dtype: Precision): void {
  if (dtype === 'auto' || dtype === 'fp32') return
  throw option('OPTION_DTYPE', `dtype on backend ${backend}`, 'auto or fp32', dtype, "int8 arithmetic needs 'simd'.")
}

function option(
  code: 'OPTION_BACKEND' | 'OPTION_DTYPE',
  subject: string,
  expected: string,
  found: string,
  nextStep: string,
): OptionError {
  return new OptionError({ code, subject, expected, found: JSON.stringify(found), nextStep })
}
