/** Worker threads, alike in Node and in browsers: what there is, and how to start one. */
import { builtin, isNode } from '../../../platform.ts'
import type { Answer, RunMessage, StartMessage } from './worker.ts'

/** A thread as pool.ts sees it. */
export interface Thread {
  post(message: StartMessage | RunMessage): void
  /** Whether a thread that works keeps the process alive. One that sleeps never does. */
  keepAlive(alive: boolean): void
  terminate(): Promise<void>
}

/** Starts a thread. `onAnswer` is called for each message that it answers, `onDeath` once, where it ends unasked. */
export type Spawn = (onAnswer: (answer: Answer) => void, onDeath: (cause: unknown) => void) => Thread

/** How to start threads here, or undefined where memory cannot be shared with them. */
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
  // Without the parent's arguments and environment, which are none of its business (and a debugger's flags break it).
  const worker = new NodeWorker(new URL('./worker.js', import.meta.url), { execArgv: [], name: 'bert-ner' })
  worker.on('message', onAnswer)
  worker.on('error', onDeath)
  worker.on('exit', code => {
    onDeath(`exit ${code}`)
  })
  worker.unref()
  return {
    post: message => {
      worker.postMessage(message)
    },
    keepAlive: alive => {
      if (alive) worker.ref()
      else worker.unref()
    },
    terminate: async () => {
      await worker.terminate()
    },
  }
}

function webThread(onAnswer: (answer: Answer) => void, onDeath: (cause: unknown) => void): Thread {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'bert-ner' })
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    onAnswer(data)
  })
  worker.addEventListener('error', event => {
    onDeath(event.message)
  })
  worker.addEventListener('messageerror', () => {
    onDeath('a message that cannot be read')
  })
  return {
    post: message => {
      worker.postMessage(message)
    },
    keepAlive: () => undefined, // a page lives as long as it is open
    terminate: () => {
      worker.terminate()
      return Promise.resolve()
    },
  }
}

/** As many as there are cores, and four at most: beyond that, memory is what a forward pass waits for. */
export async function defaultThreads(): Promise<number> {
  const os = await builtin('node:os')
  const cores =
    os?.availableParallelism() ?? (globalThis as { navigator?: Navigator }).navigator?.hardwareConcurrency ?? 1
  return Math.max(1, Math.min(4, cores))
}
