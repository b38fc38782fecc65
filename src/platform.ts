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
  readonly versions?: { readonly node?: string }
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

/** The engine's limit on the heap in bytes, or a guess if it does not say. */
export function heapLimit(): number {
  return (limit ??= readHeapLimit())
}

let limit: number | undefined

function readHeapLimit(): number {
  const chrome = (globalThis.performance as { memory?: { jsHeapSizeLimit?: number } } | undefined)?.memory
  return builtin('node:v8')?.getHeapStatistics().heap_size_limit ?? chrome?.jsHeapSizeLimit ?? USUAL_HEAP
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
