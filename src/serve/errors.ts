/** The errors of the service, each with its HTTP status. A message may show a value of the request: it is for its client alone. */
import { BertNerError, ServeError } from '../errors.ts'
import { codeOf } from '../values.ts'

/** A client that went away before its answer. No client sees this status; logs and metrics do. */
export const GONE = 499

const STATUS = {
  SERVE_BODY: 400,
  SERVE_TOKEN: 401,
  SERVE_ROUTE: 404,
  SERVE_METHOD: 405,
  SERVE_BODY_LATE: 408,
  SERVE_BODY_SIZE: 413,
  SERVE_TOKENS: 413,
  SERVE_MEDIA_TYPE: 415,
  SERVE_LANGUAGE: 422,
  SERVE_ENTITIES: 422,
  SERVE_UNSUPPORTED: 422,
  SERVE_ANONYMIZE: 422,
  SERVE_BUSY: 429,
  SERVE_GONE: GONE,
  SERVE_DEADLINE: 504,
} as const

export type ServeCode = keyof typeof STATUS

/** Seconds after which a client that was refused may ask again, by the error that refused it. */
const RETRY_AFTER = new WeakMap<ServeError, number>()

export function serveError(
  code: ServeCode,
  subject: string,
  expected: string,
  found: string,
  nextStep: string,
): ServeError {
  return new ServeError({ code, subject, expected, found, nextStep })
}

/** The error of a service with no room. Its status is 429, since some clients repeat a request at once on 503. */
export function busy(found: string, seconds: number): ServeError {
  const error = serveError('SERVE_BUSY', 'this service', 'room for one more request', found, 'Ask again later.')
  RETRY_AFTER.set(error, Math.max(1, Math.ceil(seconds)))
  return error
}

export function gone(): ServeError {
  return serveError('SERVE_GONE', 'the client', 'one that waits for its answer', 'none', 'Ask again.')
}

export function late(seconds: number): ServeError {
  const expected = `an answer within ${seconds} seconds`
  return serveError('SERVE_DEADLINE', 'this request', expected, 'none in time', 'Ask again, or send a shorter text.')
}

export interface Failure {
  readonly status: number
  readonly body: { readonly error: string; readonly code: string }
  readonly retryAfter: number | undefined
  /** Whether this was not the client's doing. */
  readonly isOurs: boolean
}

/** The answer to a request that failed with `error`. An error that no client can act on keeps its message to itself. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error)
  const status = statusOf(error, code)
  const isOurs = status === 500
  const message = isOurs ? 'The service failed. Its log has this request.' : (error as Error).message
  return {
    status,
    body: { error: message, code: error instanceof BertNerError && code !== undefined ? code : 'SERVE_FAILED' },
    retryAfter: error instanceof ServeError ? RETRY_AFTER.get(error) : undefined,
    isOurs,
  }
}

function statusOf(error: unknown, code = ''): number {
  if (!(error instanceof BertNerError)) return 500
  if (Object.hasOwn(STATUS, code)) return STATUS[code as ServeCode]
  if (code === 'OPTION_TEXT_TOO_LONG') return 413
  return /^(OPTION|REDACT)_/.test(code) ? 400 : 500
}
