/**
 * Requests to the hub: redirects by hand, because a token must not travel with them; a time limit on silence; and every status
 * other than success as an error that says what it means.
 */
import { joined, reasonOf, show } from '../../values.ts'
import { silenceLimit } from '../patience.ts'
import { HubError, oddAnswer, unreachable } from './errors.ts'

/** How the hub is asked. Times in milliseconds. */
export interface Hub {
  /** `https://huggingface.co`, without a slash at its end. */
  readonly endpoint: string
  /** Sent to the endpoint's origin alone. */
  readonly token: string | undefined
  readonly fetch: (url: string, request: HubRequest) => Promise<HubResponse>
  /**
   * Whether this is a page. It cannot look at a redirect, follows it unseen, and drops the token on the way to another origin; it
   * may set few headers, and sees few of another origin's.
   */
  readonly isInPage: boolean
  /** Without an answer for so long, a question about a file has failed. */
  readonly etagTimeout: number
  /** Without a byte for so long, a download has failed. */
  readonly downloadTimeout: number
  /** The first pause before another try; each further one is twice as long, up to 10 s. */
  readonly backoff: number
}

/** Of a request, what fetch takes and is set here. */
export interface HubRequest extends Pick<RequestInit, 'credentials' | 'redirect' | 'cache'> {
  readonly method: 'HEAD' | 'GET'
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** Of the Response of fetch, what is read here. */
export interface HubResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: {
    getReader(): { read(): Promise<{ readonly value?: Uint8Array | undefined }> }
    cancel(): Promise<void>
  } | null
  /** After redirects; empty if that is not known. */
  readonly url: string
}

export interface Reply {
  readonly url: string
  readonly response: HubResponse
  /** Starts the time limit anew: bytes have come. */
  readonly alive: () => void
  /** Lets go of the connection and of the timer. */
  readonly end: () => Promise<void>
}

const MOST_REDIRECTS = 5

interface Request {
  readonly method: 'HEAD' | 'GET'
  readonly headers?: Readonly<Record<string, string>>
  readonly timeout: number
  /** Whether a redirect is the answer that was wanted. */
  readonly isAnswer?: (response: HubResponse) => boolean
}

/**
 * Sends one request and follows its redirects: at most five, to https, or within a loopback endpoint's machine to http. In a page
 * the browser follows them, by its own rules.
 *
 * @throws HubError `SOURCE_HUB_UNREACHABLE`, `SOURCE_HUB_REDIRECT`
 */
export async function send(hub: Hub, address: string, request: Request): Promise<Reply> {
  let url = new URL(address)
  for (let redirects = 0; ; redirects++) {
    const reply = await sendOnce(hub, url, request)
    const { status, headers } = reply.response
    const location = headers.get('location')
    const isRedirect = status >= 300 && status < 400 && status !== 304 && location !== null
    if (!isRedirect || request.isAnswer?.(reply.response)) return reply
    await reply.end()
    if (redirects === MOST_REDIRECTS) throw badRedirect(address, `at most ${MOST_REDIRECTS} redirects`, 'more')
    url = follow(hub, url, location)
  }
}

async function sendOnce(hub: Hub, url: URL, { method, headers, timeout }: Request): Promise<Reply> {
  const { controller, alive, stop } = silenceLimit(timeout)
  const { signal } = controller
  let response: HubResponse
  try {
    response = await hub.fetch(url.href, {
      method,
      credentials: 'omit',
      signal,
      ...(hub.isInPage ? IN_PAGE : ELSEWHERE),
      headers: { ...(hub.isInPage ? {} : ELSEWHERE.headers), ...tokenFor(hub, url), ...headers },
    })
  } catch (cause) {
    stop()
    throw unreachable(shown(url), silence(signal, timeout) ?? reasonOf(cause), cause)
  }
  if (typeof (response as Partial<HubResponse> | undefined)?.headers?.get !== 'function') {
    stop()
    throw oddAnswer(shown(url), 'a Response from the `fetch` that was passed', show(response))
  }
  const end = async () => {
    stop()
    await response.body?.cancel().catch(() => controller.abort()) // one that was begun cannot be cancelled
  }
  return { url: hub.isInPage && response.url !== '' ? response.url : url.href, response, alive, end }
}

