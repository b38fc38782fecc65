/** Services under test, each a process of its own, and the load on them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { BENCH, importPeer, ROOT } from './paths.ts'
import { cpu, usageOf } from './processes.ts'

export class Service {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  static ours(folder: string, flags: readonly string[] = []): Promise<Service> {
    const cli = join(ROOT, 'dist/cli.js')
    return Service.#start(process.execPath, port => [cli, 'serve', '--model', folder, '--port', port, ...flags])
  }

  static python(folder: string, python = join(BENCH, 'export/.venv/bin/python')): Promise<Service> {
    return Service.#start(python, port => [join(BENCH, 'export/service.py'), folder, port])
  }

  static async #start(command: string, words: (port: string) => string[]): Promise<Service> {
    const port = await freePort()
    const child = spawn(command, words(String(port)), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, HF_HUB_OFFLINE: '1' },
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-500)))
    child.on('error', ({ message }) => (said = message))
    process.once('exit', () => child.kill('SIGKILL'))
    const url = `http://127.0.0.1:${port}`
    for (;;) {
      if (child.exitCode !== null || child.pid === undefined) throw new Error(said.trim().split('\n').at(-1))
      const isReady = await fetch(`${url}/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
      if (isReady) return new Service(url, child)
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  }

  /** Resident megabytes, where the system says (Linux). */
  memory(): number {
    return usageOf(this.#child.pid)?.resident ?? Number.NaN
  }

  end(): void {
    // Its time is the run's own, and not that of other programs.
    cpu.seconds += usageOf(this.#child.pid)?.seconds ?? 0
    this.#child.kill('SIGKILL')
  }
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

interface Request {
  readonly method: 'POST'
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** The part of autocannon's options that is used. */
interface Load {
  readonly url: string
  readonly connections: number
  /** Seconds; or `amount`, requests. */
  readonly duration?: number
  readonly amount?: number
  /** Requests a second, at least one of each connection. */
  readonly overallRate?: number
}
export interface Measured {
  /** Of the requests that were answered with 200, milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly duration: number
  readonly '2xx': number
  readonly non2xx: number
  readonly errors: number
  readonly timeouts: number
  readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>
}

export type Fire = (load: Load) => Promise<Measured>

/** Texts that one connection sends in turn. */
const TURNS = 40

/** Loads the generator. Each connection has texts of its own, so that those of one moment are not of one length. */
export async function loadWith(texts: readonly string[]): Promise<Fire> {
  const { default: cannon } = (await importPeer('autocannon')) as {
    default: (load: object) => Promise<Measured>
  }
  const requests = texts.map((text): Request => ({
    method: 'POST',
    body: JSON.stringify({ inputs: text }),
    headers: { 'Content-Type': 'application/json' },
  }))
  let connection = 0
  const setupClient = (client: { setRequests(requests: readonly Request[]): void }) => {
    const first = (connection++ * TURNS) % requests.length
    client.setRequests([...requests.slice(first, first + TURNS), ...requests.slice(0, TURNS)].slice(0, TURNS))
  }
  return load =>
    cannon({
      ...load,
      requests: requests.slice(0, 1),
      setupClient,
      timeout: 60,
      excludeErrorStats: true,
      // Latencies are those of the requests that were sent.
      ...(load.overallRate === undefined ? {} : { ignoreCoordinatedOmission: true }),
    })
}
