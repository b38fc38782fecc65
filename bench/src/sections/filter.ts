/** The filter of the command line over many lines: one process with threads, against as many processes with one thread each. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { progress, type Bench } from '../bench.ts'
import type { Model } from '../models.ts'
import { ROOT } from '../paths.ts'
import { cpu, usageOf } from '../processes.ts'
import { summarise } from '../stats.ts'
import { texts } from '../text.ts'

/** Lines that each thread gets: ten seconds or more. */
const LINES = { usual: 1500, ofLarge: 200, quick: 300 }
const POLL = 200

export async function measureFilter(bench: Bench, { name, folder, isLarge }: Model): Promise<void> {
  const { quick, threads } = bench.settings
  const share = quick ? LINES.quick : isLarge ? LINES.ofLarge : LINES.usual
  const ways = threads.flatMap(count =>
    count === 1
      ? [{ processes: 1, count }]
      : [
          { processes: 1, count },
          { processes: count, count: 1 },
        ],
  )
  // The first run of all warms the disk's cache, not the figures.
  await run(folder, 1, 1, 50)
  for (const { processes, count } of ways) {
    const label = `${processes} × --threads ${count}`
    progress(`filter, ${label}`)
    const lines = share * Math.max(processes, count)
    const runs = [await run(folder, processes, count, lines)]
    while (!quick && runs.length < 3) runs.push(await run(folder, processes, count, lines))
    const median = (name: 'rate' | 'memory' | 'first') => summarise(runs.map(one => one[name])).median
    const [rate, memory] = [median('rate'), median('memory')]
    const add = (column: string, value: number, unit: string) =>
      bench.add({ label, group: 'ours' }, { section: 'filter', model: name, threads: null, column }, value, unit)
    add('texts/s', rate, 'texts/s')
    add('texts/s a core', rate / Math.max(processes, count), 'texts/s')
    add('memory of one process, MB', memory, 'MB')
    add('memory of all, MB', memory * processes, 'MB')
    add('first answer, s', median('first'), 's')
  }
}

/** Shares `lines` out among processes. Rates count from a process's first answer to its last: a long job does not see the start. */
async function run(folder: string, processes: number, threads: number, lines: number) {
  const text = texts(500)
  const share = Math.floor(lines / processes)
  const input = Array.from({ length: share }, (_, i) => JSON.stringify({ id: i, text: text[i % text.length] }) + '\n')
  const words = [join(ROOT, 'dist/cli.js'), '--jsonl', 'text', '--threads', String(threads), '--model', folder]
  const seen = await Promise.all(Array.from({ length: processes }, () => filter(words, input.join(''), share)))
  return {
    rate: seen.reduce((sum, { rate }) => sum + rate, 0),
    memory: Math.max(...seen.map(({ memory }) => memory)),
    first: Math.max(...seen.map(({ first }) => first)),
  }
}

function filter(words: readonly string[], input: string, lines: number) {
  return new Promise<{ rate: number; memory: number; first: number }>((resolve, reject) => {
    const start = performance.now()
    const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    let [first, early, answered] = [0, 0, 0]
    let usage = usageOf(child.pid)
    const timer = setInterval(() => (usage = usageOf(child.pid) ?? usage), POLL)
    child.on('error', reject)
    child.stdout.on('data', (chunk: Buffer) => {
      for (const byte of chunk) answered += Number(byte === 10)
      if (first > 0) return
      first = performance.now()
      early = answered
    })
    // Not 'exit', after which output may still come.
    child.on('close', code => {
      clearInterval(timer)
      cpu.seconds += usage?.seconds ?? 0
      if (code !== 0 || answered !== lines) {
        reject(new Error(`the filter ended with ${String(code)}, ${answered} lines`))
        return
      }
      const rate = ((answered - early) * 1000) / (performance.now() - first)
      resolve({ rate, memory: usage?.most ?? Number.NaN, first: (first - start) / 1000 })
    })
    child.stdin.on('error', () => undefined) // its exit says more
    child.stdin.end(input)
  })
}
