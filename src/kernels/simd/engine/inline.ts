/** The engine without threads: it runs a program at once, in the caller's thread. */
import { crashed } from '../failures.ts'
import type { ModuleMemory } from '../memory.ts'
import type { Engine } from '../program.ts'

export interface ModuleExports {
  readonly run: (program: number, end: number, scratch: number) => void
  /** Only in relaxed modules: assembly/chain.ts. */
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
