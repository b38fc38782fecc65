/** The options of the service, checked, and its limits with their defaults. */
import { checkNames, wrong, type Known } from '../ner/options.ts'

/** One answered request, for a log. It holds sizes and times, and never a text. */
export interface LogEntry {
  readonly id: string
  /** The route as /openapi.json lists it, or `none`. */
  readonly route: string
  readonly method: string
  readonly status: number
  /** The code of the error, if there was one. */
  readonly code?: string
  /** Milliseconds from the arrival of the request to its answer. */
  readonly ms: number
  /** Milliseconds in the queue. */
  readonly queueMs?: number
  /** Bytes of the body. */
  readonly bytes: number
  readonly texts: number
  /** Packed tokens, special tokens included. */
  readonly tokens: number
  /** Where an unexpected error came from: its name and its frames, without its message. */
  readonly stack?: string
}

export interface ServeOptions {
  /** The most bytes of a body. Default 2,000,000. */
  readonly bodyLimit?: number
  /** The most packed tokens that wait. Default 65,536. */
  readonly queueTokens?: number
  /** The most packed tokens of one forward pass. Default 512. */
  readonly batchTokens?: number
  /** Seconds from the arrival of a request to its answer. Default 30. */
  readonly deadline?: number
  /** Every request but /health and /ready must then carry `Authorization: Bearer …`. */
  readonly token?: string
  /** What /info says of the model: its name, the SHA-256 of its weights, the arithmetic that was asked for. */
  readonly model?: { readonly name?: string; readonly sha256?: string; readonly dtype?: string }
  /** Names the client of a request, whose requests take turns with those of others. Default: each request is its own client. */
  readonly client?: (request: Request, ...rest: readonly unknown[]) => string | undefined
  /** Is told of each answered request. */
  readonly log?: (entry: LogEntry) => void
  /** Metrics in Prometheus' text format to add to those of the service, such as those of the process. */
  readonly metrics?: () => string | Promise<string>
}

export interface Limits {
  readonly bodyLimit: number
  readonly queueTokens: number
  readonly batchTokens: number
  readonly deadline: number
}

export const DEFAULT_LIMITS: Limits = { bodyLimit: 2_000_000, queueTokens: 65_536, batchTokens: 512, deadline: 30 }

const whole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1
const isFunction = (value: unknown) => typeof value === 'function'
const WHOLE = ['a whole number, 1 or more', whole] as const

const OPTIONS: Known<ServeOptions> = {
  bodyLimit: WHOLE,
  queueTokens: WHOLE,
  batchTokens: WHOLE,
  deadline: ['seconds, from 0.1 to 3,600', value => typeof value === 'number' && value >= 0.1 && value <= 3600],
  token: ['', () => true], // checked apart: messages show values, and this one is a secret
  model: ['an object', value => typeof value === 'object' && value !== null],
  client: ['a function', isFunction],
  log: ['a function', isFunction],
  metrics: ['a function', isFunction],
}

/** @throws OptionError `OPTION_UNKNOWN` or `OPTION_VALUE` */
export function checkServeOptions(options: ServeOptions): ServeOptions & Limits {
  const given = checkNames(options, OPTIONS)
  const { token } = given
  if (token !== undefined && (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))) {
    throw wrong('token', 'a string of visible ASCII characters', 'another value', 'Choose one as long as a password.')
  }
  return { ...DEFAULT_LIMITS, ...given }
}
