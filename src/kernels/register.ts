/**
 * Where backend tfjs and turbo come from. The core does not import tfjs, so no bundler meets packages that may not be installed:
 * `bert-ner/tfjs` registers it, and in Node the package's entry does. That also offers turbo, which no page has.
 */
import { BackendError } from '../errors.ts'
import type { Kernels } from './kernels.ts'
import type { loadTurbo } from './simd/engine/turbo.ts'

/** Loads the backend: a device of tfjs, and the folder of its .wasm files. */
export type LoadTfjs = (device?: string, wasm?: string) => Promise<Kernels>

let load: LoadTfjs | undefined

export function registerTfjs(loader: LoadTfjs): void {
  load = loader
}

/** Registers a loader for the case that nobody registers one. */
export function offerTfjs(loader: LoadTfjs): void {
  load ??= loader
}

/** @throws BackendError `BACKEND_UNAVAILABLE` if none is registered */
export function registeredTfjs(): LoadTfjs {
  if (load) return load
  throw new BackendError({
    code: 'BACKEND_UNAVAILABLE',
    subject: 'backend tfjs',
    expected: 'a backend that is registered',
    found: 'none, for a page and a worker only have it if they import it',
    nextStep: "Import 'bert-ner/tfjs' first; it needs tfjs-core and tfjs-backend-wasm installed.",
  })
}

let turbo: typeof loadTurbo | undefined

export function offerTurbo(loader: typeof loadTurbo): void {
  turbo = loader
}

/** Undefined where nobody offers it. */
export function offeredTurbo(): typeof loadTurbo | undefined {
  return turbo
}
