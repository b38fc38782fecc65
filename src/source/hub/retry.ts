/** Another try for what may succeed later: after a pause that doubles, with jitter, or after as long as the server asks for. */
import { backOff, retry } from '../patience.ts'
import { HubError } from './errors.ts'

const WORTH_ANOTHER: ReadonlySet<string> = new Set([
  'SOURCE_HUB_UNREACHABLE',
  'SOURCE_HUB_BUSY',
  'SOURCE_HUB_SIZE',
  'SOURCE_HUB_HASH',
  'SOURCE_CACHE_CHANGED',
])

/** Milliseconds. A server that wants more than this is not waited for: the error says so. */
const LONGEST_RETRY_AFTER = 120_000

export function mayPass(error: unknown): boolean {
  return error instanceof HubError && WORTH_ANOTHER.has(error.code)
}

export interface RetryOptions {
  readonly tries: number
  /** Milliseconds of the first pause. */
  readonly backoff: number
  /** Whether enough has been gained since the last failure to count anew. */
  readonly hasGained?: () => boolean
}

export function retrying<T>(attempt: () => Promise<T>, { tries, backoff, hasGained }: RetryOptions): Promise<T> {
  let failures = 0
  return retry(attempt, error => {
    failures = hasGained?.() ? 1 : failures + 1
    const { retryAfter = 0 } = error instanceof HubError ? error : {}
    if (!mayPass(error) || failures >= tries || retryAfter > LONGEST_RETRY_AFTER) return undefined
    return Math.max(retryAfter, backOff(backoff, failures))
  })
}
