/**
 * The engine with threads: workers that share the module's memory. Each gets a program in one message. They divide its tasks among
 * themselves by atomic counters in memory (assembly/scheduler.ts), and answer when they are done. The caller's thread only waits
 * for messages, so its event loop stays free.
 *
 * The states of a pool:
 *
 *   starting   No thread is ready. A program waits for the first one, or runs in the caller's thread if it is eager.
 *   sharing    The threads that are ready share each program. Others join when they are ready.
 *   alone      A thread could not start. The caller's thread runs every program.
 *   ended      A thread died at work, or dispose() was called. Every program is refused, with that error.
 *
 *   starting ── a thread is ready ──────────────────────────► sharing
 *   starting, sharing ── one dies unready, no program runs ─► alone
 *   sharing ── one dies that was ready, or while one runs ──► ended
 *   any ── dispose() ───────────────────────────────────────► ended
 */
import { BackendError } from '../../../errors.ts'
import { crashed, disposed, workerDied } from '../failures.ts'
import type { ModuleMemory } from '../memory.ts'
import type { Engine } from '../program.ts'
import { instantiate, type ModuleExports } from './inline.ts'
import type { Spawn, Thread } from './threads.ts'

/** An error stands for `ended`. */
type State = 'starting' | 'sharing' | 'alone' | BackendError

interface Member {
  thread: Thread
  ready: boolean
}

interface Run {
  waitingFor: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class PoolEngine implements Engine {
  readonly #count: number
  readonly #onAlone: ((cause: unknown) => void) | undefined
  readonly memory: ModuleMemory
  readonly #module: WebAssembly.Module
  #state: State = 'starting'
  #members: Member[] = []
  /** The program that the threads are running. */
  #run: Run | undefined
  /** Wakes the program that waits for the end of `starting`. */
  #onStarted: (() => void) | undefined
  /** The caller's own instance of the module, if it ever had to compute. */
  #own: ModuleExports | undefined

  /** @param onAlone hears why the threads fell away, if they do */
  constructor(
    module: WebAssembly.Module,
    memory: ModuleMemory,
    threads: number,
    spawn: Spawn,
    onAlone?: (cause: unknown) => void,
  ) {
    this.#count = threads
    this.#onAlone = onAlone
    this.memory = memory
    this.#module = module
    for (let i = 0; i < threads && this.#state === 'starting'; i++) this.#start(spawn)
  }

  #start(spawn: Spawn): void {
    const member: Member = { thread: undefined as unknown as Thread, ready: false }
    try {
      member.thread = spawn(
        answer => this.#answered(member, answer),
        cause => this.#died(member, cause),
      )
      this.#members.push(member)
      member.thread.post({ module: this.#module, memory: this.memory.memory })
    } catch (cause) {
      this.#died(member, cause)
    }
  }

  /** The number of threads that compute. */
  get threads(): number {
    return this.#state === 'alone' ? 1 : this.#count
  }

  async run(program: number, end: number, scratch: number, scratchBytes: number, eager = false): Promise<void> {
    if (this.#state === 'starting' && !eager) await this.#started()
    if (this.#state instanceof BackendError) throw this.#state
    const ready = this.#members.filter(member => member.ready)
    if (ready.length === 0) {
      this.#runAlone(program, end, scratch)
      return
    }
    await new Promise<void>((resolve, reject) => {
      this.#run = { waitingFor: ready.length, resolve, reject }
      const bytes = this.memory.memory.buffer.byteLength
      for (const [i, { thread }] of ready.entries()) {
        thread.keepAlive(true)
        thread.post({ program, end, scratch: scratch + i * scratchBytes, bytes })
      }
    })
    for (const { thread } of ready) thread.keepAlive(false)
  }

  #runAlone(program: number, end: number, scratch: number): void {
    this.#own ??= instantiate(this.#module, this.memory.memory)
    try {
      this.#own.run(program, end, scratch)
    } catch (cause) {
      throw crashed(cause)
    }
  }

  /** Resolves when the pool is no longer starting, and keeps the process alive until then. */
  #started(): Promise<void> {
    for (const { thread } of this.#members) thread.keepAlive(true)
    return new Promise(resolve => {
      this.#onStarted = () => {
        for (const { thread } of this.#members) thread.keepAlive(false)
        this.#onStarted = undefined
        resolve()
      }
    })
  }

  #become(state: State): void {
    this.#state = state
    this.#onStarted?.()
  }

  #answered(member: Member, answer: string | null): void {
    if (answer !== null) {
      this.#died(member, answer)
    } else if (!member.ready) {
      member.ready = true
      if (this.#state === 'starting') this.#become('sharing')
    } else if (this.#run && --this.#run.waitingFor === 0) {
      const { resolve } = this.#run
      this.#run = undefined
      resolve()
    }
  }

  #died(member: Member, cause: unknown): void {
    if (this.#state === 'alone' || this.#state instanceof BackendError) return
    const run = this.#run
    this.#run = undefined
    void this.#terminate()
    const failure = workerDied(cause)
    const isAlone = !member.ready && !run
    this.#become(isAlone ? 'alone' : failure)
    if (isAlone) this.#onAlone?.(cause)
    run?.reject(failure)
  }

  async #terminate(): Promise<void> {
    const members = this.#members
    this.#members = []
    await Promise.all(members.map(({ thread }) => thread.terminate().catch(() => undefined)))
  }

  async dispose(): Promise<void> {
    const run = this.#run
    this.#run = undefined
    if (!(this.#state instanceof BackendError)) this.#become(disposed())
    run?.reject(this.#state)
    this.#own = undefined
    await this.#terminate()
  }
}
