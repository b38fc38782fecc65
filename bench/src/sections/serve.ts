/** The service under load: requests a second and latencies, beside a plain Python service; overload; a long run. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { progress, type Bench } from '../bench.ts'
import { asError } from '../interleave.ts'
import { randomModelFolder, type Model } from '../models.ts'
import { BENCH, importPeer, ROOT } from '../paths.ts'
import { texts } from '../text.ts'

const OURS = { label: 'bert-ner serve', group: 'ours' } as const
const PYTHON = { label: 'FastAPI + transformers', group: 'peer' } as const

const CONNECTIONS = [1, 8, 64, 256]
/** How much more than the capacity is offered in overload. */
const OVERLOAD = 4

/** The part of autocannon that is used. */
interface Load {
  readonly url: string
  readonly connections: number
  readonly duration?: number
  readonly amount?: number
  readonly overallRate?: number
  readonly timeout: number
  readonly requests: readonly {
    readonly method: 'POST'
    readonly body: string
    readonly headers: Record<string, string>
  }[]
}
interface Measured {
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly duration: number
  readonly '2xx': number
  readonly non2xx: number
  readonly errors: number
  readonly timeouts: number
  readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>
}

interface Service {
  readonly url: string
  readonly child: ChildProcess
}

export async function measureService(bench: Bench, model: Model, python: string | undefined): Promise<void> {
  const cannon = (await importPeer('autocannon')) as { default: (load: Load) => Promise<Measured> }
  const { quick } = bench.settings
  const requests = texts(500).map(text => ({
    method: 'POST' as const,
    body: JSON.stringify({ inputs: text }),
    headers: { 'Content-Type': 'application/json' },
  }))
  const fire = (load: Omit<Load, 'requests' | 'timeout'>) => cannon.default({ ...load, requests, timeout: 60 })
  const place = (column: string) => ({ section: 'serve', model: model.name, threads: null, column })
  const duration = quick ? 2 : 10
  let peak = 0
  for (const engine of [OURS, PYTHON]) {
    let service: Service | undefined
    try {
      service = engine === OURS ? await startOurs(model.folder) : await startPython(model.folder, python)
      await fire({ url: service.url, connections: 4, duration: 3 })
      for (const connections of CONNECTIONS) {
        progress(`${engine.label}, ${connections} connections`)
        const seen = await fire({ url: service.url, connections, duration })
        const rate = seen['2xx'] / seen.duration
        if (engine === OURS) peak = Math.max(peak, rate)
        bench.add(engine, place(`${connections} connections, requests/s`), rate, 'requests/s')
        bench.add(engine, place(`${connections} connections, p50`), seen.latency.p50, 'ms')
        bench.add(engine, place(`${connections} connections, p99`), seen.latency.p99, 'ms')
        if (seen.non2xx + seen.errors + seen.timeouts > 0) {
          bench.notes.push(`${engine.label}, ${connections}: ${seen.non2xx} refused, ${seen.errors} failed`)
        }
      }
    } catch (error) {
      bench.add(engine, { ...place('1 connections, requests/s'), note: asError(error).message }, null, 'requests/s')
    } finally {
      service?.child.kill('SIGKILL')
    }
  }
  await measureOverload(bench, model, peak, fire)
  await measureLongRun(bench, fire)
}

type Fire = (load: Omit<Load, 'requests' | 'timeout'>) => Promise<Measured>

/** A queue that 256 connections can fill, so that requests are refused. */
const SHORT_QUEUE = 2048

async function measureOverload(bench: Bench, { name, folder }: Model, peak: number, fire: Fire): Promise<void> {
  if (peak === 0) return
  const { url, child } = await startOurs(folder, ['--queue-tokens', String(SHORT_QUEUE)])
  try {
    await fire({ url, connections: 16, duration: 3 })
    const before = memoryOf(child)
    progress('overload')
    const duration = bench.settings.quick ? 5 : 60
    const seen = await fire({ url, connections: 256, duration, overallRate: Math.ceil(peak * OVERLOAD) })
    const place = (column: string) => ({ section: 'serve', model: name, threads: null, column })
    const add = (column: string, value: number, unit: string) =>
      bench.add({ ...OURS, label: 'overload' }, place(column), value, unit)
    const refused = seen.statusCodeStats['429']?.count ?? 0
    add('offered, requests/s', (seen['2xx'] + seen.non2xx) / seen.duration, 'requests/s')
    add('goodput, % of the peak', (100 * seen['2xx']) / seen.duration / peak, '%')
    add('answered 429', refused, '')
    add('neither 200 nor 429', seen.non2xx - refused + seen.errors + seen.timeouts, '')
    add('slowest answer, ms', seen.latency.max, 'ms')
    add('memory before, MB', before, 'MB')
    add('memory after, MB', memoryOf(child), 'MB')
  } finally {
    child.kill('SIGKILL')
  }
}

async function measureLongRun(bench: Bench, fire: Fire): Promise<void> {
  const model = randomModelFolder('mini')
  const { url, child } = await startOurs(model.folder)
  try {
    progress('long run')
    await fire({ url, connections: 64, amount: bench.settings.quick ? 500 : 20_000 })
    const before = memoryOf(child)
    const amount = bench.settings.quick ? 1000 : 100_000
    const seen = await fire({ url, connections: 64, amount })
    const place = (column: string) => ({ section: 'serve', model: model.name, threads: null, column })
    const add = (column: string, value: number, unit: string) => bench.add(OURS, place(column), value, unit)
    add('requests', seen['2xx'], '')
    add('not answered with 200', amount - seen['2xx'], '')
    add('requests/s', seen['2xx'] / seen.duration, 'requests/s')
    add('memory after a fifth, MB', before, 'MB')
    add('memory after all, MB', memoryOf(child), 'MB')
  } finally {
    child.kill('SIGKILL')
  }
}

/** Resident megabytes of a process, where the system says (Linux). */
function memoryOf({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024
}

function startOurs(folder: string, flags: readonly string[] = []): Promise<Service> {
  return start(process.execPath, port => [
    join(ROOT, 'dist/cli.js'),
    'serve',
    '--model',
    folder,
    '--port',
    port,
    ...flags,
  ])
}

function startPython(folder: string, python = join(BENCH, 'export/.venv/bin/python')): Promise<Service> {
  return start(python, port => [join(BENCH, 'export/service.py'), folder, port])
}

async function start(command: string, words: (port: string) => string[]): Promise<Service> {
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
    if (isReady) return { url, child }
    await new Promise(resolve => setTimeout(resolve, 200))
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
