/** The service's routes, as a function of requests. */
import { afterAll, expect, jest, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { LogEntry } from '../../dist/serve.js'
import { ask, handlerWith, ner } from './service.ts'

jest.setTimeout(60_000)
afterAll(() => ner.dispose())

const TEXT = '😀 Angela Merkel met Tim Cook at Intel in Berlin.'
const handler = handlerWith()

test('a text has the entities of the pipeline, in code points; a list has a list of lists; every route the same', async () => {
  const expected = await ner(TEXT, { aggregation_strategy: 'simple', offsetUnit: 'codepoint' })
  expect(expected.length).toBeGreaterThan(2)
  for (const path of ['/', '/models/any/name', '/pipeline/token-classification']) {
    const { status, body, headers } = await ask(handler, path, { inputs: TEXT })
    expect({ status, body }).toEqual({ status: 200, body: expected })
    expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
  }
  expect((await ask(handler, '/', { inputs: [TEXT, '', 'Berlin'] })).body).toEqual([
    expected,
    [],
    await ner('Berlin', { aggregation_strategy: 'simple', offsetUnit: 'codepoint' }),
  ])
  expect((await ask(handler, '/', { inputs: [] })).body).toEqual([])
})

test('parameters have the names of transformers, and null stands for nothing', async () => {
  const parameters = {
    aggregation_strategy: 'none',
    threshold: 0.5,
    top_k: 2,
    ignore_labels: null,
    offset_unit: 'utf16',
  }
  const { body } = await ask(handler, '/', { inputs: TEXT, parameters, options: { wait_for_model: true } })
  expect(body).toEqual(await ner(TEXT, { aggregation_strategy: 'none', threshold: 0.5, top_k: 2 }))
  const wrong = [
    [{ inputs: TEXT, parameters: { agregation: 'none' } }, 'OPTION_UNKNOWN'],
    [{ inputs: TEXT, parameters: { threshold: 2 } }, 'OPTION_VALUE'],
    [{ inputs: TEXT, parameters: { offset_unit: 'bytes' } }, 'OPTION_VALUE'],
    [{ inputs: TEXT, parameters: [] }, 'OPTION_VALUE'],
    [{ inputs: TEXT, parameter: {} }, 'OPTION_UNKNOWN'],
    [{ inputs: [1] }, 'OPTION_VALUE'],
    [{}, 'OPTION_VALUE'],
  ] as const
  for (const [sent, code] of wrong) {
    expect(await ask(handler, '/', sent)).toMatchObject({ status: 400, body: { code } })
  }
})

test('texts of many requests share forward passes, whatever their options, and each has its own answer', async () => {
  const words = Array.from({ length: 40 }, (_, i) => `Number ${i}: Ada Lovelace wrote to Charles Babbage in London.`)
  const strategies = ['none', 'simple', 'first', 'max'] as const
  const answers = await Promise.all(
    words.map((inputs, i) => ask(handler, '/', { inputs, parameters: { aggregation_strategy: strategies[i % 4] } })),
  )
  for (const [i, text] of words.entries()) {
    const expected = await ner(text, { aggregation_strategy: strategies[i % 4]!, offsetUnit: 'codepoint' })
    expect(answers[i]?.body).toEqual(expected)
  }
  const metrics = String((await ask(handler, '/metrics')).body)
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1])
  expect(value('bert_ner_batch_tokens_count')).toBeLessThan(value('bert_ner_texts_total') - 20)
  expect(value('bert_ner_queue_tokens')).toBe(0)
  expect(metrics).toMatch(/bert_ner_entities_total\{type="PER"\} \d+/)
})

test('a book does not starve a line of chat, and a client who leaves frees its place', async () => {
  const fair = handlerWith({ batchTokens: 192, client: request => request.headers.get('x-client') ?? '' })
  const book = TEXT.repeat(120)
  const controller = new AbortController()
  const done: string[] = []
  const headers = (client: string) => ({ 'Content-Type': 'application/json', 'X-Client': client })
  const reading = ask(fair, '/', { inputs: book }, { headers: headers('a') }).then(answer => {
    done.push('book')
    return answer
  })
  const second = ask(fair, '/', { inputs: book }, { headers: headers('b'), signal: controller.signal })
  const line = ask(fair, '/', { inputs: TEXT }, { headers: headers('a') }).then(() => done.push('line'))
  const queued = async () =>
    Number(/^bert_ner_queue_tokens (\d+)/m.exec(String((await ask(fair, '/metrics')).body))?.[1])
  await line
  const before = await queued()
  controller.abort()
  expect((await second).status).toBe(499)
  expect(await queued()).toBeLessThan(before)
  const { status, body } = await reading
  expect({ status, done }).toEqual({ status: 200, done: ['line', 'book'] })
  expect(body).toEqual(await ner(book, { aggregation_strategy: 'simple', offsetUnit: 'codepoint' }))
  expect(await queued()).toBe(0)
})

