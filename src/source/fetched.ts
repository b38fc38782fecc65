/**
 * Files of a model that are fetched by their addresses: in pages and workers by HTTP, in Node also from a `file:` address. A file can
 * be read while it arrives: whoever asks for bytes waits for these alone.
 */
import { SourceError } from '../errors.ts'
import { builtin } from '../platform.ts'
import { codeOf, guarded, reasonOf, show, tagOf, UNREADABLE } from '../values.ts'
import { Arriving, lengthOf } from './arriving.ts'
import { CHECK_ADDRESS, missingFile, sourceFromBytes, type ModelFile, type ModelSource } from './source.ts'
import type { UrlFile } from './url.ts'
import { checkUrlOptions, wrong, type UrlOptions } from './url-options.ts'

export type { FetchOptions, UrlOptions } from './url-options.ts'

/** A file's address, and its size in bytes where that is known beforehand. */
export interface RemoteFile {
  readonly url: string
  readonly size?: number
}

/** Where the files of a model are. It can be sent to another thread. */
export interface RemoteModel {
  /** By name: bytes that are here, or an address. */
  readonly files?: Readonly<Record<string, Uint8Array | RemoteFile>>
  /** The folder of every other file; without it there are none. */
  readonly base?: string
  /** Of files below `base`, in lower-case hexadecimal. */
  readonly sha256?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Makes a source of the files below an address: `sourceFromUrl('/models/mine/')`. Relative to the page, and each is fetched when it is
 * needed: in parts from a server that has ranges, so that no more than what is read is fetched.
 *
 * @throws OptionError `OPTION_VALUE` for what is no address, or an option that is not valid. Reading throws SourceError
 *   `SOURCE_FILE_MISSING`, `SOURCE_FILE_UNREADABLE`, `SOURCE_FILE_TRUNCATED`, `SOURCE_FILE_CHANGED`, and `SOURCE_FILE_HASH` for bytes
 *   that are not those of `sha256`
 */
export function sourceFromUrl(base: string | URL, options: UrlOptions = {}): ModelSource {
  const noAddress = (found: string) =>
    wrong('base', 'an http(s) or file address, no password, or a path on this page', found, CHECK_ADDRESS)
  return guarded(
    () => {
      const folder = typeof base === 'string' || tagOf(base) === 'URL' ? absolute(String(base)) : undefined
      // Without what may be a password or a signature: messages end up in logs. The search starts once: from every letter of a long
      // text that has no @, it would take its square.
      if (!folder) throw noAddress(show(typeof base === 'string' ? base.replace(/^.*@|\?.*/gs, '…') : base))
      return new FetchedSource({ base: folder }, options)
    },
    () => noAddress(UNREADABLE),
  )
}

/** Undefined also for an address with a user name or password: `fetch` takes none, and its message would show them. */
function absolute(base: string): string | undefined {
  const { location } = globalThis as { location?: { href?: string } }
  const page = location?.href?.startsWith('http') ? location.href : undefined
  if (!URL.canParse(base, page)) return undefined
  const { href } = new URL(base, page)
  return /^(https?|file|blob|data|[^:]+-extension):(?!..[^/]*@)/.test(href) ? href : undefined
}

/** A model whose files are fetched. */
export class FetchedSource implements ModelSource {
  /** The same model for another thread; undefined if it takes a `fetch` of the caller's, which cannot go there. */
  readonly remote: RemoteModel | undefined
  readonly #model: RemoteModel
  readonly #fetch: typeof fetch

  /** @throws OptionError `OPTION_VALUE` for options that are none */
  constructor(model: RemoteModel, options: UrlOptions = {}) {
    const { fetch: given, ...sent } = checkUrlOptions(options)
    this.#model = { ...sent, ...model }
    // A browser's own works only as a method of its window.
    this.#fetch = given ?? ((...request) => fetch(...request))
    this.remote = given ? undefined : this.#model
  }

