/**
 * Tabs of a headless Chromium that run pieces of code, without a driver: each tab asks a server of ours for its next task and
 * posts the result. BERT_NER_CHROMIUM names the program; without it, where most systems have it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/opt/google/chrome/chrome']
export const chromium = process.env.BERT_NER_CHROMIUM ?? PLACES.find(path => existsSync(path))

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.html': 'text/html', '.wasm': 'application/wasm' }
const FLAGS = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-popup-blocking'],
  ...['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--no-proxy-server'],
  '--host-resolver-rules=MAP insecure.test 127.0.0.1',
]
const PAGE = `<!doctype html><script type="module">
const { tab, tabs } = Object.fromEntries(new URLSearchParams(location.search))
for (let i = 1; i < Number(tabs ?? 0); i++) window.open('/page?tab=' + i)
const notes = []
console.warn = text => notes.push(String(text))
for (;;) {
  const { code, args } = await (await fetch('/task?tab=' + tab)).json()
  notes.length = 0
  let result
  try {
    const api = await import('/dist/index.js')
    result = { value: await new Function('api', 'args', 'return (async () => {' + code + '})()')(api, args), notes }
  } catch (error) {
    result = { error: { code: error.code, message: String(error.message) }, notes }
  }
  await fetch('/result?tab=' + tab, { method: 'POST', body: JSON.stringify(result) })
}
</script>`

export interface Result {
  readonly value?: unknown
  readonly error?: { readonly code?: string; readonly message: string }
  readonly notes: string[]
}

interface Task {
  readonly body: string
  readonly done: (result: Result) => void
}

/** Serves the tabs' page, their tasks, and the files of the repository. */
export class Tabs {
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response))
  readonly #tasks = new Map<string, Task[]>()
  readonly #waiting = new Map<string, ServerResponse>()
  readonly #running = new Map<string, Task>()
  #child: ChildProcess | undefined

  /** Opens a browser with so many tabs, on a profile's folder. */
  async open(profile: string, count = 1, host = '127.0.0.1'): Promise<void> {
    if (!this.#server.listening) await new Promise<void>(done => this.#server.listen(0, '127.0.0.1', done))
    const { port } = this.#server.address() as AddressInfo
    // A headless browser takes one address; its page opens the others.
    const url = `http://${host}:${port}/page?tab=0&tabs=${count}`
    this.#child = spawn(chromium ?? '', [...FLAGS, `--user-data-dir=${profile}`, url], {
      stdio: 'ignore',
      detached: true,
    })
  }

  /** Ends the browser at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child?.pid !== undefined && child.exitCode === null) {
      const ended = new Promise(done => child.once('exit', done))
      process.kill(-child.pid, 'SIGKILL')
      await ended
    }
    this.#waiting.clear()
    this.#tasks.clear()
  }

  async close(): Promise<void> {
    await this.kill()
    this.#server.closeAllConnections()
    await new Promise(done => this.#server.close(done))
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Runs the body of an async function of `api` and `args` in a tab. */
  run(code: string, args: unknown = {}, tab = 0): Promise<Result> {
    return new Promise(done => {
      const key = `${tab}`
      const task = { body: JSON.stringify({ code, args }), done }
      const waiting = this.#waiting.get(key)
      this.#waiting.delete(key)
      if (waiting) this.#give(key, task, waiting)
      else this.#tasks.set(key, [...(this.#tasks.get(key) ?? []), task])
    })
  }

  #give(tab: string, task: Task, response: ServerResponse): void {
    this.#running.set(tab, task)
    response.end(task.body)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://page')
    const tab = searchParams.get('tab') ?? ''
    if (pathname === '/page') response.setHeader('content-type', 'text/html').end(PAGE)
    else if (pathname === '/task') {
      const [task, ...rest] = this.#tasks.get(tab) ?? []
      this.#tasks.set(tab, rest)
      if (task) this.#give(tab, task, response)
      else this.#waiting.set(tab, response)
    } else if (pathname === '/result') {
      let text = ''
      for await (const chunk of request.setEncoding('utf8')) text += chunk as string
      response.end()
      this.#running.get(tab)?.done(JSON.parse(text) as Result)
    } else await serveFile(pathname, response)
  }
}

async function serveFile(pathname: string, response: ServerResponse): Promise<void> {
  try {
    const bytes = await readFile(join(process.cwd(), normalize(pathname)))
    response.setHeader('access-control-allow-origin', '*') // for a frame without an origin
    response.setHeader('content-type', TYPES[extname(pathname)] ?? 'application/octet-stream').end(bytes)
  } catch {
    response.writeHead(404).end()
  }
}