/** The browser's own cache would keep the weights a second time, and answer for a branch with what it was. */
const IN_PAGE = { redirect: 'follow', cache: 'no-store' } as const
/** Compressed on the way, a file would have another length. */
const ELSEWHERE = {
  redirect: 'manual',
  headers: { 'accept-encoding': 'identity', 'user-agent': 'bert-ner' },
} as const

/**
 * Reads a whole body, of at most `most` bytes.
 *
 * @throws HubError `SOURCE_HUB_UNREACHABLE`, `SOURCE_HUB_ANSWER`
 */
export async function readBody({ url, response, alive }: Reply, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = response.body?.getReader()
  while (reader) {
    const { value: bytes } = await reader.read().catch((cause: unknown) => {
      throw unreachable(shown(new URL(url)), `a connection that broke off (${reasonOf(cause)})`, cause)
    })
    if (bytes === undefined) break
    alive()
    chunks.push(bytes)
    size += bytes.byteLength
    if (size > most) throw oddAnswer(shown(new URL(url)), `at most ${most} bytes`, 'more')
  }
  return joined(chunks, size)
}

/** A timer that ran out, in words. */
export function silence(signal: AbortSignal, timeout: number): string | undefined {
  return signal.aborted ? `silence for ${timeout / 1000} s` : undefined
}

function tokenFor({ endpoint, token }: Hub, url: URL): Record<string, string> {
  return token !== undefined && url.origin === new URL(endpoint).origin ? { authorization: `Bearer ${token}` } : {}
}

function follow({ endpoint }: Hub, from: URL, location: string): URL {
  let to: URL
  try {
    to = new URL(location, from)
  } catch {
    throw badRedirect(shown(from), 'a redirect to an address', 'something else')
  }
  const home = new URL(endpoint)
  const isSafe = to.protocol === 'https:' || (to.protocol === 'http:' && isLoopback(home) && isLoopback(to))
  const isOwn = home.protocol === 'http:' && to.origin === home.origin // whoever chose http has it
  if (isSafe || isOwn) return to
  throw badRedirect(shown(from), 'a redirect to https', `one to ${to.protocol}`)
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/** An address without its query, which may hold a signature that opens the file to whoever reads a log. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}`
}

function badRedirect(url: string, expected: string, found: string): HubError {
  const nextStep = 'Check HF_ENDPOINT, and what stands between here and the hub.'
  return new HubError('SOURCE_HUB_REDIRECT', url, expected, found, nextStep)
}

/** The error for a status that is no success. `subject`: the model, the revision or the file that was asked for. */
export function statusError({ url, response }: Reply, subject: string): HubError {
  const { status, headers } = response
  const found = `status ${status}`
  const address = shown(new URL(url))
  if (status === 401 || status === 403) {
    const isGated = headers.get('x-error-code') === 'GatedRepo'
    const nextStep = isGated
      ? 'Accept its terms on the page of the model, and pass a token of that account (token, or HF_TOKEN).'
      : 'Check the name; if the model is private or gated, pass a token that may read it (token, or HF_TOKEN).'
    return new HubError('SOURCE_HUB_ACCESS', subject, 'a model that may be read', found, nextStep)
  }
  if (status === 404 || status === 410) {
    const isRevision = headers.get('x-error-code') === 'RevisionNotFound'
    const expected = isRevision ? 'a revision that exists' : 'a model that exists'
    const nextStep = isRevision
      ? 'Look at the branches, tags and commits of the model on the hub.'
      : 'Check owner and name, and HF_ENDPOINT if it is set.'
    return new HubError('SOURCE_HUB_NOT_FOUND', subject, expected, found, nextStep)
  }
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfter = retryAfterOf(headers.get('retry-after'))
    const nextStep = status === 429 ? 'Wait a while; a token raises the limit (HF_TOKEN).' : 'Try again later.'
    return new HubError('SOURCE_HUB_BUSY', address, 'an answer', found, nextStep, { retryAfter })
  }
  return oddAnswer(address, 'a file', found)
}

/** Seconds, or a date; in milliseconds. */
function retryAfterOf(text: string | null): number | undefined {
  if (text === null) return undefined
  const wait = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined
}
