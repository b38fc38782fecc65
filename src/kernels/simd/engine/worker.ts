/**
 * One thread of the pool (pool.ts). It instantiates the module on the shared memory and answers that it is ready. From then on it
 * runs a program for each message. Between messages it sleeps in its event loop.
 *
 * The build makes one file of it and its imports, without `import` and `await` at its top: any bundler may copy it as it is.
 */
import { builtin } from '../../../platform.ts'
import { instantiate, type ModuleExports } from './inline.ts'

export interface StartMessage {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
}
export interface RunMessage {
  readonly program: number
  readonly end: number
  readonly scratch: number
  /** Bytes that the memory has. */
  readonly bytes: number
}
/** null: ready, or done. A string: the error. */
export type Answer = string | null

interface Port {
  postMessage(answer: Answer): void
}

let exports: ModuleExports | undefined
let memory: WebAssembly.Memory | undefined

function answer(message: StartMessage | RunMessage): Answer {
  try {
    if ('module' in message) {
      memory = message.memory
      exports = instantiate(message.module, memory)
    } else {
      // V8 (Node 20 to 24) may leave a thread with the old size, if the memory grows while the thread receives it. This renews it.
      if (memory && memory.buffer.byteLength < message.bytes) memory.grow(0)
      exports?.run(message.program, message.end, message.scratch)
    }
    return null
  } catch (error) {
    return String(error)
  }
}

const port = builtin('node:worker_threads')?.parentPort
if (port) {
  port.on('message', (message: StartMessage | RunMessage) => {
    port.postMessage(answer(message))
  })
} else {
  const page = globalThis as unknown as Port
  globalThis.addEventListener('message', ({ data }: MessageEvent<StartMessage | RunMessage>) => {
    page.postMessage(answer(data))
  })
}