test('the queue is bounded in tokens: 429 and Retry-After, 413 for what can never fit, 504 past the deadline', async () => {
  const small = handlerWith({ queueTokens: 200, batchTokens: 16 })
  const answers = await Promise.all(Array.from({ length: 60 }, () => ask(small, '/', { inputs: TEXT })))
  const refused = answers.filter(({ status }) => status === 429)
  expect(answers.filter(({ status }) => status === 200).length + refused.length).toBe(60)
  expect(refused.length).toBeGreaterThan(20)
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(refused[0]?.body).toMatchObject({ code: 'SERVE_BUSY' })
  expect((await ask(small, '/', { inputs: TEXT })).status).toBe(200)
  expect(await ask(small, '/', { inputs: TEXT.repeat(50) })).toMatchObject({
    status: 413,
    body: { code: 'SERVE_TOKENS' },
  })
  const hasty = handlerWith({ deadline: 0.1 })
  expect(await ask(hasty, '/', { inputs: TEXT.repeat(2000) })).toMatchObject({ status: 504 })
  expect((await ask(hasty, '/', { inputs: 'Berlin' })).status).toBe(200)
})

test('bad requests of every kind have an answer with a code', async () => {
  const one = handlerWith({ bodyLimit: 2000 })
  const typed = (type: string, more = {}) => ({ headers: { 'Content-Type': type, ...more } })
  const deep = '['.repeat(900) + ']'.repeat(900)
  const cases: [number, string, ...Parameters<typeof ask>[]][] | unknown[][] = [
    [400, 'SERVE_BODY', '/', '{"inputs": '],
    [400, 'SERVE_BODY', '/', ''],
    [400, 'SERVE_BODY', '/', '"text"'],
    [400, 'SERVE_BODY', '/', deep],
    [400, 'OPTION_VALUE', '/', `{"inputs": ${deep}}`],
    [400, 'SERVE_BODY', '/', new Uint8Array([0x7b, 0xff, 0x7d])],
    [413, 'SERVE_BODY_SIZE', '/', { inputs: 'x'.repeat(3000) }],
    [415, 'SERVE_MEDIA_TYPE', '/', '{}', typed('text/plain')],
    [415, 'SERVE_MEDIA_TYPE', '/', '{}', typed('application/json; charset=latin1')],
    [415, 'SERVE_MEDIA_TYPE', '/', '{}', typed('application/json', { 'Content-Encoding': 'gzip' })],
    [404, 'SERVE_ROUTE', '/nowhere', '{}'],
    [405, 'SERVE_METHOD', '/', undefined],
    [405, 'SERVE_METHOD', '/health', '{}'],
    [405, 'SERVE_METHOD', '/', undefined, { method: 'OPTIONS' }],
  ]
  for (const [status, code, path, body, init] of cases as [number, string, string, unknown, RequestInit?][]) {
    const answer = await ask(one, path, body, init)
    expect({ ...answer, sent: String(body).slice(0, 40) }).toMatchObject({
      status,
      body: { code, error: expect.any(String) },
    })
    expect(answer.headers.get('x-request-id')).toBeTruthy()
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  }
  // Any string is a text, even half of a character.
  expect((await ask(one, '/', '{"inputs": "\\ud83d \\u0000 Berlin"}')).status).toBe(200)
})

test('a token guards all but /health and /ready', async () => {
  const guarded = handlerWith({ token: 'a-secret' })
  const bearer = (token: string) => ({
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
  })
  expect(await ask(guarded, '/', { inputs: TEXT })).toMatchObject({ status: 401, body: { code: 'SERVE_TOKEN' } })
  expect((await ask(guarded, '/', { inputs: TEXT }, bearer('a-secre'))).status).toBe(401)
  expect((await ask(guarded, '/', { inputs: TEXT }, bearer('a-secret'))).status).toBe(200)
  for (const path of ['/info', '/metrics', '/openapi.json']) expect((await ask(guarded, path)).status).toBe(401)
  for (const path of ['/health', '/ready']) expect((await ask(guarded, path)).status).toBe(200)
})

