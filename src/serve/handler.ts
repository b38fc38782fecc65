/**
 * The service: one function from a Request to a Response, for Node, Deno, Bun and workerd alike.
 *
 *     Request ─ token ─ route ─ body ─► texts ─ queue ─► entities ─► Response
 *
 * Every request gets an answer with an X-Request-Id. Logs and metrics see sizes, times, routes and codes, and never a text.
 */
import { OptionError } from '../errors.ts'
import type { NerPipeline } from '../ner/pipeline.ts'
import { partsOf, type PipelineParts } from '../ner/pipeline.ts'
import type { AggregationStrategy } from '../ner/entity.ts'
import { kindOf } from '../values.ts'
import { analyzing } from './analyze.ts'
import { anonymizing } from './anonymize.ts'
import { readBody } from './body.ts'
import { busy, failureOf, serveError } from './errors.ts'
import { Metrics } from './metrics.ts'
import { openapi } from './openapi.ts'
import { checkServeOptions, type Limits, type LogEntry, type ServeOptions } from './options.ts'
import { Queue } from './queue.ts'
import { redaction, restoring } from './redaction.ts'
import { Spacing } from './spacing.ts'
import { tagging, type Find } from './tagging.ts'
import { Hono, timingSafeEqual } from './vendor/hono.ts'

export type ServedPipeline = NerPipeline<AggregationStrategy>

export interface Handler {
  /** Answers a request; never rejects. Further arguments, which some runtimes pass, go to `options.client`. */
  (request: Request, ...rest: readonly unknown[]): Promise<Response>
  /** Takes nothing new from now on, and resolves when all that was taken is answered. */
  drain(): Promise<void>
}

/** What is known of one request. */
interface Call {
  readonly id: string
  readonly client: unknown
  readonly start: number
  readonly until: number
  readonly seen: { texts: number; tokens: number; queueMs?: number }
  route: string
  bytes: number
}

/** Bodies that may be read and answered at once, in lengths of the longest: what many clients send together must fit into memory. */
const BODIES = 32

const TAGGING_ROUTES = ['/', '/models/*', '/pipeline/token-classification']

/** Serves a pipeline; a promise of one while it is loading. */
export function createHandler(ner: ServedPipeline | PromiseLike<ServedPipeline>, options: ServeOptions = {}): Handler {
  const service = new Service(ner, checkServeOptions(options))
  return Object.assign((request: Request, ...rest: readonly unknown[]) => service.answer(request, rest), {
    drain: () => service.drain(),
  })
}

type Answer = (fields: Record<string, unknown>, find: Find, loaded: Loaded) => unknown

interface Loaded {
  readonly ner: ServedPipeline
  readonly parts: PipelineParts
  readonly queue: Queue
}

class Service {
  readonly #options: ServeOptions & Limits
  readonly #metrics = new Metrics(() => this.#loaded?.queue.waiting ?? 0)
  readonly #app = new Hono<{ Bindings: Call }>()
  readonly #spacing = new Spacing()
  #loaded: Loaded | undefined
  #loadFailure: unknown
  #isDraining = false
  /** Requests that are being answered. */
  #active = 0
  /** Bytes of the bodies that are being read or answered. */
  #held = 0
  #onIdle: (() => void) | undefined

