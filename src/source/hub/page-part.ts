/** A file on its way into a page's cache: pieces of one set, written one after the other. */
import { PIECE } from '../pieces.ts'
import { HubError } from './errors.ts'
import type { PageLock } from './page-lock.ts'
import type { PageStore } from './page-store.ts'
import type { Part } from './store.ts'

/** Where a part lies, and how it is told to other tabs. */
interface Place {
  readonly store: PageStore
  /** Of the set: `owner/name/sets/SET`. */
  readonly key: string
  readonly lock: PageLock
  /** Tells other tabs that this one lives. */
  readonly beat: (size: number) => Promise<void>
  /** Makes a set of `size` bytes count. */
  readonly finish: (size: number) => Promise<void>
}

/** Milliseconds from one sign of life to the next, at least. */
const HEARTBEAT = 3000

export class PagePart implements Part {
  readonly #place: Place
  /** Pieces that are written and full. */
  #full = 0
  /** What comes after them, up to `#used`; the store may have some of it. */
  readonly #block = new Uint8Array(PIECE)
  #used = 0
  #lastBeat = Date.now()
  /** A page sees no ETag of another origin. The hash decides whether what is there goes on. */
  readonly validator = undefined

  /** Goes on after what is there. */
  static async open(place: Place): Promise<PagePart> {
    const part = new PagePart(place)
    for (;;) {
      const bytes = await place.store.get(`${place.key}/${part.#full}`)
      await part.#beat()
      if (bytes?.byteLength === PIECE) part.#full++
      else {
        part.#block.set(bytes ?? [])
        part.#used = bytes?.byteLength ?? 0
        return part
      }
    }
  }

  private constructor(place: Place) {
    this.#place = place
  }

  get size(): number {
    return this.#full * PIECE + this.#used
  }

  async *read(): AsyncIterable<Uint8Array> {
    const { store, key } = this.#place
    for (let i = 0; i < this.#full; i++) {
      await this.#beat()
      yield (await store.get(`${key}/${i}`)) ?? new Uint8Array()
    }
    if (this.#used > 0) yield this.#block.subarray(0, this.#used)
  }

  async restart(): Promise<void> {
    const { store, key } = this.#place
    // From the last on, so that what an end in the middle leaves has no gap.
    for (let i = this.#full; i >= 0; i--) await store.remove(`${key}/${i}`)
    this.#full = 0
    this.#used = 0
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#beat()
    for (let done = 0; done < bytes.byteLength;) {
      const taken = bytes.subarray(done, done + PIECE - this.#used)
      this.#block.set(taken, this.#used)
      this.#used += taken.byteLength
      done += taken.byteLength
      if (this.#used < PIECE) continue
      await this.#put()
      this.#full++
      this.#used = 0
    }
  }

  async #beat(): Promise<void> {
    const now = Date.now()
    if (now - this.#lastBeat < HEARTBEAT) return
    this.#lastBeat = now
    await this.#checkOwn()
    await this.#place.beat(this.size)
  }

  /** Another tab that took the lock has a set of its own; nobody goes on with this one. */
  async #checkOwn(): Promise<void> {
    const { lock, store } = this.#place
    if (!lock.isLost()) return
    await this.restart()
    const nextStep = 'This page was silent for long: run it again, it goes on with what the other has.'
    throw new HubError('SOURCE_CACHE_CHANGED', store.place, 'a download of its own', 'another tab that took it over', nextStep) // prettier-ignore
  }

  async #put(): Promise<void> {
    const { store, key } = this.#place
    await this.#checkOwn()
    if (this.#used > 0) await store.put(`${key}/${this.#full}`, this.#block.subarray(0, this.#used))
  }

  async finish(): Promise<void> {
    await this.#put()
    await this.#place.finish(this.size)
    this.#place.lock.release()
  }

  async release(): Promise<void> {
    await this.#put().catch(() => undefined) // the failure was reported, or is why it is released
    this.#place.lock.release()
  }
}
