/**
 * One file of the hub into its place: resumed if an earlier try left something (RFC 9110 §14: Range, with If-Range), and put in
 * place only after its size and its hash are what the hub announced: SHA-256, or for small files git's SHA-1 of
 * `blob SIZE\0` and the bytes.
 */
import { reasonOf } from '../../values.ts'
import { HubError, oddAnswer, unreachable } from './errors.ts'
import { send, statusError, type Hub, type Reply } from './http.ts'
import { isHex } from './name.ts'
import { retrying } from './retry.ts'
import type { Hasher, HubCache, Part, RemoteFile } from './store.ts'

/** `loaded` of `total` bytes are here. `total` is undefined where the server did not say. */
export type OnBytes = (loaded: number, total: number | undefined) => void

const TRIES = 5
/** So many bytes are a success, after which failures are counted anew. */
const A_GAIN = 2 ** 20

/** @throws HubError once no further try is worth it: of the network, of the answer, of its size or hash, of the cache */
export async function download(
  hub: Hub,
  url: string,
  file: RemoteFile,
  cache: HubCache,
  { isForced, onBytes }: { readonly isForced: boolean; readonly onBytes: OnBytes },
): Promise<void> {
  let furthest = 0
  let gained = 0
  const count: OnBytes = (loaded, total) => {
    gained = loaded - furthest
    onBytes(loaded, total)
  }
  const hasGained = () => {
    const isGain = gained >= A_GAIN
    furthest += Math.max(0, gained)
    gained = 0
    return isGain
  }
  await retrying(() => attempt(hub, url, file, cache, isForced, count), {
    tries: TRIES,
    backoff: hub.backoff,
    hasGained,
  })
}

async function attempt(
  hub: Hub,
  url: string,
  file: RemoteFile,
  cache: HubCache,
  isForced: boolean,
  onBytes: OnBytes,
): Promise<void> {
  const part = await cache.begin(file, isForced)
  if (part === undefined) return cache.link(file)
  let isFinished = false
  try {
    await new Filling(hub, url, file, cache, part, onBytes).run()
    await part.finish()
    isFinished = true
  } finally {
    if (!isFinished) await part.release()
  }
  await cache.link(file)
}

/** One try to complete a part. */
class Filling {
  readonly #hub: Hub
  readonly #url: string
  readonly #file: RemoteFile
  readonly #cache: HubCache
  readonly #part: Part
  readonly #onBytes: OnBytes
  #hash: Hasher
  #at = 0

  constructor(hub: Hub, url: string, file: RemoteFile, cache: HubCache, part: Part, onBytes: OnBytes) {
    this.#hub = hub
    this.#url = url
    this.#file = file
    this.#cache = cache
    this.#part = part
    this.#onBytes = onBytes
    this.#hash = startHash(cache, file)
  }

