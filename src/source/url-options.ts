/** The options of sources that are fetched, checked. */
import { OptionError } from '../errors.ts'
import { guarded, show, tagOf, UNREADABLE } from '../values.ts'

export interface FetchOptions {
  /** Makes the requests. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
}

export interface UrlOptions extends FetchOptions {
  /** The SHA-256 of files by name, in hexadecimal. Such a file is fetched whole and checked before a byte of it is used. */
  readonly sha256?: Readonly<Record<string, string>>
  /** Sent with each request, for instance `authorization`, which fetch drops where a redirect leads to another origin. */
  readonly headers?: Readonly<Record<string, string>>
}

/** @throws OptionError `OPTION_VALUE` */
export function checkUrlOptions(options: unknown): UrlOptions {
  return guarded(
    () => {
      const given = entriesOf('options', options)
      for (const [name] of given) {
        if (!['fetch', 'sha256', 'headers'].includes(name)) throw wrong('options', 'fetch, sha256, headers', show(name))
      }
      const { fetch, sha256 = {}, headers = {} } = Object.fromEntries(given)
      if (fetch !== undefined && typeof fetch !== 'function') throw wrong('fetch', 'a function', show(fetch))
      return {
        ...(fetch === undefined ? {} : { fetch: fetch as UrlOptions['fetch'] & object }),
        sha256: Object.fromEntries(entriesOf('sha256', sha256).map(checkDigest)),
        headers: Object.fromEntries(entriesOf('headers', headers).map(checkHeader)),
      }
    },
    () => wrong('options', '{ fetch, sha256, headers }', UNREADABLE),
  )
}

function checkDigest([name, digest]: [string, unknown]): [string, string] {
  if (typeof digest === 'string' && /^[0-9a-f]{64}$/i.test(digest)) return [name, digest.toLowerCase()]
  throw wrong(`sha256 of ${show(name)}`, '64 hexadecimal digits', show(digest))
}

/** The value may be a secret, and is not shown. */
function checkHeader([name, value]: [string, unknown]): [string, string] {
  const fail = () => wrong(`header ${show(name)}`, 'a name and a value that a request can have', 'others')
  return guarded(() => {
    if (typeof value !== 'string') throw fail()
    new Headers([[name, value]])
    return [name, value]
  }, fail)
}

function entriesOf(subject: string, value: unknown): [string, unknown][] {
  if (tagOf(value) !== 'Object') throw wrong(subject, 'an object', show(value))
  return Object.entries(value as object).filter(([, each]) => each !== undefined)
}

export function wrong(
  subject: string,
  expected: string,
  found: string,
  nextStep = 'Correct it, or leave it out.',
): OptionError {
  return new OptionError({ code: 'OPTION_VALUE', subject, expected, found, nextStep })
}
