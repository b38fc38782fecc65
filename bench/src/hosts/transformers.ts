/**
 * Runs transformers.js's pipeline from text to entities. Its Node build runs on onnxruntime-node. Browsers get its web build
 * (onnxruntime-web on WebAssembly), which also runs in Node if Node's name is hidden from it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { importPeer, packageFolder } from '../paths.ts'
import type { Host, LoadOptions } from './host.ts'

interface Transformers {
  readonly env: {
    allowRemoteModels: boolean
    allowLocalModels: boolean
    localModelPath: string
    remoteHost: string
    remotePathTemplate: string
    useWasmCache: boolean
    fetch: (url: string | URL) => Promise<Response>
    backends: { onnx: { wasm: { wasmPaths: string; numThreads: number } } }
  }
  pipeline(task: string, model: string, options: object): Promise<(texts: readonly string[]) => Promise<unknown[][]>>
}

export async function load({ engine: { options }, folder, threads }: LoadOptions): Promise<Host> {
  const start = performance.now()
  const isWeb = options.runtime === 'web'
  if (isWeb) Object.defineProperty(process, 'release', { value: { ...process.release, name: 'browser' } })
  const file = isWeb ? 'dist/transformers.web.js' : 'dist/transformers.node.mjs'
  const transformers = (await importPeer('@huggingface/transformers', file)) as Transformers
  if (isWeb) serveFolder(transformers, dirname(folder), threads)
  else Object.assign(transformers.env, { allowRemoteModels: false, localModelPath: dirname(folder) })
  const importing = performance.now() - start
  const extract = await transformers.pipeline('token-classification', basename(folder), {
    dtype: options.quantised === true ? 'q8' : 'fp32',
    device: isWeb ? 'wasm' : 'cpu',
    session_options: { intraOpNumThreads: threads },
  })
  return {
    stages: { import: importing, pipeline: performance.now() - start - importing },
    async extract(texts) {
      const found = await extract(texts)
      return found.reduce((sum, entities) => sum + entities.length, 0)
    },
  }
}

/** Makes it load models and .wasm from this disk instead of the network. */
function serveFolder({ env }: Transformers, folder: string, threads: number): void {
  const own = join(packageFolder('@huggingface/transformers') ?? '', 'node_modules/onnxruntime-web')
  const dist = join(existsSync(own) ? own : (packageFolder('onnxruntime-web') ?? ''), 'dist')
  Object.assign(env, {
    allowLocalModels: false,
    allowRemoteModels: true,
    useWasmCache: false,
    remoteHost: 'http://models.invalid/',
    remotePathTemplate: '{model}/',
    fetch: (request: string | URL) => {
      const path = join(folder, decodeURIComponent(new URL(request).pathname))
      return Promise.resolve(existsSync(path) ? new Response(readFileSync(path)) : new Response('', { status: 404 }))
    },
  })
  Object.assign(env.backends.onnx.wasm, {
    numThreads: threads,
    wasmPaths: pathToFileURL(dist).href + '/',
  })
}
