/**
 * Where backend tfjs comes from. This package does not import it, so no bundler meets packages that may not be installed:
 * `bert-ner/tfjs` registers it, and in Node the package's entry does.
 */
import { BackendError } from '../errors.ts'
import type { Kernels } from './kernels.ts'

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
