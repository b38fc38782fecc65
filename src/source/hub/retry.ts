/** Another try for what may succeed later: after a pause that doubles, with jitter, or after as long as the server asks for. */
import { HubError } from './errors.ts'

const WORTH_ANOTHER: ReadonlySet<string> = new Set([
  'SOURCE_HUB_UNREACHABLE',
  'SOURCE_HUB_BUSY',
  'SOURCE_HUB_SIZE',
  'SOURCE_HUB_HASH',
  'SOURCE_CACHE_CHANGED',
])

/** Milliseconds. */
const LONGEST_PAUSE = 10_000
/** A server that wants more than this is not waited for: the error says so. */
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

export async function retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  let failures = 0
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      failures = options.hasGained?.() ? 1 : failures + 1
      const { retryAfter = 0 } = error instanceof HubError ? error : {}
      if (!mayPass(error) || failures >= options.tries || retryAfter > LONGEST_RETRY_AFTER) throw error
      const pause = Math.min(LONGEST_PAUSE, options.backoff * 2 ** (failures - 1))
      // Jitter: processes that failed together must not come back together.
      await sleep(Math.max(retryAfter, pause * (0.5 + Math.random() / 2)))
    }
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}
