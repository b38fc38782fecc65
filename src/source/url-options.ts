/** The address and the options of {@link sourceFromUrl}, checked. */
import { SourceError } from '../errors.ts'
import { show, tagOf } from '../values.ts'

export interface UrlOptions {
  /** In place of the global one. */
  readonly fetch?: typeof fetch
  /** The SHA-256 of files by name, in hexadecimal. Such a file is fetched whole and checked before a byte of it is used. */
  readonly sha256?: Readonly<Record<string, string>>
  /** Sent with each request, for instance `authorization`, which fetch drops where a redirect leads to another origin. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface CheckedUrlOptions {
  readonly fetch: typeof fetch
  readonly sha256: ReadonlyMap<string, string>
  readonly headers: Headers
}

/** The folder's address, with a slash at its end. */
export function baseOf(base: unknown): URL {
  const isText = typeof base === 'string' && base !== ''
  let url: URL | undefined
  try {
    const { document } = globalThis as { readonly document?: { readonly baseURI: string } }
    if (isText || tagOf(base) === 'URL') url = new URL(String(base), document?.baseURI)
  } catch {
    // reported below
  }
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
    const nextStep = 'Name the folder that the files lie in: sourceFromUrl("https://example.org/model/").'
    throw invalid('base', 'the http or https address of a folder', show(base), nextStep)
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

export function checkUrlOptions(options: UrlOptions): CheckedUrlOptions {
  const nextStep = 'Correct it, or leave it out.'
  const given = entriesOf('options', options)
  for (const name of given.keys()) {
    if (!['fetch', 'sha256', 'headers'].includes(name)) {
      throw invalid(`option ${show(name)}`, 'one of fetch, sha256, headers', 'another name', nextStep)
    }
  }
  // A browser's own works only as a method of its window.
  const call = given.get('fetch') ?? ((...request: Parameters<typeof fetch>) => globalThis.fetch(...request))
  if (typeof call !== 'function') throw invalid('fetch', 'a function', show(call), nextStep)
  const sha256 = entriesOf('sha256', given.get('sha256') ?? {})
  for (const [name, digest] of sha256) {
    const isDigest = typeof digest === 'string' && /^[0-9a-f]{64}$/i.test(digest)
    if (!isDigest) throw invalid(`sha256 of ${show(name)}`, '64 hexadecimal digits', show(digest), nextStep)
  }
  const headers = new Headers()
  for (const [name, value] of entriesOf('headers', given.get('headers') ?? {})) {
    try {
      headers.set(name, value as string)
    } catch {
      // The value may be a secret.
      throw invalid(`header ${show(name)}`, 'a name and a value that a request can have', 'others', nextStep)
    }
  }
  return {
    fetch: call as typeof fetch,
    sha256: new Map(Array.from(sha256, ([name, digest]) => [name, String(digest).toLowerCase()])),
    headers,
  }
}

function entriesOf(name: string, value: unknown): Map<string, unknown> {
  try {
    if (tagOf(value) === 'Object') {
      return new Map(Object.entries(value as object).filter(([, each]) => each !== undefined))
    }
  } catch {
    // reported below
  }
  throw invalid(name, 'an object', show(value), 'Pass { name: value }.')
}

function invalid(subject: string, expected: string, found: string, nextStep: string): SourceError {
  return new SourceError({ code: 'SOURCE_INVALID', subject, expected, found, nextStep })
}
