/** A static server for the built page: files, their types, and, if asked for, the headers of an isolated page and others. */
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import { createGzip } from 'node:zlib'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

/**
 * Serves a folder on a free port of this machine. `requests` lists the paths that were asked for. `gzip` compresses what has one of
 * the types above, as hosts do; a path in `held` is answered once its promise is fulfilled. `close` cuts connections too.
 */
export async function serve(folder, { isolated = false, headers = {}, gzip = false, held = new Map() } = {}) {
  const requests = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname)
    requests.push(path)
    void Promise.resolve(held.get(path)).then(() => answer(path, response))
  })
  const answer = (path, response) => {
    const file = join(folder, normalize(path.endsWith('/') ? `${path}index.html` : path))
    const info = file.startsWith(folder + sep) ? statSync(file, { throwIfNoEntry: false }) : undefined
    if (!info?.isFile()) {
      response.writeHead(404).end('not found')
      return
    }
    const type = TYPES[extname(file)]
    const isSmaller = gzip && type !== undefined
    response.writeHead(200, {
      'Content-Type': type ?? 'application/octet-stream',
      ...(isSmaller ? { 'Content-Encoding': 'gzip' } : { 'Content-Length': info.size }),
      ...(isolated ? ISOLATED : {}),
      ...headers,
    })
    const stream = createReadStream(file)
    if (isSmaller) stream.pipe(createGzip()).pipe(response)
    else stream.pipe(response)
  }
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${server.address().port}/`, requests, close }
}
