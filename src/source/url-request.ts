/** One request for a file on a static server, with a time limit on silence, and its answer. */
import { SourceError } from '../errors.ts'
import { reasonOf, show } from '../values.ts'
import { isAsIs, lengthOf } from './arriving.ts'
import { backOff, retry, silenceLimit } from './patience.ts'
import { CHECK_ADDRESS, missingFile } from './source.ts'

interface Asked {
  readonly url: string
  readonly fetch: typeof fetch
  readonly headers: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  /** Of Content-Range, if there is one and a page is shown it. */
  readonly range: { readonly start: number; readonly total: number } | undefined
  /** Whether nothing was compressed, as far as a page is told. */
  readonly isAsIs: boolean
  readonly isHtml: boolean
  /** Bytes of the body, if the server says so and it is as it is. */
  readonly length: number | undefined
  /** By which two answers are of one state of the file: a strong ETag, or the time of its last change. */
  readonly validator: string | undefined
  /** The body, which has to be of this length. */
  read(length: number): Promise<Uint8Array>
  /** The body, piece by piece. */
  receive(take: (bytes: Uint8Array) => void): Promise<void>
  /** The same as a stream. */
  stream(): ReadableStream<Uint8Array>
  /** Lets go of the connection. */
  end(): Promise<void>
}

const TRIES = 3
/** Milliseconds: the first pause before another try, and without a byte for so long, a request has failed. */
const PAUSE = 500
const TIMEOUT = 10_000

/** An error after which another try may succeed. */
class Passing extends SourceError {
  override name = 'SourceError'
}

export function retried<T>(attempt: () => Promise<T>): Promise<T> {
  return retry(attempt, (error, failures) =>
    error instanceof Passing && failures < TRIES ? backOff(PAUSE, failures) : undefined,
  )
}

/**
 * Asks for a file, or for `length` bytes of it from `start` on. The answer may be another than was asked for; its status is 200,
 * 206 or 416.
 *
 * @throws SourceError `SOURCE_FILE_MISSING`, `SOURCE_FILE_UNREADABLE`
 */
export async function ask(
  { fetch, headers, url }: Asked,
  part?: readonly [start: number, length: number],
): Promise<Answer> {
  const address = shown(url)
  const sent = new Headers(headers)
  // Fetch itself asks for no compression then.
  if (part) sent.set('range', `bytes=${part[0]}-${part[0] + part[1] - 1}`)
  const { controller, alive, stop } = silenceLimit(TIMEOUT)
  const { signal } = controller
  const fail = (cause: unknown): never => {
    stop()
    throw unreachable(address, signal.aborted, cause)
  }
  const request = async () => fetch(url, { headers: sent, signal }) // the caller's may throw at once
  const response = await request().catch(fail)
  if (typeof (response as Partial<Response> | undefined)?.headers?.get !== 'function') {
    stop()
    throw noResponse(address, response)
  }
  const reader = response.body?.getReader()
  const end = async () => {
    stop()
    await reader?.cancel().catch(() => undefined)
  }
  const next = async () => {
    const chunk = await reader?.read().catch(fail)
    if (chunk?.value) alive()
    return chunk?.value
  }
  /** → how many bytes came. `at`: how many before these. */
  const receive = async (take: (bytes: Uint8Array, at: number) => void) => {
    let size = 0
    try {
      for (let bytes = await next(); bytes; bytes = await next()) {
        take(bytes, size)
        size += bytes.byteLength
      }
    } finally {
      await end()
    }
    return size
  }
  const { status } = response
  if (![200, 206, 416].includes(status)) {
    await end()
    throw badStatus(address, status)
  }
  const described = describe(response, part !== undefined)
  return {
    status,
    ...described,
    end,
    stream: () =>
      new ReadableStream<Uint8Array>(
        {
          async pull(stream) {
            const bytes = await next()
            if (bytes) stream.enqueue(bytes)
            else {
              await end()
              stream.close()
            }
          },
          cancel: end,
        },
        { highWaterMark: 0 },
      ),
    async receive(take) {
      const { length = 0 } = described
      const size = await receive(take)
      if (size < length) throw truncated(address, length, size)
    },
    async read(wanted) {
      const bytes = new Uint8Array(wanted)
      const size = await receive((more, at) => {
        if (at + more.byteLength <= wanted) bytes.set(more, at)
      })
      if (size !== wanted) throw truncated(address, wanted, size)
      return bytes
    },
  }
}

function describe({ headers, type }: Response, isPart: boolean) {
  const [, start, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(headers.get('content-range') ?? '') ?? []
  const etag = headers.get('etag')
  return {
    range: total === undefined ? undefined : { start: Number(start), total: Number(total) },
    isAsIs: isAsIs(headers),
    isHtml: headers.get('content-type')?.startsWith('text/html') ?? false,
    validator: (etag?.startsWith('W/') ? undefined : etag) ?? headers.get('last-modified') ?? undefined,
    // A page is not shown that another origin compressed the body, and whose length it then is; a range is never asked for so.
    length: isPart || type !== 'cors' ? lengthOf(headers) : undefined,
  }
}

/** An address without its query, which may hold a signature that opens the file to whoever reads a log. */
export function shown(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? ''
}

/** What came is no part of the file as it was. */
export function changed(url: string, status: number): SourceError {
  const nextStep = 'It changed meanwhile: load it again, or pass its sha256 to fetch it whole.'
  const [expected, found] = ['a part of the same file', `status ${status}, another state`]
  return new Passing({ code: 'SOURCE_FILE_CHANGED', subject: shown(url), expected, found, nextStep })
}

function noResponse(url: string, found: unknown): SourceError {
  const nextStep = 'Correct the function that was passed as `fetch`.'
  return new SourceError({ code: 'SOURCE_INVALID', subject: url, expected: 'a Response from fetch', found: show(found), nextStep }) // prettier-ignore
}

function badStatus(url: string, status: number): SourceError {
  if (status === 404 || status === 410) return missingFile(url, `status ${status}`)
  const nextStep =
    status === 401 || status === 403 ? 'Pass what it wants in `headers`.' : 'Open the address to see what it says.'
  const details = { code: 'SOURCE_FILE_UNREADABLE', subject: url, expected: 'a file', found: `status ${status}`, nextStep } as const // prettier-ignore
  return status === 408 || status === 429 || status >= 500 ? new Passing(details) : new SourceError(details)
}

function unreachable(url: string, isSilent: boolean, cause: unknown): SourceError {
  const found = isSilent ? `silence for ${TIMEOUT / 1000} s` : reasonOf(cause)
  return new Passing({
    code: 'SOURCE_FILE_UNREADABLE',
    subject: url,
    expected: 'an answer',
    found,
    nextStep: CHECK_ADDRESS,
    cause,
  })
}

function truncated(url: string, length: number, size: number): SourceError {
  const nextStep = 'It was cut on its way: load it again.'
  const [expected, found] = [`${length} bytes`, `${size}`]
  return new Passing({ code: 'SOURCE_FILE_TRUNCATED', subject: url, expected, found, nextStep })
}