  constructor(ner: ServedPipeline | PromiseLike<ServedPipeline>, options: ServeOptions & Limits) {
    this.#options = options
    if ('then' in ner) {
      ner.then(
        loaded => (this.#loaded = this.#load(loaded)),
        (error: unknown) => (this.#loadFailure = error ?? new Error('not loaded')),
      )
    } else {
      this.#loaded = this.#load(ner)
    }
    this.#addRoutes()
  }

  #load(ner: ServedPipeline): Loaded {
    const parts = partsOf(ner)
    if (!parts) throw notAPipeline(ner)
    return { ner, parts, queue: new Queue(parts, this.#options, this.#metrics) }
  }

  async answer(request: Request, rest: readonly unknown[]): Promise<Response> {
    const start = performance.now()
    const call: Call = {
      id: requestId(request.headers),
      client: this.#options.client?.(request, ...rest) ?? Symbol('client'),
      start,
      until: start + this.#options.deadline * 1000,
      seen: { texts: 0, tokens: 0 },
      route: 'none',
      bytes: 0,
    }
    this.#active++
    let problem: { code?: string; stack?: string } = {}
    let response: Response
    try {
      await this.#checkToken(request)
      response = await this.#app.fetch(request, call)
    } catch (error) {
      ;[response, problem] = failed(error)
      if (response.status === 429) await this.#spacing.next()
    } finally {
      this.#active--
    }
    response.headers.set('X-Request-Id', call.id)
    if (this.#isDraining) response.headers.set('Connection', 'close')
    this.#note(request, call, response.status, problem)
    if (this.#isDraining && this.#active === 0) this.#onIdle?.()
    return response
  }

  async drain(): Promise<void> {
    this.#isDraining = true
    if (this.#active > 0) await new Promise<void>(resolve => (this.#onIdle = resolve))
  }

  #note(request: Request, { id, route, start, bytes, seen }: Call, status: number, problem: object): void {
    const method = METHODS.includes(request.method) ? request.method : 'other'
    const ms = performance.now() - start
    const entry: LogEntry = { id, route, method, status, ms, bytes, ...seen, ...problem }
    this.#metrics.answered(entry)
    this.#options.log?.(entry)
  }

  /** The comparison takes the same time, wherever two tokens differ. */
  async #checkToken(request: Request): Promise<void> {
    const { token } = this.#options
    if (token === undefined || OPEN.includes(new URL(request.url).pathname)) return
    const [, given = ''] = /^Bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '') ?? []
    if (await timingSafeEqual(given, token)) return
    throw serveError('SERVE_TOKEN', 'Authorization', 'Bearer and the token', 'another value', 'Ask for the token.')
  }

  #addRoutes(): void {
    const app = this.#app
    app.onError(error => {
      throw error
    })
    app.notFound(() => {
      throw serveError('SERVE_ROUTE', 'path', 'a route of /openapi.json', 'another path', 'Check the address.')
    })
    for (const path of TAGGING_ROUTES) {
      this.#ask(path, (fields, find, { parts }) => tagging(fields, find, parts.defaults))
    }
    this.#ask('/analyze', (fields, find, { parts }) => analyzing(fields, find, parts.defaults, parts.tagger.labels))
    this.#post('/anonymize', anonymizing)
    this.#ask('/redact', (fields, find, { parts }) => redaction(fields, find, parts.defaults))
    this.#post('/restore', restoring)
    this.#get('/health', () => this.#health())
    this.#get('/ready', () => this.#ready())
    this.#get('/info', () => Response.json(this.#info()))
    this.#get('/metrics', () => this.#metricsText())
    this.#get('/openapi.json', () => Response.json(openapi(this.#options.token !== undefined)))
  }

  #get(path: string, answer: () => Response | Promise<Response>): void {
    this.#app.get(path, ({ env }) => {
      env.route = path
      return answer()
    })
    this.#refuseOthers(path, 'GET, HEAD')
  }

  /** A route that asks the model: while the queue is full, its bodies are not even read. */
  #ask(path: string, answer: Answer): void {
    this.#post(path, answer, ({ queue }) => queue.checkFull())
  }

  #post(path: string, answer: Answer, check?: (loaded: Loaded) => void): void {
    const route = path.replace('*', '{name}')
    this.#app.post(path, async ({ req, env }) => {
      env.route = route
      const loaded = this.#checkOpen()
      check?.(loaded)
      return Response.json(await this.#answerBody(req.raw, env, (fields, find) => answer(fields, find, loaded), loaded))
    })
    this.#refuseOthers(path, 'POST')
  }

  #refuseOthers(path: string, allowed: string): void {
    this.#app.all(path, ({ env }) => {
      env.route = path.replace('*', '{name}')
      const error = serveError('SERVE_METHOD', 'method', allowed, 'another', 'See /openapi.json.')
      const { status, body } = failureOf(error)
      return Response.json(body, { status, headers: { Allow: allowed } })
    })
  }

  /** @throws ServeError `SERVE_BUSY` while loading or draining */
  #checkOpen(): Loaded {
    if (this.#isDraining) throw busy('one that is stopping', 1)
    if (this.#loadFailure !== undefined) throw this.#loadFailure as Error
    if (!this.#loaded) throw busy('one that is loading its model', 1)
    return this.#loaded
  }

  /** Reads a body and answers it. Its bytes count until the answer is there. */
  async #answerBody(
    request: Request,
    call: Call,
    answer: (fields: Record<string, unknown>, find: Find) => unknown,
    { queue }: Loaded,
  ): Promise<unknown> {
    const { bodyLimit } = this.#options
    let held = 0
    const hold = (bytes: number) => {
      if (this.#held + bytes > bodyLimit * BODIES) throw busy('more bodies than fit into memory', 1)
      held += bytes
      this.#held += bytes
    }
    try {
      const { fields, bytes } = await readBody(request, { most: bodyLimit, until: call.until, hold })
      call.bytes = bytes
      const origin = { client: call.client, signal: request.signal, until: call.until, seen: call.seen }
      const find: Find = async (texts, options) => {
        const results = await queue.run(texts, options, origin)
        this.#metrics.found(results)
        return results
      }
      return await answer(fields, find)
    } finally {
      this.#held -= held
    }
  }

  #health(): Response {
    const isWell = this.#loadFailure === undefined && this.#loaded?.queue.hasFailed !== true
    return Response.json({ status: isWell ? 'ok' : 'failed' }, { status: isWell ? 200 : 500 })
  }

  #ready(): Response {
    const isFailed = this.#loadFailure !== undefined || this.#loaded?.queue.hasFailed === true
    const status = this.#isDraining ? 'draining' : isFailed ? 'failed' : this.#loaded ? 'ready' : 'loading'
    return Response.json({ status }, { status: status === 'ready' ? 200 : 503 })
  }

  #info(): object {
    const { model = {}, bodyLimit, queueTokens, batchTokens, deadline } = this.#options
    return {
      model: model.name ?? null,
      sha256: model.sha256 ?? null,
      backend: this.#loaded?.ner.model.backend ?? null,
      dtype: model.dtype ?? null,
      limits: { body: bodyLimit, queue_tokens: queueTokens, batch_tokens: batchTokens, deadline },
    }
  }

  async #metricsText(): Promise<Response> {
    const more = (await this.#options.metrics?.()) ?? ''
    const headers = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }
    return new Response((await this.#metrics.text()) + more, { headers })
  }
}

