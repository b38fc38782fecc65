/** The service with more to do than it can: what is taken is computed in full batches, the rest is refused at little cost. */
import { afterAll, expect, jest, test } from '@jest/globals'
import { Admission } from '../../dist/serve/admission.js'
import { ServeError } from '../../dist/errors.js'
import { Queue } from '../../dist/serve/queue.js'
import { Spacing } from '../../dist/serve/spacing.js'
import type { LogEntry } from '../../dist/serve.js'
import { handlerWith, ner, start } from './service.ts'

jest.setTimeout(60_000)
afterAll(() => ner.dispose())

const LIMITS = { bodyLimit: 1000, queueTokens: 1000, batchTokens: 100, deadline: 10 }
const BUSY: unknown = expect.objectContaining({ code: 'SERVE_BUSY' })

/** One pass of so many tokens and seconds. */
function pass(admission: Admission, tokens: number, seconds: number): void {
  admission.join(tokens)
  admission.begin(tokens)
  admission.end(seconds)
}

test('a pass in which the machine stood still changes nothing; a slow machine does', () => {
  const admission = new Admission(LIMITS)
  for (let i = 0; i < 5; i++) pass(admission, 100, 0.1)
  pass(admission, 100, 1000)
  expect(admission.pace).toBe(1000)
  for (let i = 0; i < 9; i++) pass(admission, 100, 10)
  expect(admission.pace).toBe(10)
})

test('at any pace, a full batch may wait while another is computed', () => {
  for (const pace of [0.01, 1, 10, 100, 1e6]) {
    const admission = new Admission(LIMITS)
    for (let i = 0; i < 9; i++) pass(admission, pace, 1)
    const batch = admission.batchTokens
    expect(batch).toBeLessThanOrEqual(Math.max(1, Math.min(100, (pace * 10) / 8)))
    admission.join(batch)
    admission.begin(batch)
    for (let waiting = 0; waiting + batch / 10 <= batch; waiting += batch / 10) {
      admission.check(batch / 10)
      admission.join(batch / 10)
    }
    // … and no more than can be computed in half of the deadline, nor than the queue may hold.
    const most = Math.max(2 * batch, Math.min(1000, pace * 5))
    expect(() => admission.check(most)).toThrow(BUSY)
  }
})

test('a queue that was full refuses unread requests until a batch is taken', () => {
  const admission = new Admission(LIMITS)
  admission.join(990)
  admission.checkFull()
  expect(() => admission.check(500)).toThrow(BUSY)
  admission.checkFull() // A long one says nothing of others.
  expect(() => admission.check(20)).toThrow(BUSY)
  expect(() => admission.checkFull()).toThrow(BUSY)
  admission.begin(90)
  admission.checkFull()
  admission.check(20)
})

test('clients that repeat refused requests at once leave the batches full, and each request has an end', async () => {
  const passes: number[] = []
  const tagger = {
    encode: (text: string) => text,
    prepare: (text: string) => ({ encoded: text, jobs: [{ text }] }),
    lengthOf: ({ text }: { text: string }) => text.length,
    async *run(jobs: { text: string }[]) {
      passes.push(jobs.reduce((sum, { text }) => sum + text.length, 0))
      await new Promise(resolve => setTimeout(resolve, passes.length === 3 ? 300 : 3))
      yield jobs.length
    },
  }
  const reader = { begin: () => ({ read: () => undefined, end: () => [] }) }
  const observer = { started: () => undefined, computed: () => undefined }
  const limits = { ...LIMITS, queueTokens: 300 }
  const queue = new Queue({ tagger, reader, defaults: {} } as never, limits, observer)
  let [answered, refused, others] = [0, 0, 0]
  const client = async (i: number) => {
    const text = 'x'.repeat(5 + (i % 11))
    const end = performance.now() + 1500
    while (performance.now() < end) {
      const origin = { client: i, signal: new AbortController().signal, until: performance.now() + 10_000 }
      await queue.run([text], {} as never, { ...origin, seen: { texts: 0, tokens: 0 } }).then(
        () => answered++,
        (error: unknown) => (error instanceof ServeError && error.code === 'SERVE_BUSY' ? refused++ : others++),
      )
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  await Promise.all(Array.from({ length: 100 }, (_, i) => client(i)))
  expect({ others, waiting: queue.waiting }).toEqual({ others: 0, waiting: 0 })
  expect(refused).toBeGreaterThan(answered)
  // The first pass has one request, the last ones what is left.
  const full = passes.slice(2, -4)
  expect(full.length).toBeGreaterThan(50)
  expect(full.reduce((sum, tokens) => sum + tokens, 0) / full.length).toBeGreaterThan(90)
})

test('a body that comes while the queue is full is not read', async () => {
  const late: Promise<{ status: number; isRead: boolean }>[] = []
  const log = ({ id, status }: LogEntry) => {
    if (id === 'first' && status === 429) late.push(ask('late'))
  }
  const small = handlerWith({ queueTokens: 60, batchTokens: 32, log })
  const bytes = new TextEncoder().encode(JSON.stringify({ inputs: 'Angela Merkel met Tim Cook in Berlin.' }))
  const ask = async (id: string) => {
    let isRead = false
    const pull = (controller: ReadableStreamDefaultController) => {
      isRead = true
      controller.enqueue(bytes)
      controller.close()
    }
    const body = new ReadableStream({ pull }, { highWaterMark: 0 })
    const headers = { 'Content-Type': 'application/json', 'X-Request-Id': id }
    const init = { method: 'POST', body, headers, duplex: 'half' } as RequestInit
    const { status } = await small(new Request('http://service/', init))
    return { status, isRead }
  }
  const first = await Promise.all(Array.from({ length: 20 }, () => ask('first')))
  expect(first.every(({ isRead }) => isRead)).toBe(true)
  const unread = (await Promise.all(late)).filter(({ isRead }) => !isRead)
  expect(unread.length).toBeGreaterThan(0)
  expect(unread.every(({ status }) => status === 429)).toBe(true)
})

test('up to a thousand refusals leave in a second, the others after a second at the latest', async () => {
  const spacing = new Spacing()
  const start = performance.now()
  const times = await Promise.all(
    Array.from({ length: 1500 }, async () => {
      await spacing.next()
      return performance.now() - start
    }),
  )
  expect(times[0]).toBeLessThan(times[500]!)
  expect(times[500]).toBeGreaterThan(400)
  expect(times[1499]).toBeGreaterThan(900)
})

test('refused requests leave their connections in order', async () => {
  const { url, child } = await start('--threads', '1', '--queue-tokens', '40', '--batch-tokens', '32')
  try {
    const body = JSON.stringify({
      inputs: 'Angela Merkel met Tim Cook in Berlin. '.repeat(2),
      options: {},
      x: undefined,
    })
    const ask = async () => {
      const response = await fetch(url, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })
      await response.text()
      return response.status
    }
    const seen: number[] = []
    const client = async () => {
      for (let i = 0; i < 10; i++) seen.push(await ask())
    }
    await Promise.all(Array.from({ length: 20 }, client))
    expect([...new Set(seen)].sort()).toEqual([200, 429])
    expect(seen).toHaveLength(200)
  } finally {
    child.kill('SIGKILL')
  }
})
