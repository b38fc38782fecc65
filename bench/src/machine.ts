/** Describes the machine of a run, and measures how busy other programs kept it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import type { Machine } from './results.ts'
import { ROOT, versionOf } from './paths.ts'

export const PEER_PACKAGES: readonly string[] = [
  'onnxruntime-web',
  'onnxruntime-node',
  '@huggingface/transformers',
  '@huggingface/tokenizers',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-backend-wasm',
]

interface CpuTime {
  readonly busy: number
  readonly total: number
}

/** CPU seconds of the whole machine, with time stolen by other guests of its host if Linux reports it. */
function cpuTime(): CpuTime {
  try {
    const [, ...fields] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/)
    const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = fields.map(Number)
    const busy = (user + nice + system + irq + soft + steal) / 100
    return { busy, total: busy + (idle + wait) / 100 }
  } catch {
    const times = cpus().map(cpu => cpu.times)
    const busy = times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0) / 1000
    return { busy, total: busy + times.reduce((sum, { idle }) => sum + idle, 0) / 1000 }
  }
}

/** Starts to watch. `done` returns the share of the machine that others took, given our own CPU seconds. */
export function watch(): { done: (ownSeconds: number) => number } {
  const start = cpuTime()
  const [load = 0] = loadavg()
  if (load > 0.5) console.error(`note: load average ${load.toFixed(1)} before the first measurement`)
  return {
    done(ownSeconds) {
      const end = cpuTime()
      return Math.max(0, end.busy - start.busy - ownSeconds) / Math.max(0.01, end.total - start.total)
    },
  }
}

export function describe(seconds: number, othersShare: number): Machine {
  const versions: Record<string, string> = {}
  for (const name of PEER_PACKAGES) {
    const version = versionOf(name)
    if (version !== null) versions[name] = version
  }
  return {
    command: ['npm run bench --', ...withoutPaths(process.argv.slice(2))].join(' '),
    date: new Date().toISOString().slice(0, 16) + 'Z',
    cpu: cpuName(),
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()} ${process.arch}`,
    node: process.version,
    v8: process.versions.v8,
    versions,
    commit: commit(),
    seconds: Math.round(seconds),
    othersShare,
  }
}

/** Removes paths of this machine: they are private, and change no figure. */
function withoutPaths(words: readonly string[]): readonly string[] {
  const isPath = (word: string | undefined) => /^--(json|markdown|svg|python|node)(=|$)/.test(word ?? '')
  return words.filter((word, i) => !isPath(word) && (!isPath(words[i - 1]) || words[i - 1]?.includes('=') === true))
}

/** The CPU's model name, and its features for integer kernels if Linux reports them. */
function cpuName(): string {
  const name = cpus()[0]?.model.trim() ?? 'unknown'
  try {
    const flags = new Set((/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '').split(' '))
    const features = ['avx2', 'avx_vnni', 'avx512f', 'avx512_vnni', 'amx_int8'].filter(flag => flags.has(flag))
    return `${name} (${features.join(', ')})`
  } catch {
    return name
  }
}

function commit(): string | null {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { cwd: ROOT, encoding: 'utf8' }).trim()
  } catch {
    return null
  }
}
