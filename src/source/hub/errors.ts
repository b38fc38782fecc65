/** The errors of the hub's room: what a server, a network or a cache did, each with its code and what to do about it. */
import { SourceError } from '../../errors.ts'

type HubCode =
  /** No answer: no network, no such host, a connection that broke off, or silence for too long. */
  | 'SOURCE_HUB_UNREACHABLE'
  /** 408, 429 or 5xx: it may answer later. */
  | 'SOURCE_HUB_BUSY'
  /** 401 or 403. */
  | 'SOURCE_HUB_ACCESS'
  /** No such model or revision. */
  | 'SOURCE_HUB_NOT_FOUND'
  /** An answer that no hub would give, such as the login page of a network. */
  | 'SOURCE_HUB_ANSWER'
  /** A redirect that is not followed. */
  | 'SOURCE_HUB_REDIRECT'
  /** A file that came with another length than announced. */
  | 'SOURCE_HUB_SIZE'
  /** A file that came with another hash than announced. */
  | 'SOURCE_HUB_HASH'
  /** Neither in the cache, nor may or can it be fetched. */
  | 'SOURCE_HUB_NOT_CACHED'
  /** A model without the files that are read here. */
  | 'SOURCE_HUB_FILES'
  /** The cache cannot be written: a full disk, a read-only one, missing rights. */
  | 'SOURCE_CACHE_UNWRITABLE'
  /** Someone else removed what was being written. */
  | 'SOURCE_CACHE_CHANGED'

export class HubError extends SourceError {
  /** Milliseconds that the server asked to wait, if it did. */
  readonly retryAfter: number | undefined

  constructor(
    code: HubCode,
    subject: string,
    expected: string,
    found: string,
    nextStep: string,
    { cause, retryAfter }: { readonly cause?: unknown; readonly retryAfter?: number | undefined } = {},
  ) {
    super({ code, subject, expected, found, nextStep, ...(cause === undefined ? {} : { cause }) })
    this.name = 'SourceError'
    this.retryAfter = retryAfter
  }
}

export function unreachable(url: string, found: string, cause?: unknown): HubError {
  const nextStep =
    'Check the network and HF_ENDPOINT, or work from the cache with local_files_only or HF_HUB_OFFLINE=1.'
  return new HubError('SOURCE_HUB_UNREACHABLE', url, 'an answer', found, nextStep, { cause })
}

export function oddAnswer(url: string, expected: string, found: string): HubError {
  const nextStep =
    'Something between here and the hub may have answered (a login page, a proxy): open the address, check HF_ENDPOINT.'
  return new HubError('SOURCE_HUB_ANSWER', url, expected, found, nextStep)
}
