/** Hashes of files: of a large one in a thread of its own, so that the next bytes are received meanwhile. */
import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { HubError } from '../../source/hub/errors.ts'
import type { Hasher } from '../../source/hub/store.ts'
import { reasonOf } from '../../values.ts'

/** Bytes of a file from which on a thread is worth its start. */
const LARGE = 1 << 26
/** Bytes of a block that is handed over, and the number of blocks. */
const BLOCK = 1 << 20
const BLOCKS = 4

/** Takes blocks and gives them back; without one, the hash. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads')
const hash = require('node:crypto').createHash(workerData)
parentPort.on('message', block => {
  if (block === null) parentPort.postMessage(hash.digest('hex'))
  else parentPort.postMessage(block.buffer, [hash.update(block) && block.buffer])
})`

/** Some programs may start no threads. */
let canThread = true

export function createHasher(algorithm: 'sha1' | 'sha256', size = 0): Hasher {
  if (size >= LARGE && canThread) {
    try {
      return new ThreadHash(algorithm)
    } catch {
      canThread = false
    }
  }
  const hash = createHash(algorithm)
  return { update: bytes => void hash.update(bytes), hex: () => hash.digest('hex') }
}

class ThreadHash implements Hasher {
  readonly #thread: Worker
  readonly #free = Array.from({ length: BLOCKS }, () => new Uint8Array(BLOCK))
  #used = 0
  #failure: HubError | undefined
  /** Whoever waits for a block, or for the hash. */
  #resolve: ((hash: string) => void) | undefined
  #reject: ((error: Error) => void) | undefined

  constructor(algorithm: string) {
    this.#thread = new Worker(THREAD, { eval: true, workerData: algorithm })
    this.#thread.on('message', (answer: string | ArrayBuffer) => {
      if (typeof answer !== 'string') this.#free.push(new Uint8Array(answer))
      this.#resolve?.(typeof answer === 'string' ? answer : '')
    })
    this.#thread.on('error', cause => {
      canThread = false
      const nextStep = 'Run it again: it is hashed without a thread then.'
      this.#failure = new HubError('SOURCE_HUB_HASH', 'the thread that hashes', 'a hash', reasonOf(cause), nextStep)
      this.#reject?.(this.#failure)
    })
  }

  async update(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      while (this.#free[0] === undefined) await this.#answer()
      const taken = bytes.subarray(done, done + BLOCK - this.#used)
      this.#free[0].set(taken, this.#used)
      this.#used += taken.byteLength
      done += taken.byteLength
      if (this.#used === BLOCK) this.#hand()
    }
  }

  #hand(): void {
    const block = this.#free.shift()
    if (block) this.#thread.postMessage(block.subarray(0, this.#used), [block.buffer])
    this.#used = 0
  }

  async hex(): Promise<string> {
    if (this.#used > 0) this.#hand()
    this.#thread.postMessage(null)
    for (;;) {
      const hash = await this.#answer()
      if (hash !== '') return hash
    }
  }

  #answer(): Promise<string> {
    if (this.#failure) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  end(): void {
    void this.#thread.terminate()
  }
}
