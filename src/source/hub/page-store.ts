/**
 * Where a page keeps bytes under names: the Cache API, or, where a page may keep nothing (no https, a private window, a sandbox),
 * memory. An entry is written whole or not at all. The Cache API is in all browsers, in pages and workers; files of the origin
 * (OPFS) can be written by a page in some only.
 */
import { reasonOf } from '../../values.ts'
import { HubError } from './errors.ts'

export interface PageStore {
  /** In words, for an error. */
  readonly place: string
  /** Whether what is put here is there at the next visit. */
  readonly isKept: boolean
  get(key: string): Promise<Uint8Array | undefined>
  has(key: string): Promise<boolean>
  put(key: string, bytes: Uint8Array): Promise<void>
  remove(key: string): Promise<void>
}

/** Keys of the Cache API are addresses. Nobody can have this one. */
const BASE = 'https://bert-ner.invalid/'

/** Memory if this page has no cache of its own. */
export async function openPageStore(name: string): Promise<PageStore> {
  try {
    // In a sandbox the property itself throws.
    const { caches } = globalThis as { readonly caches?: CacheStorage }
    if (caches) return new CacheStore(`${name} of this site`, await caches.open(name))
  } catch {
    // The browser forbids it.
  }
  return new MemoryStore()
}

class CacheStore implements PageStore {
  readonly place: string
  readonly isKept = true
  readonly #cache: Cache

  constructor(place: string, cache: Cache) {
    this.place = place
    this.#cache = cache
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#reading(async () => {
      const response = await this.#cache.match(BASE + key)
      return response && new Uint8Array(await response.arrayBuffer())
    })
  }

  has(key: string): Promise<boolean> {
    return this.#reading(async () => {
      const response = await this.#cache.match(BASE + key)
      await response?.body?.cancel()
      return response !== undefined
    })
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.#cache.put(BASE + key, new Response(bytes as Uint8Array<ArrayBuffer>))
    } catch (cause) {
      const isFull = (cause as Error).name === 'QuotaExceededError'
      const found = isFull ? 'no more room for this site' : reasonOf(cause)
      const nextStep = 'Make room on the disk or among the data of sites, and run it again. What has come is kept.'
      throw new HubError('SOURCE_CACHE_UNWRITABLE', this.place, 'a cache that can be written', found, nextStep, {
        cause,
      })
    }
  }

  async remove(key: string): Promise<void> {
    await this.#reading(() => this.#cache.delete(BASE + key))
  }

  /** A browser that removes the data of a site under an open page answers with errors of its own. */
  async #reading<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (cause) {
      const nextStep = 'The data of this site were removed meanwhile, or their disk is damaged: load the page again.'
      const found = reasonOf(cause)
      throw new HubError('SOURCE_CACHE_CHANGED', this.place, 'a cache that can be read', found, nextStep, { cause })
    }
  }
}

class MemoryStore implements PageStore {
  readonly place = 'memory'
  readonly isKept = false
  readonly #entries = new Map<string, Uint8Array>()

  get(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#entries.get(key))
  }

  has(key: string): Promise<boolean> {
    return Promise.resolve(this.#entries.has(key))
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    this.#entries.set(key, bytes.slice())
    return Promise.resolve()
  }

  remove(key: string): Promise<void> {
    this.#entries.delete(key)
    return Promise.resolve()
  }
}
