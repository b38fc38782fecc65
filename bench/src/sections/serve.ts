/** The service under load: requests a second and latencies, beside a plain Python service; overload; a long run. */
import { progress, type Bench } from '../bench.ts'
import { asError } from '../interleave.ts'
import type { Model } from '../models.ts'
import { loadWith, Service, type Fire, type Measured } from '../services.ts'
import { texts } from '../text.ts'

const OURS = { label: 'bert-ner serve', group: 'ours' } as const
const PYTHON = { label: 'FastAPI + transformers', group: 'peer' } as const

const CONNECTIONS = [1, 8, 64, 256]

export async function measureService(bench: Bench, model: Model, python: string | undefined): Promise<void> {
  const fire = await loadWith(texts(500))
  const place = (column: string) => ({ section: 'serve', model: model.name, threads: null, column })
  const duration = bench.settings.quick ? 2 : 10
  for (const engine of [OURS, PYTHON]) {
    let service: Service | undefined
    try {
      service = engine === OURS ? await Service.ours(model.folder) : await Service.python(model.folder, python)
      await fire({ url: service.url, connections: 16, duration: 3 })
      for (const connections of CONNECTIONS) {
        progress(`${engine.label}, ${connections} connections`)
        const seen = await fire({ url: service.url, connections, duration })
        bench.add(engine, place(`${connections} connections, requests/s`), seen['2xx'] / seen.duration, 'requests/s')
        bench.add(engine, place(`${connections} connections, p50`), seen.latency.p50, 'ms')
        bench.add(engine, place(`${connections} connections, p99`), seen.latency.p99, 'ms')
        noteOthers(bench, `${engine.label}, ${connections} connections`, [seen])
      }
    } catch (error) {
      bench.add(engine, { ...place('1 connections, requests/s'), note: asError(error).message }, null, 'requests/s')
    } finally {
      service?.end()
    }
  }
}

/** Notes what was not answered with 200. */
function noteOthers(bench: Bench, load: string, seen: readonly Measured[]): void {
  const counts = new Map<string, number>()
  const count = (what: string, more: number) => more > 0 && counts.set(what, (counts.get(what) ?? 0) + more)
  for (const { statusCodeStats, errors, timeouts } of seen) {
    for (const [code, one] of Object.entries(statusCodeStats)) if (code !== '200') count(code, one.count)
    count('failed', errors - timeouts)
    count('timed out', timeouts)
  }
  const others = [...counts].map(([what, number]) => `${number} × ${what}`)
  if (others.length > 0) bench.notes.push(`${load}: ${others.join(', ')}`)
}

/** How much more than the capacity is offered in overload. */
const OVERLOAD = 4
/** A queue that the connections below can fill, so that requests are refused: a few passes. */
const SHORT_QUEUE = 2048
/** Requests that are taken and hold their connections: those of the short queue and of one batch, 21 tokens each. */
const HELD = (SHORT_QUEUE + 512) / 21
const MOST_CONNECTIONS = 1000
/** Connections start in so many groups over a second, since each fires at the beginning of its own seconds. */
const GROUPS = 20

export async function measureOverload(bench: Bench, { name, folder }: Model): Promise<void> {
  const { quick } = bench.settings
  const fire = await loadWith(texts(500))
  const service = await Service.ours(folder, ['--queue-tokens', String(SHORT_QUEUE)])
  try {
    const { url } = service
    const capacity = async () => {
      const seen = await fire({ url, connections: 64, duration: quick ? 2 : 10 })
      return seen['2xx'] / seen.duration
    }
    await fire({ url, connections: 64, duration: quick ? 1 : 5 })
    const before = await capacity()
    const memory = service.memory()
    progress('overload')
    const seen = await overload(fire, url, before * OVERLOAD, quick ? 5 : 60)
    const after = service.memory()
    const peak = (before + (await capacity())) / 2 // of the same minutes
    const add = (column: string, value: number, unit: string) =>
      bench.add(
        { ...OURS, label: 'overload' },
        { section: 'overload', model: name, threads: null, column },
        value,
        unit,
      )
    const sum = (value: (one: Measured) => number) => seen.reduce((total, one) => total + value(one), 0)
    const refused = sum(one => one.statusCodeStats['429']?.count ?? 0)
    const goodput = sum(one => one['2xx'] / one.duration)
    add('peak, requests/s', peak, 'requests/s')
    add(
      'offered, requests/s',
      sum(one => (one['2xx'] + one.non2xx) / one.duration),
      'requests/s',
    )
    add('goodput, % of the peak', (100 * goodput) / peak, '%')
    add(
      'answered 200',
      sum(one => one['2xx']),
      '',
    )
    add('answered 429', refused, '')
    add('neither 200 nor 429', sum(one => one.non2xx + one.errors + one.timeouts) - refused, '')
    add('p99 of the worst group, ms', Math.max(...seen.map(one => one.latency.p99)), 'ms')
    add('slowest 200, ms', Math.max(...seen.map(one => one.latency.max)), 'ms')
    add('memory before, MB', memory, 'MB')
    add('memory after, MB', after, 'MB')
  } finally {
    service.end()
  }
}

/** Offers `rate` requests a second, whatever becomes of them: connections that wait for an answer are not counted on. */
function overload(fire: Fire, url: string, rate: number, duration: number): Promise<Measured[]> {
  const each = Math.ceil(rate / (MOST_CONNECTIONS - HELD)) // of a connection, a second
  const connections = Math.ceil((rate / each + HELD) / GROUPS)
  return Promise.all(
    Array.from({ length: GROUPS }, async (_, group) => {
      await new Promise(resolve => setTimeout(resolve, (1000 * group) / GROUPS))
      return fire({ url, connections, duration, overallRate: each * connections })
    }),
  )
}

/** Short texts, so that as many requests as possible pass. */
const WORDS = 4

export async function measureLongRun(bench: Bench, { name, folder }: Model): Promise<void> {
  const fire = await loadWith(texts(500).map(text => text.split(' ').slice(0, WORDS).join(' ')))
  const service = await Service.ours(folder)
  try {
    const amount = bench.settings.quick ? 1000 : 100_000
    progress('long run')
    const parts = Array.from({ length: 5 }, () => amount / 5)
    const memory: number[] = []
    const seen: Measured[] = []
    for (const part of parts) {
      seen.push(await fire({ url: service.url, connections: 64, amount: part }))
      memory.push(service.memory())
    }
    const add = (column: string, value: number, unit: string) =>
      bench.add(OURS, { section: 'soak', model: name, threads: null, column }, value, unit)
    const answered = seen.reduce((sum, one) => sum + one['2xx'], 0)
    const seconds = seen.reduce((sum, one) => sum + one.duration, 0)
    add('requests', amount, '')
    add('not answered with 200', amount - answered, '')
    noteOthers(bench, 'long run', seen)
    add('requests/s', answered / seconds, 'requests/s')
    for (const [i, megabytes] of memory.entries()) add(`memory after ${20 * (i + 1)} %, MB`, megabytes, 'MB')
  } finally {
    service.end()
  }
}
