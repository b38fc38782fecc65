/** The engine without threads: a program runs at once, in the caller's thread. */
import { BackendError } from '../../errors.ts'
import type { ModuleMemory } from './memory.ts'
import type { Engine } from './program.ts'

export interface ModuleExports {
  readonly run: (program: number, end: number, scratch: number) => void
  /** Relaxed modules: assembly/chain.ts. */
  readonly pairs?: (turns: number) => number
  readonly fused?: (turns: number) => number
}

export class InlineEngine implements Engine {
  readonly threads = 1
  readonly memory: ModuleMemory
  readonly #exports: ModuleExports

  constructor(module: WebAssembly.Module, memory: ModuleMemory) {
    this.memory = memory
    this.#exports = instantiate(module, memory.memory)
  }

  run(program: number, end: number, scratch: number): Promise<void> {
    try {
      this.#exports.run(program, end, scratch)
      return Promise.resolve()
    } catch (cause) {
      return Promise.reject(crashed(cause))
    }
  }

  dispose(): Promise<void> {
    return Promise.resolve()
  }
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): ModuleExports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as ModuleExports
}

export function crashed(cause: unknown): BackendError {
  return new BackendError({
    code: 'BACKEND_CRASHED',
    subject: 'backend simd',
    expected: 'a forward pass that ends',
    found: cause instanceof Error ? cause.message : String(cause),
    nextStep: "This is a bug: please report it with the model's config.json. Meanwhile, use backend: 'tfjs'.",
    cause,
  })
}

export function disposed(): BackendError {
  return new BackendError({
    code: 'BACKEND_DISPOSED',
    subject: 'backend simd',
    expected: 'a backend in use',
    found: 'one whose dispose() was called',
    nextStep: 'Load the model again.',
  })
}
