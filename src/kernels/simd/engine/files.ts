/**
 * The files beside the code: the .wasm modules, and the script of a thread. Each address is written out, since bundlers find them so,
 * and made only when asked for: some bundles have no URL. A bundle that has the files elsewhere says so.
 */
import type { Features } from '../tiles.ts'

export type WasmName = keyof typeof ADDRESSES

export interface EngineFiles {
  /** A module's address, or its bytes. */
  wasm(name: WasmName): string | Uint8Array<ArrayBuffer>
  /** Starts the script of a thread in a page; undefined if there is none. */
  readonly webThread: (() => Worker) | undefined
  /** The same in Node. */
  readonly nodeThread: ((worker: NodeWorkerClass) => NodeWorker) | undefined
}

type NodeWorker = import('node:worker_threads').Worker
type NodeWorkerClass = typeof import('node:worker_threads').Worker

const ADDRESSES = {
  simd: () => new URL('./simd.wasm', import.meta.url),
  'simd-shared': () => new URL('./simd-shared.wasm', import.meta.url),
  'simd-relaxed': () => new URL('./simd-relaxed.wasm', import.meta.url),
  'simd-relaxed-shared': () => new URL('./simd-relaxed-shared.wasm', import.meta.url),
  'simd-wide': () => new URL('./simd-wide.wasm', import.meta.url),
  'simd-wide-shared': () => new URL('./simd-wide-shared.wasm', import.meta.url),
}

export function wasmName({ level, shared }: Features): WasmName {
  const prefix = level === 'portable' ? 'simd' : (`simd-${level}` as const)
  return shared ? `${prefix}-shared` : prefix
}

/** The address that the bundler, or the server, gave a module. */
export function wasmAddress(name: WasmName): string {
  return ADDRESSES[name]().href
}

let files: EngineFiles = {
  wasm: wasmAddress,
  webThread: () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'bert-ner' }),
  // The comments are for bundlers of pages: to them this would be a second file, of the same script.
  nodeThread: NodeWorker =>
    new NodeWorker(new URL(/* webpackIgnore: true */ /* @vite-ignore */ './worker.js', import.meta.url), {
      // Without the parent's flags of Node: a debugger's would break the worker.
      execArgv: [],
      name: 'bert-ner',
    }),
}

export function engineFiles(): EngineFiles {
  return files
}

/** Says where a bundle has the files. */
export function setEngineFiles(others: EngineFiles): void {
  files = others
}