/** Routes without a token: who watches over processes has none. */
const OPEN = ['/health', '/ready']

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** The client's own id of the request, if it is a plain one, or a new one. */
function requestId(headers: Headers): string {
  const given = headers.get('x-request-id') ?? ''
  return /^[\w.:-]{1,128}$/.test(given) ? given : globalThis.crypto.randomUUID()
}

function failed(error: unknown): [Response, { code: string; stack?: string }] {
  const { status, body, retryAfter, isOurs } = failureOf(error)
  const headers = new Headers()
  if (retryAfter !== undefined) headers.set('Retry-After', String(retryAfter))
  if (status === 401) headers.set('WWW-Authenticate', 'Bearer')
  // What is left of a body that was not read would be taken for the next request.
  if (status === 408 || status === 413) headers.set('Connection', 'close')
  const stack = isOurs ? framesOf(error) : undefined
  return [Response.json(body, { status, headers }), { code: body.code, ...(stack === undefined ? {} : { stack }) }]
}

/** An error's name and frames. Its message may show a text. */
function framesOf(error: unknown): string {
  const { name = 'Error', stack = '' } = (error ?? {}) as Partial<Error>
  return [name, ...stack.split('\n').filter(line => /^\s+at /.test(line))].join('\n')
}

function notAPipeline(found: unknown): OptionError {
  return new OptionError({
    code: 'OPTION_VALUE',
    subject: 'ner',
    expected: 'what pipeline() of this package gave',
    found: kindOf(found),
    nextStep: "Pass await pipeline('token-classification').",
  })
}