test('redact and restore keep nothing: the mapping travels', async () => {
  const first = (await ask(handler, '/redact', { inputs: TEXT })).body as Record<string, unknown>
  expect(first.text).toBe('😀 [PER_1] met [PER_2] at [ORG_1] in [LOC_1].')
  expect(first.entities).toMatchObject([{ entity_group: 'PER', start: 2, end: 15, replacement: '[PER_1]' }, {}, {}, {}])
  const { mapping } = first
  const second = await ask(handler, '/redact', { inputs: 'Tim Cook met Ada Lovelace.', mapping })
  expect(second.body).toMatchObject({ text: '[PER_2] met [PER_3].' })
  expect((await ask(handler, '/restore', { text: '[PER_2] is in [LOC_1], [PER_9]', mapping })).body).toEqual({
    text: 'Tim Cook is in Berlin, [PER_9]',
  })
  expect((await ask(handler, '/redact', { inputs: 'Ada Lovelace' })).body).toMatchObject({ text: '[PER_1]' })
  expect(await ask(handler, '/restore', { text: 'x', mapping: {} })).toMatchObject({
    status: 400,
    body: { code: 'REDACT_MAPPING' },
  })
})

test('no text reaches the log', async () => {
  const entries: LogEntry[] = []
  const logged = handlerWith({ log: entry => void entries.push(entry) })
  const secret = 'Xanthippe'
  await ask(logged, '/', { inputs: secret })
  await ask(logged, `/${secret}`, { inputs: secret })
  await ask(logged, '/', { inputs: [secret, 1] })
  await ask(logged, '/', { [secret]: 1 })
  await ask(logged, '/', `{"inputs": ${secret}`)
  await ask(logged, '/analyze', { text: secret, language: secret })
  await ask(logged, '/anonymize', { text: secret, analyzer_results: secret })
  await ask(
    logged,
    '/',
    { inputs: secret },
    {
      headers: { 'Content-Type': 'application/json', 'X-Request-Id': `${secret} ${secret}` },
    },
  )
  expect(entries.map(({ status }) => status)).toEqual([200, 404, 400, 400, 400, 422, 422, 200])
  expect(JSON.stringify(entries)).not.toContain(secret)
  expect(entries[0]).toMatchObject({ route: '/', method: 'POST', texts: 1, bytes: 22 })
})

test('a service that loads or stops says so: 503 on /ready alone, 429 on all that asks for work', async () => {
  let load: (pipeline: typeof ner) => void = () => undefined
  const { createHandler } = await import('../../dist/serve.js')
  const loading = createHandler(new Promise<typeof ner>(resolve => (load = resolve)))
  expect((await ask(loading, '/ready')).status).toBe(503)
  expect((await ask(loading, '/health')).status).toBe(200)
  expect((await ask(loading, '/', { inputs: TEXT })).status).toBe(429)
  load(ner)
  await Promise.resolve()
  expect((await ask(loading, '/ready')).status).toBe(200)
  const last = ask(loading, '/', { inputs: TEXT.repeat(40) })
  await new Promise(resolve => setTimeout(resolve)) // Its body is read.
  const drained = loading.drain()
  expect(await ask(loading, '/ready')).toMatchObject({ status: 503, body: { status: 'draining' } })
  expect((await ask(loading, '/', { inputs: TEXT })).status).toBe(429)
  expect((await last).status).toBe(200)
  await drained
  const failing = createHandler(Promise.reject(new Error('a secret')))
  await Promise.resolve()
  expect(await ask(failing, '/', { inputs: TEXT })).toMatchObject({ status: 500, body: { code: 'SERVE_FAILED' } })
  expect((await ask(failing, '/health')).status).toBe(500)
})

test('/openapi.json is valid, and lists every route; /info names the model', async () => {
  for (const one of [handler, handlerWith({ token: 'x' })]) {
    const headers = { Authorization: 'Bearer x' }
    const { body } = await ask(one, '/openapi.json', undefined, { headers })
    const { valid, errors } = await new Validator().validate(body as Record<string, unknown>)
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
  }
  const model = { name: 'm', sha256: 'abc', dtype: 'auto' }
  const { body } = await ask(handlerWith({ model }), '/info')
  expect(body).toMatchObject({
    model: 'm',
    sha256: 'abc',
    backend: 'simd',
    limits: { queue_tokens: 65536, deadline: 30 },
  })
})

test('options are checked', async () => {
  const { createHandler } = await import('../../dist/serve.js')
  expect(() => createHandler(ner, { deadline: 0 })).toThrow(expect.objectContaining({ code: 'OPTION_VALUE' }))
  expect(() => createHandler(ner, { token: 'two words' })).toThrow(expect.objectContaining({ code: 'OPTION_VALUE' }))
  expect(() => createHandler((() => []) as never)).toThrow(expect.objectContaining({ code: 'OPTION_VALUE' }))
})
