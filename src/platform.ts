/**
 * Gives the core access to Node's own modules without importing them. A few places in the core are better off with them:
 * files beside the code, worker threads. So a browser has nothing to resolve, and a bundler nothing to stumble over.
 */
import { escapeControls } from './escape.ts'

interface Builtins {
  readonly 'node:fs/promises': typeof import('node:fs/promises')
  readonly 'node:worker_threads': typeof import('node:worker_threads')
  readonly 'node:module': typeof import('node:module')
  readonly 'node:os': typeof import('node:os')
  readonly 'node:v8': typeof import('node:v8')
}

interface NodeProcess {
  readonly versions?: { readonly node?: string; readonly v8?: string }
  getBuiltinModule?(name: string): unknown
  emitWarning?(message: string): void
}

export function isNode(): boolean {
  return nodeProcess()?.versions?.node !== undefined
}

/** The major version of Node, or 0 elsewhere. */
export function nodeVersion(): number {
  return Number.parseInt(nodeProcess()?.versions?.node ?? '0')
}

/** Whether this is Node on V8: Deno and Bun answer to Node's names, too. */
export function isV8(): boolean {
  const others = globalThis as { Deno?: unknown; Bun?: unknown }
  return nodeProcess()?.versions?.v8 !== undefined && others.Deno === undefined && others.Bun === undefined
}

/** The engine's limit on the heap in bytes, or a guess if it does not say. */
export function heapLimit(): number {
  return (limit ??= readHeapLimit())
}

let limit: number | undefined

function readHeapLimit(): number {
  const chrome = (globalThis.performance as { memory?: { jsHeapSizeLimit?: number } } | undefined)?.memory
  const said = builtin('node:v8')?.getHeapStatistics().heap_size_limit ?? chrome?.jsHeapSizeLimit ?? 0
  return said > 0 ? said : USUAL_HEAP // Cloudflare's node:v8 says 0
}

/** The usual heap limit in bytes on a machine with 4 GB. */
const USUAL_HEAP = 2 ** 31

/** Warns through Node, or on the console. */
export function warn(text: string): void {
  const message = escapeControls(text)
  const node = nodeProcess()
  if (node?.emitWarning) node.emitWarning(message)
  else console.warn(message)
}

function nodeProcess(): NodeProcess | undefined {
  return (globalThis as { process?: NodeProcess }).process
}

/** A built-in module of Node, or undefined where there is none. No bundler sees it asked for. */
export function builtin<N extends keyof Builtins>(name: N): Builtins[N] | undefined {
  return nodeProcess()?.getBuiltinModule?.(name) as Builtins[N] | undefined
}

/**
 * Lets timers, input and the user in, since a backend on this thread would otherwise block it. A page sends itself a
 * message, because browsers slow the timers of a background page down to one a second.
 */
export function nextTask(): Promise<void> {
  return new Promise(resolve => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve)
      return
    }
    if (typeof MessageChannel === 'undefined') {
      setTimeout(resolve) // jsdom has neither
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

/** Milliseconds of work after which others get a turn. A page shows what comes within fifty at once. */
const STRETCH = 12
let lastTurn = 0

/** Lets others in if they have waited for long. For work that comes in many small parts. */
export async function breathe(): Promise<void> {
  if (performance.now() - lastTurn < STRETCH) return
  await nextTask()
  lastTurn = performance.now()
}
