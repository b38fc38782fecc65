/**
 * Requests over node:http and node:https, in the form of fetch as far as the hub needs it: redirects are not followed. Half of the
 * time that Node's fetch takes for a large file goes into the streams of the web, which nobody needs here.
 */
import { request as overHttp, type IncomingMessage } from 'node:http'
import { request as overHttps } from 'node:https'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { HubRequest, HubResponse } from '../../source/hub/http.ts'

export function nodeRequest(url: string, { method, headers, signal }: HubRequest): Promise<HubResponse> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? overHttps : overHttp
    send(url, { method, headers, signal }, message => resolve(responseOf(message, method)))
      .on('error', reject)
      .end()
  })
}

function responseOf(message: IncomingMessage, method: string): HubResponse {
  const { headersDistinct } = message
  // Not Headers: its first use loads all of Node's fetch, 30 ms of a start with a cached model.
  const headers = { get: (name: string) => headersDistinct[name]?.join(', ') ?? null }
  const stream = decompressed(message).on('error', () => undefined) // whoever reads is told
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>
  const read = async () => ({ value: (await chunks.next()).value })
  const cancel = () => {
    if (method === 'HEAD')
      message.resume() // has no body: the connection is good for the next request
    else if (!message.readableEnded) message.destroy()
    return Promise.resolve()
  }
  return { status: message.statusCode ?? 0, headers, body: { getReader: () => ({ read }), cancel }, url: '' }
}

/** Not asked for; some proxies compress all the same. */
function decompressed(message: IncomingMessage): NodeJS.ReadableStream {
  const encoding = message.headers['content-encoding'] ?? 'identity'
  const make = new Map([['gzip', createGunzip], ['x-gzip', createGunzip], ['deflate', createInflate], ['br', createBrotliDecompress]]).get(encoding) // prettier-ignore
  if (!make) return message
  const stream = make()
  message.on('error', error => stream.destroy(error))
  return message.pipe(stream)
}
