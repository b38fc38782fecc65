/**
 * The cache of one model in a page, as entries of a store; the words are those of huggingface_hub's layout on disk:
 *
 *     owner/name/refs/REVISION          the commit that the branch stood for
 *     owner/name/snapshots/COMMIT/FILE  its hash
 *     owner/name/absent/COMMIT/FILE     empty: the model has no such file
 *     owner/name/blobs/HASH             size and set of a whole file, written last
 *     owner/name/parts/HASH             the set of one that is being fetched, and how far it is
 *     owner/name/sets/SET/0, 1, 2, …    bytes, in pieces
 *
 * A file that is fetched again is another set, so that the one before is read until the new one is whole.
 */
import { fileOfPieces, PIECE, pieceLength } from '../pieces.ts'
import { Sha1, Sha256 } from '../sha.ts'
import { missingFile, readFile, type ModelFile, type ModelSource } from '../source.ts'
import { HubError } from './errors.ts'
import { isCommit } from './name.ts'
import { takeLock, type PageLock } from './page-lock.ts'
import { PagePart } from './page-part.ts'
import type { PageStore } from './page-store.ts'
import type { FileState, Hasher, HubCache, Part, RemoteFile } from './store.ts'

interface Blob {
  readonly etag: string
  readonly size: number
  readonly set: string
}

const FREE: PageLock = { isStolen: false, isLost: () => false, release: () => undefined }

/** randomUUID is for secure pages alone. */
function randomName(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), word => word.toString(36)).join('-')
}

export class PageCache implements HubCache {
  readonly #store: PageStore
  readonly #repo: string

  constructor(store: PageStore, repo: string) {
    this.#store = store
    this.#repo = repo
  }

  get place(): string {
    return this.#store.place
  }

  async commitOf(revision: string): Promise<string | undefined> {
    const commit = await this.#read(`refs/${revision}`)
    return commit !== undefined && isCommit(commit) ? commit : undefined
  }

  async setCommit(revision: string, commit: string): Promise<void> {
    if (revision !== commit && (await this.commitOf(revision)) !== commit) await this.#write(`refs/${revision}`, commit)
  }

  async stateOf(commit: string, name: string): Promise<FileState> {
    if ((await this.#blobOf(commit, name)) !== undefined) return 'there'
    return (await this.#store.has(this.#key(`absent/${commit}/${name}`))) ? 'absent' : 'unknown'
  }

  async setAbsent(commit: string, name: string): Promise<void> {
    await this.#write(`absent/${commit}/${name}`, '')
  }

  read(commit: string, name: string, most: number): Promise<Uint8Array> {
    return readFile(this.source(commit), name, most)
  }

  async begin({ etag, size }: RemoteFile, isForced: boolean): Promise<Part | undefined> {
    const lock = await this.#take(etag)
    try {
      const blob = await this.#blob(etag)
      if (!isForced && blob !== undefined && (size === undefined || blob.size === size)) {
        lock.release()
        return undefined
      }
      const set = await this.#claim(etag, lock.isStolen)
      const beat = (bytes: number) => this.#write(`parts/${etag}`, `${set} ${bytes}`)
      const finish = async (whole: number) => {
        const before = await this.#blob(etag)
        await this.#write(`blobs/${etag}`, JSON.stringify({ size: whole, set }))
        await this.#store.remove(this.#key(`parts/${etag}`))
        if (before) await this.#removeSet(before.set, before.size)
      }
      return await PagePart.open({ store: this.#store, key: this.#key(`sets/${set}`), lock, beat, finish })
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** Memory is of this page alone, and has nobody to lock out. */
  #take(etag: string): Promise<PageLock> {
    if (!this.#store.isKept) return Promise.resolve(FREE)
    const progress = async () => (await this.#read(`parts/${etag}`)) ?? ''
    return takeLock(`${this.#store.place}: ${this.#key(etag)}`, progress)
  }

  /** The set that a download goes on with. Whoever lost the lock may still write into the one that was begun: that is given up. */
  async #claim(etag: string, isStolen: boolean): Promise<string> {
    const [left] = (await this.#read(`parts/${etag}`))?.split(' ') ?? []
    if (left !== undefined && !isStolen) return left
    const set = randomName()
    await this.#write(`parts/${etag}`, `${set} 0`)
    if (left !== undefined) await this.#removeSet(left)
    return set
  }

  async link({ commit, name, etag }: RemoteFile): Promise<void> {
    await this.#write(`snapshots/${commit}/${name}`, etag)
  }

  createHash(algorithm: 'sha1' | 'sha256'): Hasher {
    return algorithm === 'sha1' ? new Sha1() : new Sha256()
  }

  /** The files of a commit. */
  source(commit: string): ModelSource {
    return {
      open: async (name: string): Promise<ModelFile> => {
        const blob = await this.#blobOf(commit, name)
        if (blob === undefined) throw missingFile(name, `none of this name in the cache ${this.place}`)
        return fileOfPieces(name, blob.size, async index => {
          const bytes = await this.#store.get(this.#key(`sets/${blob.set}/${index}`))
          if (bytes?.byteLength === pieceLength(blob.size, index)) return bytes
          // Or the next run would find it again.
          await this.#store.remove(this.#key(`blobs/${blob.etag}`))
          await this.#removeSet(blob.set, blob.size)
          const nextStep = 'Its data were removed meanwhile: run it again.'
          throw new HubError('SOURCE_CACHE_CHANGED', name, 'its bytes in the cache', 'some of them gone', nextStep)
        })
      },
    }
  }

  async #blobOf(commit: string, name: string): Promise<Blob | undefined> {
    const etag = await this.#read(`snapshots/${commit}/${name}`)
    return etag === undefined ? undefined : this.#blob(etag)
  }

  async #blob(etag: string): Promise<Blob | undefined> {
    const text = await this.#read(`blobs/${etag}`)
    try {
      const { size, set } = JSON.parse(text ?? '{}') as Partial<Blob>
      return typeof size === 'number' && typeof set === 'string' ? { etag, size, set } : undefined
    } catch {
      return undefined // written by someone else: as if it were not there
    }
  }

  /** From the last piece on, so that an end in the middle leaves no gap, behind which nobody would look. */
  async #removeSet(set: string, size = 0): Promise<void> {
    let count = Math.ceil(size / PIECE)
    while (await this.#store.has(this.#key(`sets/${set}/${count}`))) count++
    for (let i = count - 1; i >= 0; i--) await this.#store.remove(this.#key(`sets/${set}/${i}`))
  }

  #key(path: string): string {
    return `${this.#repo}/${path}`
  }

  async #read(path: string): Promise<string | undefined> {
    const bytes = await this.#store.get(this.#key(path))
    return bytes && new TextDecoder().decode(bytes)
  }

  #write(path: string, text: string): Promise<void> {
    return this.#store.put(this.#key(path), new TextEncoder().encode(text))
  }
}