  async run(): Promise<void> {
    const { size } = this.#file
    if (this.#part.size > (size ?? Infinity)) await this.#part.restart(undefined)
    await this.#readPart()
    if (this.#at !== size || size === 0) await this.#fetchRest()
    if (size !== undefined && this.#at !== size) throw wrongSize(this.#file, size, this.#at)
    const hash = size === undefined ? await this.#hashAll() : this.#hash.hex()
    if (hash === this.#file.etag) return
    await this.#part.restart(undefined)
    throw wrongHash(this.#file, hash)
  }

  async #readPart(): Promise<void> {
    for await (const bytes of this.#part.read()) {
      this.#hash.update(bytes)
      this.#at += bytes.byteLength
    }
    if (this.#at > 0) this.#onBytes(this.#at, this.#file.size)
  }

  async #fetchRest(): Promise<void> {
    const { validator } = this.#part
    const range =
      this.#at === 0
        ? {}
        : { range: `bytes=${this.#at}-`, ...(validator === undefined ? {} : { 'if-range': validator }) }
    const reply = await send(this.#hub, this.#url, {
      method: 'GET',
      headers: range,
      timeout: this.#hub.downloadTimeout,
    })
    try {
      await this.#accept(reply)
      await this.#receive(reply)
    } finally {
      await reply.end()
    }
  }

  /** Looks at status and headers before a byte is kept. */
  async #accept(reply: Reply): Promise<void> {
    const { status, headers } = reply.response
    const validator = strongEtag(headers.get('etag'))
    if (status === 206 && this.#at > 0 && this.#continues(headers.get('content-range'), validator)) return
    if (status === 206 || status === 416) {
      await this.#startAgain(undefined)
      throw unreachable(this.#file.name, `status ${status} for another part of the file than was asked for`)
    }
    const isElsewhere = new URL(reply.url).origin !== new URL(this.#hub.endpoint).origin
    // Elsewhere it means a signed address that has expired: the hub gives another.
    if (status === 403 && isElsewhere) throw unreachable(this.#file.name, 'status 403 from where the hub sent us')
    if (status !== 200) throw statusError(reply, this.#file.name)
    await this.#startAgain(validator)
    // A page is not told whether it was compressed; the size is compared when all is here.
    const isAsIs = !this.#hub.isInPage && (headers.get('content-encoding') ?? 'identity') === 'identity'
    const length = headers.get('content-length')
    const { size } = this.#file
    if (isAsIs && length !== null && size !== undefined && Number(length) !== size) {
      throw wrongSize(this.#file, size, Number(length))
    }
  }

  #continues(range: string | null, validator: string | undefined): boolean {
    // Another origin need not show it to a page. The hash decides.
    if (range === null && this.#hub.isInPage) return true
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range ?? '') ?? []
    const isWhole = total === '*' || this.#file.size === undefined || Number(total) === this.#file.size
    const isSame = this.#part.validator === undefined || validator === undefined || validator === this.#part.validator
    return Number(start) === this.#at && isWhole && isSame
  }

  async #startAgain(validator: string | undefined): Promise<void> {
    await this.#part.restart(validator)
    this.#hash = startHash(this.#cache, this.#file)
    this.#at = 0
  }

  async #receive({ response, alive }: Reply): Promise<void> {
    const { size } = this.#file
    const reader = response.body?.getReader()
    while (reader) {
      const { value: bytes } = await reader.read().catch((cause: unknown) => {
        throw unreachable(this.#file.name, `a connection that broke off (${reasonOf(cause)})`, cause)
      })
      if (bytes === undefined) return
      alive()
      if (this.#at + bytes.byteLength > (size ?? Infinity)) {
        await this.#part.restart(undefined)
        throw wrongSize(this.#file, size ?? 0, this.#at + bytes.byteLength)
      }
      this.#at += bytes.byteLength
      this.#hash.update(bytes)
      await this.#part.write(bytes)
      this.#onBytes(this.#at, size)
    }
  }

  /** For a file whose size was not announced: git's hash begins with it. */
  async #hashAll(): Promise<string> {
    const hash = startHash(this.#cache, { ...this.#file, size: this.#at })
    for await (const bytes of this.#part.read()) hash.update(bytes)
    return hash.hex()
  }
}

function startHash(cache: HubCache, { etag, size }: RemoteFile): Hasher {
  if (etag.length === SHA256) return cache.createHash('sha256')
  const hash = cache.createHash('sha1')
  hash.update(new TextEncoder().encode(`blob ${size ?? 0}\0`))
  return hash
}

const SHA1 = 40
const SHA256 = 64

/**
 * The hash in an ETag header of the hub.
 *
 * @throws HubError `SOURCE_HUB_ANSWER` for what is none: such a file could not be checked
 */
export function hashOfEtag(etag: string | null, url: string): string {
  const hash = (etag ?? '').replace(/^W\//, '').replaceAll('"', '').toLowerCase()
  if ([SHA1, SHA256].includes(hash.length) && isHex(hash)) return hash
  throw oddAnswer(url, 'the hash of the file (X-Linked-Etag or ETag)', etag === null ? 'none' : 'something else')
}

/** A weak ETag says nothing about bytes (RFC 9110 §8.8.1). */
function strongEtag(etag: string | null): string | undefined {
  return etag === null || etag.startsWith('W/') || etag.length > 1000 ? undefined : etag
}

function wrongSize(file: RemoteFile, size: number, found: number): HubError {
  const nextStep = 'The download was cut or changed on the way: run it again, it goes on where it stopped.'
  return new HubError('SOURCE_HUB_SIZE', file.name, `${size} bytes, as the hub says`, `${found}`, nextStep)
}

function wrongHash(file: RemoteFile, found: string): HubError {
  const nextStep = 'The bytes were changed on the way and are not used: check proxies, and run it again.'
  return new HubError('SOURCE_HUB_HASH', file.name, `the hash ${file.etag}, as the hub says`, found, nextStep)
}
