/**
 * Files of a model that are fetched by their addresses: in pages and workers by HTTP, in Node also from a `file:` address. A file can
 * be read while it arrives: whoever asks for bytes waits for these alone.
 */
import { OptionError, SourceError } from '../errors.ts'
import { builtin } from '../platform.ts'
import { codeOf, guarded, show, tagOf, UNREADABLE } from '../values.ts'
import { Arriving } from './arriving.ts'
import { missingFile, sourceFromBytes, type ModelFile, type ModelSource } from './source.ts'

export interface FetchOptions {
  /** Makes the requests. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
}

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
}

/**
 * Makes a source of the files below an address: `sourceFromUrl('/models/mine/')`. Relative to the page, and each is fetched when it is
 * needed.
 *
 * @throws OptionError `OPTION_VALUE` for what is no address, or a `fetch` that is no function
 */
export function sourceFromUrl(base: string | URL, options: FetchOptions = {}): ModelSource {
  const wrong = (found: string) =>
    optionError(
      'base',
      'an http(s) or file address of a folder, or a path on this page',
      found,
      "Pass '/models/mine/'.",
    )
  return guarded(
    () => {
      if (typeof base !== 'string' && tagOf(base) !== 'URL') throw wrong(show(base))
      const folder = absolute(String(base))
      if (!folder) throw wrong(show(String(base)))
      return new FetchedSource({ base: folder.endsWith('/') ? folder : `${folder}/` }, options)
    },
    () => wrong(UNREADABLE),
  )
}

function absolute(base: string): string | undefined {
  const { location } = globalThis as { location?: { href?: string } }
  const page = location?.href?.startsWith('http') ? location.href : undefined
  if (!URL.canParse(base, page)) return undefined
  const url = new URL(base, page)
  return ['http:', 'https:', 'file:', 'blob:', 'data:'].includes(url.protocol) || url.protocol.endsWith('-extension:')
    ? url.href
    : undefined
}

/** A model whose files are fetched. */
export class FetchedSource implements ModelSource {
  /** The same model for another thread; undefined if it takes a `fetch` of the caller's, which cannot go there. */
  readonly remote: RemoteModel | undefined
  readonly #model: RemoteModel
  readonly #fetch: typeof fetch

  /** @throws OptionError `OPTION_VALUE` for options that are none */
  constructor(model: RemoteModel, options: FetchOptions = {}) {
    this.#model = model
    const given = checkOptions(options)
    this.#fetch = given ?? ((...request) => fetch(...request))
    this.remote = given ? undefined : model
  }

  open(name: string): Promise<ModelFile> {
    const { files = {}, base } = this.#model
    const file = typeof (name as unknown) === 'string' && Object.hasOwn(files, name) ? files[name] : undefined
    if (file && 'url' in file) return this.#open(file)
    if (file) return sourceFromBytes({ [name]: file }).open(name)
    if (base !== undefined && typeof (name as unknown) === 'string')
      return this.#open({ url: new URL(name, base).href })
    return Promise.reject(missingFile(show(name), Object.keys(files).join(', ') || 'no name'))
  }

  async #open({ url, size }: RemoteFile): Promise<ModelFile> {
    if (url.startsWith('file:')) {
      const fs = builtin('node:fs/promises')
      if (fs) {
        const read = fs.readFile(new URL(url)).catch((cause: unknown) => {
          throw codeOf(cause) === 'ENOENT' ? missingFile(url, 'none', cause) : unreadable(url, reason(cause), cause)
        })
        return inMemory(url, size, await read)
      }
    }
    const response = await this.#fetch(url).catch((cause: unknown) => {
      // A browser's extension has no 404: what is not there cannot be fetched.
      if (/^[a-z]+-extension:/.test(url)) throw missingFile(url, 'none in the extension', cause)
      throw unreadable(url, reason(cause), cause)
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
      throw unreadable(url, reason(cause), cause)
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

/** The length of the file itself; a body that is compressed on its way has another. */
function lengthOf(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  return length === null || headers.has('content-encoding') || !/^\d{1,15}$/.test(length) ? undefined : Number(length)
}

function checkOptions(options: unknown): typeof fetch | undefined {
  const wrong = (found: string) => optionError('options', '{ fetch }, a function', found, 'Leave them out.')
  return guarded(
    () => {
      if (typeof options !== 'object' || options === null) throw wrong(show(options))
      const unknown = Object.keys(options).find(name => name !== 'fetch')
      if (unknown !== undefined) throw wrong(show(unknown))
      const { fetch } = options as FetchOptions
      if (fetch !== undefined && typeof fetch !== 'function') throw wrong(show(fetch))
      return fetch
    },
    () => wrong(UNREADABLE),
  )
}

function optionError(subject: string, expected: string, found: string, nextStep: string): OptionError {
  return new OptionError({ code: 'OPTION_VALUE', subject, expected, found, nextStep })
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function unreadable(url: string, found: string, cause?: unknown): SourceError {
  return new SourceError({
    code: 'SOURCE_FILE_UNREADABLE',
    subject: url,
    expected: 'a file that can be fetched',
    found,
    nextStep: "Check the address, and that the server and the page's policies (CORS, connect-src) allow it.",
    cause,
  })
}

function wrongSize(url: string, expected: number, found: number): SourceError {
  return new SourceError({
    code: 'SOURCE_FILE_TRUNCATED',
    subject: url,
    expected: `${expected} bytes`,
    found: `${found}`,
    nextStep: 'The file is damaged or of another version: copy it again, and clear caches on its way.',
  })
}
