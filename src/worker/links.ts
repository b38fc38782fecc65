/** Links to a worker of a page, and to a thread of Node. */
import { builtin } from '../platform.ts'
import type { StartWorker } from './client.ts'
import type { FromWorker, Port, ToWorker } from './protocol.ts'

/** Starts the worker of a page. */
export function pageLink(make: () => Worker): StartWorker {
  return (onMessage, onDeath) => {
    const worker = make()
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => onMessage(data))
    worker.addEventListener('error', event => onDeath(event.message || 'its script could not be loaded'))
    worker.addEventListener('messageerror', () => onDeath('a message that cannot be read'))
    return {
      post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
      keepAlive: () => undefined, // a page lives as long as it is open
      terminate: () => worker.terminate(),
    }
  }
}

type NodeWorker = import('node:worker_threads').Worker

/** Starts a thread of Node. */
export function nodeLink(make: () => NodeWorker): StartWorker {
  return (onMessage, onDeath) => {
    const worker = make()
    worker.on('message', onMessage)
    worker.on('error', onDeath)
    worker.on('exit', code => onDeath(`exit ${code}`))
    return {
      post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
      keepAlive: alive => (alive ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    }
  }
}

/** The worker's own end: calls `receive` for each message of its caller. */
export function listen(receive: (port: Port) => (message: ToWorker) => void): void {
  const parent = builtin('node:worker_threads')?.parentPort
  if (parent) {
    const port: Port = { post: (message, transfer = []) => parent.postMessage(message, [...transfer]) }
    const take = receive(port)
    parent.on('message', (message: ToWorker) => take(message))
    return
  }
  const scope = globalThis as unknown as Pick<Worker, 'postMessage' | 'addEventListener'>
  const take = receive({ post: (message, transfer = []) => scope.postMessage(message, [...transfer]) })
  scope.addEventListener('message', event => take((event as MessageEvent<ToWorker>).data))
}
