/** Starts worker threads, in Node and in browsers alike. */
import { builtin, isNode } from '../../../platform.ts'
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
export async function threadSpawner(): Promise<Spawn | undefined> {
  // In a browser, memory is shared only on pages that are isolated from other origins (COOP and COEP headers).
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated
  if (typeof SharedArrayBuffer === 'undefined' || isolated === false) return undefined
  if (isNode()) {
    const threads = await builtin('node:worker_threads')
    return threads && ((onAnswer, onDeath) => nodeThread(threads.Worker, onAnswer, onDeath))
  }
  return typeof Worker === 'undefined' ? undefined : webThread
}

function nodeThread(
  NodeWorker: typeof import('node:worker_threads').Worker,
  onAnswer: (answer: Answer) => void,
  onDeath: (cause: unknown) => void,
): Thread {
  // Without the parent's flags of Node: a debugger's would break the worker.
  const worker = new NodeWorker(new URL('./worker.js', import.meta.url), { execArgv: [], name: 'bert-ner' })
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

function webThread(onAnswer: (answer: Answer) => void, onDeath: (cause: unknown) => void): Thread {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'bert-ner' })
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
export async function defaultThreads(): Promise<number> {
  const os = await builtin('node:os')
  const cores =
    os?.availableParallelism() ?? (globalThis as { navigator?: Navigator }).navigator?.hardwareConcurrency ?? 1
  return Math.max(1, Math.min(4, cores))
}
