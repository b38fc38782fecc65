/** Controls child processes with one engine each, from their parent. */
import { fork, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Replies, Request } from './child.ts'
import type { LoadOptions, Sequence } from './hosts/host.ts'
import { BENCH } from './paths.ts'

type Reply = Replies[keyof Replies]

/** CPU seconds of all processes that have ended or were asked, to find out how much others took. */
export const cpu = { seconds: 0 }

/**
 * What another program has used so far: megabytes resident, now and at most; CPU seconds. Undefined where the system does not say
 * (Linux does), and once it has ended.
 */
export function usageOf(pid: number | undefined) {
  try {
    const [status, stat] = ['status', 'stat'].map(file => readFileSync(`/proc/${pid ?? 0}/${file}`, 'utf8'))
    const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status ?? '')?.[1]) / 1024
    // In hundredths of a second, of the program and of the system for it.
    const times = (stat ?? '').split(' ').slice(13, 15).map(Number)
    const seconds = times.reduce((sum, ticks) => sum + ticks, 0) / 100
    const resident = megabytes('VmRSS')
    return Number.isNaN(resident) ? undefined : { resident, most: megabytes('VmHWM'), seconds } // gone, but not forgotten yet
  } catch {
    return undefined
  }
}

export class EngineProcess {
  readonly #child: ChildProcess
  #waiting: { resolve(reply: Reply): void; reject(error: Error): void } | undefined
  #output = ''

  /**
   * `isSteady`: V8 compiles WebAssembly with its optimising compiler at once. Its baseline code is ten times slower for large
   * modules, and on a busy machine it takes many passes until it is replaced. Without the flag we would time the compiler's
   * queue. Cold starts are measured without it.
   */
  constructor(isSteady: boolean) {
    const flags = isSteady ? ['--expose-gc', '--no-liftoff'] : ['--expose-gc']
    this.#child = fork(join(BENCH, 'build/child.js'), [], {
      execArgv: [...flags, '--no-warnings'],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-2000)))
    }
    this.#child.on('message', (message: { reply?: Reply; error?: string }) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      if (message.reply) waiting?.resolve(message.reply)
      else waiting?.reject(new Error(message.error ?? 'no reply'))
    })
    this.#child.on('exit', (code, signal) => {
      this.#waiting?.reject(
        new Error(`the process ended (${signal ?? code ?? '?'}): ${this.#output.trim().slice(-200)}`),
      )
    })
  }

  #ask<Op extends Request['op']>(request: Request & { op: Op }): Promise<Replies[Op]> {
    return new Promise<Reply>((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#child.send(request)
    }) as Promise<Replies[Op]>
  }

  load = (options: LoadOptions) => this.#ask({ op: 'load', options })
  logits = async (batch: readonly Sequence[]) => (await this.#ask({ op: 'logits', batch })).logits
  extract = (batches: readonly (readonly string[])[], repeat: number) => this.#ask({ op: 'extract', batches, repeat })
  kernels = async (tokens: number) => (await this.#ask({ op: 'kernels', tokens })).kernels
  memory = () => this.#ask({ op: 'memory' })

  async forward(batches: readonly (readonly Sequence[])[], repeat: number, discard = 0): Promise<readonly number[]> {
    const { times, checksum } = await this.#ask({ op: 'forward', batches, repeat, discard })
    if (!Number.isFinite(checksum)) throw new Error('its logits are not numbers')
    return times
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const { cpuSeconds } = await this.memory().catch(() => ({ cpuSeconds: 0 }))
    cpu.seconds += cpuSeconds
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
  }
}