  open(name: string): Promise<ModelFile> {
    const { files = {}, base, sha256 = {}, headers = {} } = this.#model
    const missing = () => Promise.reject(missingFile(show(name), Object.keys(files).join(', ') || 'no name'))
    if (typeof (name as unknown) !== 'string') return missing()
    const file = Object.hasOwn(files, name) ? files[name] : undefined
    if (file && 'url' in file) return this.#open(file)
    if (file) return sourceFromBytes({ [name]: file }).open(name)
    const url = base === undefined ? undefined : addressOf(base, name)
    const digest = Object.hasOwn(sha256, name) ? sha256[name] : undefined
    if (url?.startsWith('http')) return this.#openUrl({ url, fetch: this.#fetch, headers, digest })
    if (url !== undefined) return digest === undefined ? this.#open({ url }) : this.#openChecked(url, digest)
    return missing()
  }

  async #openUrl(file: UrlFile): Promise<ModelFile> {
    const { openUrl } = await import('./url.ts') // a page with the default model has no use for it
    return openUrl(file)
  }

  async #openChecked(url: string, digest: string): Promise<ModelFile> {
    const { checked } = await import('./url.ts')
    return checked(url, digest, await this.#open({ url }))
  }

  async #open({ url, size }: RemoteFile): Promise<ModelFile> {
    if (url.startsWith('file:')) {
      const fs = builtin('node:fs/promises')
      if (fs) {
        const read = fs.readFile(new URL(url)).catch((cause: unknown) => {
          throw codeOf(cause) === 'ENOENT' ? missingFile(url, 'none', cause) : unreadable(url, reasonOf(cause), cause)
        })
        return inMemory(url, size, await read)
      }
    }
    const response = await this.#fetch(url).catch((cause: unknown) => {
      // A browser's extension has no 404: what is not there cannot be fetched.
      if (/^[a-z]+-extension:/.test(url)) throw missingFile(url, 'none in the extension', cause)
      throw unreadable(url, reasonOf(cause), cause)
    })
    const { status, ok, headers, body } = response
    // A server of one page answers with that page where it has no file.
    const isPage = headers.get('content-type')?.startsWith('text/html') ?? false
    if ([404, 410].includes(status) || (ok && isPage)) {
      await body?.cancel()
      throw missingFile(url, isPage ? 'a page of HTML' : `HTTP status ${status}`)
    }
    if (!ok) {
      await body?.cancel()
      throw unreadable(url, `HTTP status ${status}`)
    }
    const announced = lengthOf(headers)
    if (size !== undefined && announced !== undefined && announced !== size) {
      await body?.cancel()
      throw wrongSize(url, size, announced)
    }
    const known = size ?? announced
    if (known !== undefined && body) return new Arriving(url, known, body)
    const bytes = await response.arrayBuffer().catch((cause: unknown) => {
      throw unreadable(url, reasonOf(cause), cause)
    })
    return inMemory(url, size, new Uint8Array(bytes))
  }
}

async function inMemory(url: string, size: number | undefined, bytes: Uint8Array): Promise<ModelFile> {
  if (size !== undefined && size !== bytes.length) throw wrongSize(url, size, bytes.length)
  // Node's Buffer is a Uint8Array of its own kind.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  return sourceFromBytes({ [url]: plain }).open(url)
}

/** The address of a file in a folder; what stands after `?` stays, for it may be a signature. Undefined for what leads out of it. */
function addressOf(folder: string, name: string): string | undefined {
  if (name.split('/').some(part => ['', '.', '..'].includes(part))) return undefined
  const url = new URL(folder)
  try {
    const path = name.split('/').map(encodeURIComponent).join('/')
    url.pathname = `${url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`}${path}`
    return url.href
  } catch {
    return undefined // half of a surrogate pair
  }
}

function unreadable(url: string, found: string, cause?: unknown): SourceError {
  return new SourceError({
    code: 'SOURCE_FILE_UNREADABLE',
    subject: url,
    expected: 'a file that can be fetched',
    found,
    nextStep: CHECK_ADDRESS,
    cause,
  })
}

function wrongSize(url: string, expected: number, found: number): SourceError {
  return new SourceError({
    code: 'SOURCE_FILE_TRUNCATED',
    subject: url,
    expected: `${expected} bytes`,
    found: `${found}`,
    nextStep: 'The file is damaged or of another version: copy it again, and clear caches.',
  })
}
