/**
 * Loads a backend by name. simd, which runs nearly everywhere, is part of every bundle: a service worker may not import later. naive
 * is imported when it is asked for, and tfjs is there if it was registered. So a page downloads one backend and not three.
 */
import { OptionError } from '../errors.ts'
import type { Kernels } from './kernels.ts'
import { BACKENDS, DTYPES, type Backend, type BackendOptions, type DType } from './options.ts'
import { registeredTfjs } from './register.ts'
import { loadSimd } from './simd/engine/load.ts'
import { hasSimd } from './simd/engine/modules.ts'
import { guarded, show, UNREADABLE } from '../values.ts'

/** The device of each backend that has only one. */
const DEVICES = { simd: 'wasm', naive: 'cpu' } as const

/**
 * Loads a backend.
 *
 * @throws OptionError `OPTION_BACKEND`, `OPTION_DEVICE`, `OPTION_DTYPE`, `OPTION_THREADS`, `OPTION_WASM`; BackendError
 *   `BACKEND_UNAVAILABLE` if it cannot run here, `BACKEND_DEVICE` if tfjs knows no such device
 */
export async function loadKernels(options: BackendOptions = {}): Promise<Kernels> {
  checkObject(options)
  const { backend = hasSimd() ? 'simd' : 'naive', device, dtype = 'auto', wasm } = options
  if (!BACKENDS.includes(backend)) {
    throw option('OPTION_BACKEND', 'backend', BACKENDS.join(', '), backend, 'Leave it out for the fastest one.')
  }
  if (!DTYPES.includes(dtype)) {
    throw option('OPTION_DTYPE', 'dtype', DTYPES.join(', '), dtype, 'Leave it out for the one that fits the file.')
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
      return registeredTfjs()(device, wasm)
    }
    case 'simd': {
      if (wasm !== undefined && typeof wasm !== 'string' && !isModule(wasm)) {
        throw option('OPTION_WASM', 'wasm on backend simd', 'a WebAssembly.Module', wasm, 'Leave it out for our own.')
      }
      return loadSimd(options)
    }
  }
}

function checkObject(options: unknown): void {
  const read = () => typeof options === 'object' && options !== null && { ...options }
  const wrong = (found: string) =>
    new OptionError({
      code: 'OPTION_VALUE',
      subject: 'options',
      expected: 'an object',
      found,
      nextStep: 'Leave them out.',
    })
  if (guarded(read, () => wrong(UNREADABLE)) === false) throw wrong(show(options))
}

function requireFp32(backend: Backend, dtype: DType): void {
  if (dtype === 'auto' || dtype === 'fp32') return
  throw option('OPTION_DTYPE', `dtype on backend ${backend}`, 'auto or fp32', dtype, "int8 arithmetic needs 'simd'.")
}

/** Accepts modules from another realm too (an iframe, a vm context). */
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
  return new OptionError({ code, subject, expected, found: show(found), nextStep })
}
