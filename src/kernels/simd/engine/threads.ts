/** Starts worker threads, in Node and in browsers alike. */
import { builtin, isNode } from '../../../platform.ts'
import { engineFiles } from './files.ts'
import type { Answer, RunMessage, StartMessage } from './worker.ts'

/** A thread, as the pool sees it. */
export interface Thread {
  post(message: StartMessage | RunMessage): void
  /** Sets whether the thread keeps the process alive. The pool does so while the thread works. */
  keepAlive(alive: boolean): void
  terminate(): Promise<void>
}

/** Starts a thread. `onAnswer` is called for each answer, and `onDeath` if the thread ends unasked. */
export type Spawn = (onAnswer: (answer: Answer) => void, onDeath: (cause: unknown) => void) => Thread

/** Returns the function that starts threads here, or undefined if memory cannot be shared with them. */
export function threadSpawner(): Spawn | undefined {
  // In a browser, memory is shared only on pages that are isolated from other origins (COOP and COEP headers).
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated
  if (typeof SharedArrayBuffer === 'undefined' || isolated === false) return undefined
  const { nodeThread, webThread } = engineFiles()
  if (isNode()) {
    const threads = builtin('node:worker_threads')
    if (!threads || !nodeThread) return undefined
    return (onAnswer, onDeath) => inNode(nodeThread(threads.Worker), onAnswer, onDeath)
  }
  if (typeof Worker === 'undefined' || !webThread) return undefined
  return (onAnswer, onDeath) => inPage(webThread(), onAnswer, onDeath)
}

function inNode(
  worker: import('node:worker_threads').Worker,
  onAnswer: (answer: Answer) => void,
  onDeath: (cause: unknown) => void,
): Thread {
  worker.on('message', onAnswer)
  worker.on('error', onDeath)
  worker.on('exit', code => onDeath(`exit ${code}`))
  worker.unref()
  return {
    post: message => worker.postMessage(message),
    keepAlive: alive => (alive ? worker.ref() : worker.unref()),
    terminate: async () => {
      await worker.terminate()
    },
  }
}

function inPage(worker: Worker, onAnswer: (answer: Answer) => void, onDeath: (cause: unknown) => void): Thread {
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => onAnswer(data))
  worker.addEventListener('error', event => onDeath(event.message))
  worker.addEventListener('messageerror', () => onDeath('a message that cannot be read'))
  return {
    post: message => worker.postMessage(message),
    keepAlive: () => undefined, // a page lives as long as it is open
    terminate: () => {
      worker.terminate()
      return Promise.resolve()
    },
  }
}

/** One thread per core, and four at most: with more, a forward pass waits for memory. */
export function defaultThreads(): number {
  const os = builtin('node:os')
  const cores =
    os?.availableParallelism() ?? (globalThis as { navigator?: Navigator }).navigator?.hardwareConcurrency ?? 1
  return Math.max(1, Math.min(4, cores))
}
