/** A service on the default model, for tests: the handler by itself, and the program as a process. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { pipeline } from '../../dist/node.js'
import { createHandler, type Handler, type ServeOptions } from '../../dist/serve.js'

export const ner = await pipeline('token-classification', undefined, { threads: 1 })

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** Asks a handler: a body that is no string is sent as JSON. */
export async function ask(handler: Handler, path: string, body?: unknown, init: RequestInit = {}): Promise<Answer> {
  const sent =
    body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  const request = new Request(`http://service${path}`, {
    method: sent === undefined ? 'GET' : 'POST',
    ...(sent === undefined ? {} : { body: sent as BodyInit }),
    headers: { 'Content-Type': 'application/json' },
    ...init,
  })
  const response = await handler(request)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

export function handlerWith(options: ServeOptions = {}): Handler {
  return createHandler(ner, options)
}

export interface Process {
  readonly url: string
  readonly port: number
  readonly child: ChildProcess
  /** Standard output so far: the log. */
  log(): string
  /** The exit status. */
  ended: Promise<number | null>
}

/** Starts `bert-ner serve`, and waits until it is ready. */
export async function start(...flags: string[]): Promise<Process> {
  const child = spawn(process.execPath, ['dist/cli.js', 'serve', '--port', '0', ...flags])
  let log = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  const ended = once(child, 'exit').then(([status]) => status as number | null)
  const wait = async () => {
    while (!log.includes('"msg":"ready"')) {
      if (child.exitCode !== null) throw new Error(log)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
  await wait()
  const url = /"url":"([^"]+)"/.exec(log)?.[1] ?? ''
  return { url, port: Number(new URL(url).port), child, log: () => log, ended }
}
