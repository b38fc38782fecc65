/** A file on its way into a page's cache: pieces of one set, written one after the other. */
import { PIECE } from '../pieces.ts'
import { HubError } from './errors.ts'
import type { PageLock } from './page-lock.ts'
import type { PageStore } from './page-store.ts'
import type { Part } from './store.ts'

export class PagePart implements Part {
  readonly #store: PageStore
  /** Of the set: `owner/name/sets/SET`. */
  readonly #key: string
  readonly #lock: PageLock
  readonly #finish: (size: number) => Promise<void>
  /** Pieces that are written and full. */
  #full: number
  /** What comes after them, up to `#used`; the store may have some of it. */
  readonly #block: Uint8Array
  #used: number
  /** A page sees no ETag of another origin. The hash decides whether what is there goes on. */
  readonly validator = undefined

  /** Goes on after what is there. `finish` makes a set of `size` bytes count. */
  static async open(
    store: PageStore,
    key: string,
    lock: PageLock,
    finish: (size: number) => Promise<void>,
  ): Promise<PagePart> {
    const block = new Uint8Array(PIECE)
    for (let full = 0; ; full++) {
      const bytes = await store.get(`${key}/${full}`)
      if (bytes?.byteLength === PIECE) continue
      block.set(bytes ?? [])
      return new PagePart(store, key, lock, finish, full, block, bytes?.byteLength ?? 0)
    }
  }

  private constructor(
    store: PageStore,
    key: string,
    lock: PageLock,
    finish: (size: number) => Promise<void>,
    full: number,
    block: Uint8Array,
    used: number,
  ) {
    this.#store = store
    this.#key = key
    this.#lock = lock
    this.#finish = finish
    this.#full = full
    this.#block = block
    this.#used = used
  }

  get size(): number {
    return this.#full * PIECE + this.#used
  }

  async *read(): AsyncIterable<Uint8Array> {
    for (let i = 0; i < this.#full; i++) yield (await this.#store.get(`${this.#key}/${i}`)) ?? new Uint8Array()
    if (this.#used > 0) yield this.#block.subarray(0, this.#used)
  }

  async restart(): Promise<void> {
    // From the last on, so that what an end in the middle leaves has no gap.
    for (let i = this.#full; i >= 0; i--) await this.#store.remove(`${this.#key}/${i}`)
    this.#full = 0
    this.#used = 0
  }

  async write(bytes: Uint8Array): Promise<void> {
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

  async #put(): Promise<void> {
    if (this.#lock.isLost()) {
      const nextStep = 'This page was silent for long: run it again, it goes on with what the other has.'
      throw new HubError('SOURCE_CACHE_CHANGED', this.#store.place, 'a download of its own', 'another tab that took it over', nextStep) // prettier-ignore
    }
    if (this.#used > 0) await this.#store.put(`${this.#key}/${this.#full}`, this.#block.subarray(0, this.#used))
  }

  async finish(): Promise<void> {
    await this.#put()
    await this.#finish(this.size)
    this.#lock.release()
  }

  async release(): Promise<void> {
    await this.#put().catch(() => undefined) // the failure was reported, or is why it is released
    this.#lock.release()
  }
}
