/**
 * A file on its way into the cache: `blobs/ETAG.HOST-PID-RANDOM.bert-ner-part`, with the ETag of its response beside it. Each has
 * one owner at a time, who shows every second that he lives. Whoever finds one without an owner takes it over by renaming it,
 * which only one can do, and goes on where it ends. So no lock is held that a killed process could leave behind.
 */
import { randomBytes, createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat, utimes, writeFile, type FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { sleep } from '../../source/patience.ts'
import type { Part } from '../../source/hub/store.ts'
import { codeOf, writing } from './failure.ts'

export const SUFFIX = '.bert-ner-part'
const VALIDATOR = '.etag'
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

/** Milliseconds: from one sign of life to the next, and without one until an owner counts as gone. */
const HEARTBEAT = 1000
const GONE = 3 * HEARTBEAT
/** The same for an owner that cannot be looked for: on another machine, or with an id that another process may have now. */
const GONE_ELSEWHERE = 60 * HEARTBEAT
/** How long another process is waited for that makes no progress. */
const PATIENCE = 30_000
const POLL = 200
/** Bytes of one write, and after which the disk is asked for them while more come, so that not all is left for the end. */
const BLOCK = 1 << 20
const SYNC = 1 << 25

/** Those of this process. */
const own = new Set<string>()

/** A part for a blob, or undefined once `isThere`: another process has completed it meanwhile. */
export async function claimPart(blob: string, isThere: () => Promise<boolean>): Promise<Part | undefined> {
  let best = 0
  let since = Date.now()
  for (;;) {
    if (await isThere()) return undefined
    const rivals = await partsOf(blob)
    for (const { path } of rivals.filter(({ isAbandoned }) => isAbandoned)) {
      const taken = await takeOver(path, blob)
      if (taken) return taken
    }
    const living = rivals.filter(({ isAbandoned }) => !isAbandoned)
    const size = Math.max(0, ...living.map(rival => rival.size))
    if (size > best) [best, since] = [size, Date.now()]
    if (living.length === 0 || Date.now() - since > PATIENCE) {
      const part = await PartFile.create(newPath(blob))
      // Two that begin at once see each other here: the first by name goes on.
      const others = living.length > 0 ? [] : await partsOf(blob)
      if (others.every(other => other.isAbandoned || other.path >= part.path)) return part
      await part.discard()
    }
    await sleep(POLL)
  }
}

interface Rival {
  readonly path: string
  readonly size: number
  readonly isAbandoned: boolean
}

async function partsOf(blob: string): Promise<Rival[]> {
  const folder = join(blob, '..')
  const start = blob.slice(folder.length + 1) + '.'
  const names = await writing(folder, () => readdir(folder))
  const rivals: Rival[] = []
  for (const name of names.sort()) {
    if (!name.startsWith(start) || !name.endsWith(SUFFIX)) continue
    const path = join(folder, name)
    const info = await stat(path).catch(() => undefined)
    if (info)
      rivals.push({ path, size: info.size, isAbandoned: isAbandoned(path, name.slice(start.length), info.mtimeMs) })
  }
  return rivals
}

function isAbandoned(path: string, owner: string, lastSeen: number): boolean {
  if (own.has(path)) return false
  const silent = Date.now() - lastSeen
  const [host, pid] = owner.split('-')
  if (lastSeen === 0 || silent > GONE_ELSEWHERE) return true // released, or of nobody
  // A part of this very id that is not ours is of a process before us: ids come back when a container starts again.
  return host === HOST && silent > GONE && (Number(pid) === process.pid || !isAlive(Number(pid)))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function newPath(blob: string): string {
  return `${blob}.${HOST}-${process.pid}-${randomBytes(4).toString('hex')}${SUFFIX}`
}

/** Undefined if another was quicker. */
async function takeOver(path: string, blob: string): Promise<PartFile | undefined> {
  const mine = newPath(blob)
  own.add(mine)
  try {
    await rename(path, mine)
    await rename(path + VALIDATOR, mine + VALIDATOR).catch(() => undefined) // there need not be one
    return await PartFile.open(mine)
  } catch (error) {
    own.delete(mine)
    if (codeOf(error) === 'ENOENT') return undefined
    return writing(mine, () => Promise.reject(error as Error))
  }
}

class PartFile implements Part {
  readonly path: string
  readonly #handle: FileHandle
  readonly #timer: ReturnType<typeof setInterval>
  #size: number
  #validator: string | undefined
  /** Bytes that have come and are not yet being written; and the block before, which is. */
  #block = new Uint8Array(BLOCK)
  #spare = new Uint8Array(BLOCK)
  #used = 0
  #writing: Promise<void> = Promise.resolve()
  #unsynced = 0
  #syncing: Promise<void> | undefined
  /** Set once the file is no longer under its name. */
  #lost: unknown

  static async create(path: string): Promise<PartFile> {
    own.add(path)
    try {
      return new PartFile(path, await writing(path, () => open(path, 'wx+')), 0, undefined)
    } catch (error) {
      own.delete(path)
      throw error
    }
  }

  static async open(path: string): Promise<PartFile> {
    const handle = await open(path, 'r+')
    const now = new Date()
    await handle.utimes(now, now)
    const { size } = await handle.stat()
    return new PartFile(path, handle, size, await readFile(path + VALIDATOR, 'utf8').catch(() => undefined))
  }

  private constructor(path: string, handle: FileHandle, size: number, validator: string | undefined) {
    this.path = path
    this.#handle = handle
    this.#size = size
    this.#validator = validator
    this.#timer = setInterval(() => {
      const now = new Date()
      utimes(path, now, now).catch((error: unknown) => (this.#lost = error))
    }, HEARTBEAT)
    this.#timer.unref()
  }

  get size(): number {
    return this.#size
  }

  get validator(): string | undefined {
    return this.#validator
  }

  async *read(): AsyncIterable<Uint8Array> {
    await this.#flush()
    if (this.#size === 0) return
    const end = this.#size - 1
    yield* createReadStream(this.path, { end, highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>
  }

  async restart(validator: string | undefined): Promise<void> {
    await this.#writing.catch(() => undefined)
    this.#writing = Promise.resolve()
    this.#used = 0
    await this.#write(async () => {
      if (this.#size > 0) await this.#handle.truncate(0)
      if (validator === undefined) await rm(this.path + VALIDATOR, { force: true })
      else await writeFile(this.path + VALIDATOR, validator)
    })
    this.#size = 0
    this.#validator = validator
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      const taken = bytes.subarray(done, done + BLOCK - this.#used)
      this.#block.set(taken, this.#used)
      this.#used += taken.byteLength
      this.#size += taken.byteLength
      done += taken.byteLength
      if (this.#used === BLOCK) await this.#startWriting()
    }
  }

  /** Writes a block while the next one is received and hashed. A failure is that of the next call. */
  async #startWriting(): Promise<void> {
    await this.#writing
    const block = this.#block.subarray(0, this.#used)
    const at = this.#size - this.#used
    ;[this.#block, this.#spare] = [this.#spare, this.#block]
    this.#used = 0
    this.#writing = this.#write(() => this.#writeAt(block, at))
    this.#writing.catch(() => undefined)
  }

  async #writeAt(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      done += (await this.#handle.write(bytes, done, bytes.byteLength - done, at + done)).bytesWritten
    }
    this.#unsynced += bytes.byteLength
    if (this.#unsynced < SYNC || this.#syncing) return
    this.#unsynced = 0
    // A failure is that of the last one, when all is there.
    this.#syncing = this.#handle.datasync().catch(() => undefined).finally(() => (this.#syncing = undefined)) // prettier-ignore
  }

  /** All that was given to `write` is in the file. */
  async #flush(): Promise<void> {
    await this.#startWriting()
    await this.#writing
  }

  async finish(): Promise<void> {
    await this.#flush()
    await this.#write(async () => {
      await this.#syncing
      await this.#handle.datasync() // Without power, a name must not outlive its bytes.
      await this.#close()
      await rename(this.path, this.#blob)
    })
    await rm(this.path + VALIDATOR, { force: true })
  }

  async release(): Promise<void> {
    if (this.#size === 0) return this.discard()
    if (!own.has(this.path)) return
    await this.#flush().catch(() => undefined) // the failure was reported, or is why it is released
    // A time of 0 says that nobody has it.
    await this.#handle.utimes(0, 0).catch(() => undefined)
    await this.#close()
  }

  async discard(): Promise<void> {
    await this.#close()
    for (const path of [this.path, this.path + VALIDATOR]) await rm(path, { force: true }).catch(() => undefined)
  }

  get #blob(): string {
    return this.path.slice(0, this.path.lastIndexOf('.', this.path.length - SUFFIX.length - 1))
  }

  async #close(): Promise<void> {
    if (!own.delete(this.path)) return
    clearInterval(this.#timer)
    await this.#syncing
    await this.#handle.close()
  }

  #write(action: () => Promise<void>): Promise<void> {
    return writing(this.path, () => (this.#lost === undefined ? action() : Promise.reject(this.#lost as Error)))
  }
}
