/** Chooses, fetches and compiles the .wasm modules. */
import { BackendError } from '../../../errors.ts'
import { builtin } from '../../../platform.ts'
import type { Features, Level } from '../tiles.ts'
import { engineFiles, wasmName } from './files.ts'

/**
 * (module (func (result i32) i32.const 0 i8x16.splat i8x16.popcnt i8x16.extract_lane_u 0)): valid if the engine has SIMD.
 * Whether a module of a few bytes is valid is the only test of an engine's features.
 */
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 10, 13, 1, 11, 0, 65, 0, 253, 15, 253, 98, 253, 22, 0, 11] // prettier-ignore

export function hasSimd(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(Uint8Array.from(SIMD))
}

/** (module (func (result v128) (i8x16.relaxed_swizzle (i8x16.splat (i32.const 0)) (i8x16.splat (i32.const 0))))) */
const RELAXED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253, 128, 2, 11] // prettier-ignore

export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(Uint8Array.from(RELAXED))
}

/** The level of the modules that this engine runs fastest. `wide` has to be asked for (turbo.ts). */
export function bestLevel(): Level {
  return hasRelaxedSimd() ? 'relaxed' : 'portable'
}

/** The features that a module was assembled for. Only linking shows whether its memory is shared. */
export function featuresOf(module: WebAssembly.Module): Features {
  const names = WebAssembly.Module.exports(module).map(({ name }) => name)
  const level = (['relaxed', 'wide'] as const).find(needed => names.includes(needed)) ?? 'portable'
  try {
    new WebAssembly.Instance(module, { env: { memory: new WebAssembly.Memory({ initial: 1, maximum: 1 }) } })
    return { level, shared: false }
  } catch {
    return { level, shared: true }
  }
}

/** @throws BackendError `BACKEND_UNAVAILABLE` if the file cannot be fetched, or may not be compiled */
export async function compileModule(features: Features): Promise<WebAssembly.Module> {
  let from = 'an address that this bundle does not know'
  try {
    const file = engineFiles().wasm(wasmName(features))
    if (typeof file === 'string') from = file
    return await WebAssembly.compile(typeof file === 'string' ? await bytesOf(file) : file)
  } catch (cause) {
    throw new BackendError({
      code: 'BACKEND_UNAVAILABLE',
      subject: 'backend simd',
      expected: `a WebAssembly module at ${from}`,
      found: cause instanceof Error ? cause.message : String(cause),
      nextStep:
        "Serve the package's .wasm files beside its code, allow 'wasm-unsafe-eval' where a policy forbids compiling, or pass a compiled module as `wasm`.",
      cause,
    })
  }
}

/** The address may be one of this site without its origin: some bundlers give a worker such. */
async function bytesOf(url: string): Promise<BufferSource> {
  const fs = url.startsWith('file:') ? builtin('node:fs/promises') : undefined
  if (fs) return fs.readFile(new URL(url))
  const response = await fetch(url)
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  return response.arrayBuffer()
}
