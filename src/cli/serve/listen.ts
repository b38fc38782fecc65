/** Node's HTTP server around a handler, with its own limits: headers, connections, and what is no HTTP at all. */
import { createServer, STATUS_CODES, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { SourceError } from '../../errors.ts'
import type { Handler } from '../../serve/handler.ts'
import { createAdaptorServer } from '../vendor/http.ts'
import type { ServeFlags } from './command.ts'

export interface Listening {
  readonly url: string
  /** Takes no more connections, and resolves when the last one has its answer. */
  close(): Promise<void>
  /** Ends all connections. */
  cut(): void
}

export async function listen(handler: Handler, flags: ServeFlags): Promise<Listening> {
  const server = createAdaptorServer({
    fetch: handler,
    createServer,
    serverOptions: {
      headersTimeout: flags.headerTimeout * 1000,
      keepAliveTimeout: flags.idleTimeout * 1000,
      // The handler's deadline includes the body; this one is for a body that nobody reads.
      requestTimeout: (flags.headerTimeout + flags.deadline) * 1000,
      connectionsCheckingInterval: 500,
    },
  }) as Server
  server.maxConnections = flags.maxConnections
  server.on('clientError', refuse)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(notListening(flags, error)))
    server.listen(flags.port, flags.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const host = flags.host.includes(':') ? `[${flags.host}]` : flags.host
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
    cut: () => server.closeAllConnections(),
  }
}

/** Answers what the parser of HTTP refused. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const reason = STATUS_CODES[status] ?? ''
  const body = JSON.stringify({ error: `HTTP: ${reason}. Send a request as RFC 9112 has it.`, code: 'SERVE_HTTP' })
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${crypto.randomUUID()}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function notListening({ host, port }: ServeFlags, error: NodeJS.ErrnoException): SourceError {
  return new SourceError({
    code: 'SOURCE_ADDRESS',
    subject: `${host}:${port}`,
    expected: 'an address to listen on',
    found: error.code === 'EADDRINUSE' ? 'one in use' : (error.code ?? 'an error'),
    nextStep: 'Name another one with --host and --port.',
    cause: error,
  })
}
