/** Serves the bench's page, the libraries and the model to a browser on this machine. */
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import type { Model } from '../models.ts'
import { BENCH, packageFolder, ROOT } from '../paths.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}
const PAGE =
  '<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="/bench/page.js"></script>'
/** With them a page is cross-origin isolated, and may have threads. */
const ISOLATING = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

export interface Site {
  readonly origin: string
  close(): Promise<void>
}

/** `isIsolated`: whether pages may share memory between threads. */
export async function serve(model: Model, isIsolated: boolean): Promise<Site> {
  const peer = packageFolder('@huggingface/transformers')
  const own = join(peer ?? '', 'node_modules/onnxruntime-web')
  const folders: Readonly<Record<string, string>> = {
    bench: join(BENCH, 'build/browser'),
    dist: join(ROOT, 'dist'),
    model: model.folder,
    exported: model.exported ?? '',
    transformers: join(peer ?? '', 'dist'),
    ort: join(existsSync(own) ? own : (packageFolder('onnxruntime-web') ?? ''), 'dist'),
  }
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://page').pathname))
    const headers = isIsolated ? ISOLATING : {}
    if (path === '/') {
      response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(PAGE)
      return
    }
    const [, folder = '', ...rest] = path.split('/')
    const file = join(folders[folder] ?? '/nowhere', ...rest)
    const size = statSync(file, { throwIfNoEntry: false })
    if (!size?.isFile()) {
      response.writeHead(404, headers).end()
      return
    }
    // As static servers do: ranges, and a validator.
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const start = Number(from ?? 0)
    const end = Math.min(size.size, to ? Number(to) + 1 : size.size)
    response.writeHead(from === undefined ? 200 : 206, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-length': end - start,
      'accept-ranges': 'bytes',
      etag: `"${size.size}-${size.mtimeMs}"`,
      ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size.size}` }),
      'cache-control': 'public, max-age=86400',
      ...headers,
    })
    createReadStream(file, { start, end: end - 1 }).pipe(response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () => stop(server),
  }
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise(resolve => server.close(() => resolve()))
}
