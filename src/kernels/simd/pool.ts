/**
 * The engine with threads: workers that share the module's memory. A program is handed to all of them in one message each;
 * they divide its tasks among themselves by atomic counters in memory (assembly/scheduler.ts), and answer when they are
 * through. The caller's thread only waits for messages, so its event loop stays free.
 */
import { BackendError } from '../../errors.ts'
import { crashed, disposed, instantiate, type ModuleExports } from './inline.ts'
import type { ModuleMemory } from './memory.ts'
import type { Engine } from './program.ts'
import type { Spawn, Thread } from './threads.ts'

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
  readonly threads: number
  readonly memory: ModuleMemory
  readonly #module: WebAssembly.Module
  #members: Member[] = []
  #run: Run | undefined
  /** A run that waits for the first thread to be ready. */
  #onReady: (() => void) | undefined
  #failure: BackendError | undefined
  /** This thread's own instance: works while the others start, and instead of them where they cannot. */
  #own: ModuleExports | undefined
  #alone = false

  constructor(module: WebAssembly.Module, memory: ModuleMemory, threads: number, spawn: Spawn) {
    this.threads = threads
    this.memory = memory
    this.#module = module
    for (let i = 0; i < threads && !this.#alone; i++) this.#start(spawn)
  }

  #start(spawn: Spawn): void {
    const member: Member = { thread: undefined as unknown as Thread, ready: false }
    try {
      member.thread = spawn(
        answer => {
          this.#answered(member, answer)
        },
        cause => {
          this.#died(member, cause)
        },
      )
      this.#members.push(member)
      member.thread.post({ module: this.#module, memory: this.memory.memory })
    } catch (cause) {
      this.#died(member, cause)
    }
  }

  async run(program: number, end: number, scratch: number, scratchBytes: number, eager = false): Promise<void> {
    this.#throwFailure()
    if (!this.#alone && !eager && !this.#members.some(({ ready }) => ready)) await this.#firstReady()
    this.#throwFailure()
    const ready = this.#members.filter(member => member.ready)
    if (ready.length === 0) {
      this.#runAlone(program, end, scratch)
      return
    }
    await new Promise<void>((resolve, reject) => {
      this.#run = { waitingFor: ready.length, resolve, reject }
      for (const [i, { thread }] of ready.entries()) {
        thread.keepAlive(true)
        thread.post({ program, end, scratch: scratch + i * scratchBytes })
      }
    })
    for (const { thread } of ready) thread.keepAlive(false)
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure
  }

  #runAlone(program: number, end: number, scratch: number): void {
    this.#own ??= instantiate(this.#module, this.memory.memory)
    try {
      this.#own.run(program, end, scratch)
    } catch (cause) {
      throw crashed(cause)
    }
  }

  #firstReady(): Promise<void> {
    for (const { thread } of this.#members) thread.keepAlive(true)
    return new Promise(resolve => {
      this.#onReady = () => {
        for (const { thread } of this.#members) thread.keepAlive(false)
        this.#onReady = undefined
        resolve()
      }
    })
  }

  #answered(member: Member, answer: string | null): void {
    if (answer !== null) {
      this.#died(member, answer)
    } else if (!member.ready) {
      member.ready = true
      this.#onReady?.()
    } else if (this.#run && --this.#run.waitingFor === 0) {
      const { resolve } = this.#run
      this.#run = undefined
      resolve()
    }
  }

  /** Before it is ready, a thread that dies means that there are no threads here. Later, its work is lost, and so are we. */
  #died(member: Member, cause: unknown): void {
    if (this.#failure || this.#alone) return
    const wasReady = member.ready
    const run = this.#run
    this.#run = undefined
    void this.#terminate()
    if (wasReady) {
      this.#failure = workerDied(cause)
      run?.reject(this.#failure)
    } else if (run) {
      this.#failure = workerDied(cause)
      run.reject(this.#failure)
    } else this.#alone = true
    this.#onReady?.()
  }

  async #terminate(): Promise<void> {
    const members = this.#members
    this.#members = []
    await Promise.all(members.map(({ thread }) => thread.terminate().catch(() => undefined)))
  }

  async dispose(): Promise<void> {
    const run = this.#run
    this.#run = undefined
    this.#failure ??= disposed()
    run?.reject(this.#failure)
    this.#onReady?.()
    this.#own = undefined
    await this.#terminate()
  }
}

function workerDied(cause: unknown): BackendError {
  return new BackendError({
    code: 'BACKEND_WORKER_DIED',
    subject: 'backend simd',
    expected: 'threads that live as long as their model',
    found: `one that ended: ${cause instanceof Error ? cause.message : String(cause)}`,
    nextStep: 'Load the model again; `threads: 1` does without threads.',
    cause,
  })
}
