/** `bert-ner serve` as a process: real clients, raw sockets, signals. */
import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { InferenceClient } from '@huggingface/inference'
import { run } from '../cli/run.ts'
import { start, type Process } from './service.ts'

jest.setTimeout(60_000)

let service: Process
beforeAll(async () => {
  service = await start('--threads', '1', '--header-timeout', '1', '--deadline', '2', '--body-limit', '100000')
})
afterAll(() => {
  service.child.kill('SIGKILL')
})

const TEXT = 'Angela Merkel met Tim Cook in Berlin.'

/** Writes pieces to a socket with pauses, and gives all that comes back until the server closes, or `ms` are over. */
function raw(pieces: readonly (string | Uint8Array)[], ms = 4000): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(service.port, '127.0.0.1')
    let answer = ''
    const end = () => {
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(end, ms)
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      end()
    })
    const write = async () => {
      for (const piece of pieces) {
        socket.write(piece)
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    }
    void write()
  })
}

function post(body: string, more = ''): string {
  const length = more.includes('Transfer-Encoding') ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
  return `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${length}${more}\r\n${body}`
}

const CLOSE = 'Connection: close\r\n'

test('@huggingface/inference takes the answers as they are', async () => {
  const client = new InferenceClient()
  const parameters = { aggregation_strategy: 'first' } as const
  const found = await client.tokenClassification({ endpointUrl: service.url, inputs: TEXT, parameters })
  expect(found.map(({ entity_group, start, end }) => [entity_group, TEXT.slice(start, end)])).toEqual([
    ['PER', 'Angela Merkel'],
    ['PER', 'Tim Cook'],
    ['LOC', 'Berlin'],
  ])
  const wrong = { endpointUrl: service.url, inputs: TEXT, parameters: { aggregation_strategy: 'x' as never } }
  await expect(client.tokenClassification(wrong)).rejects.toThrow(/aggregation_strategy/)
})

// Python is no part of the tests: this one runs where BERT_NER_PYTHON names one with test/reference/requirements.txt.
const python = process.env.BERT_NER_PYTHON
const withPython = python === undefined ? test.skip : test
withPython('huggingface_hub takes the answers as they are (skipped without BERT_NER_PYTHON)', async () => {
  const script = ['test/reference/hub_client.py', service.url, `😀 ${TEXT}`]
  const { stdout } = await promisify(execFile)(python ?? '', script)
  const found = JSON.parse(stdout) as { entity_group: string; word: string; start: number; end: number }[]
  expect(found.map(({ entity_group, word, start, end }) => [entity_group, word, start, end])).toEqual([
    ['PER', 'angela merkel', 2, 15],
    ['PER', 'tim cook', 20, 28],
    ['LOC', 'berlin', 32, 38],
  ])
})

test('what is no HTTP, comes too slowly or is too long has an answer, and the next request too', async () => {
  const status = (answer: string) => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]
  const answers = await Promise.all([
    raw(['nonsense\r\n\r\n']),
    raw(['GET / HTTP/1.1\r\nHost: x\r\n']), // headers that never end
    raw(['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nContent-Type: application/json\r\n\r\n{"in']), // a body that never ends
    raw([post('x'.repeat(200_000), CLOSE)]),
    raw(['POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n']),
    raw([post(`3\r\n{"i\r\n`, 'Transfer-Encoding: chunked\r\n'), 'b\r\nnputs": "a"\r\n0\r\n\r\n'], 1000),
    raw([`GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${'y'.repeat(40_000)}\r\n\r\n`]),
  ])
  expect(answers.map(status)).toEqual(['400', '408', '408', '413', '400', '400', '431'])
  for (const answer of answers) expect(answer).toMatch(/x-request-id/i)
  expect((await fetch(`${service.url}/ready`)).status).toBe(200)
})

test('pipelined requests are answered in their order, and a client that leaves harms nobody', async () => {
  const bodies = ['Berlin', 'Ada Lovelace'].map(inputs => JSON.stringify({ inputs }))
  const answer = await raw([post(bodies[0]!) + post(bodies[1]!, CLOSE)])
  expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
  expect(answer.indexOf('berlin')).toBeGreaterThan(0)
  expect(answer.indexOf('ada lovelace')).toBeGreaterThan(answer.indexOf('berlin'))
  const gone = () => service.log().split('"status":499').length
  const before = gone()
  await raw([post(JSON.stringify({ inputs: TEXT.repeat(500) }))], 100)
  for (let i = 0; i < 50 && gone() === before; i++) await new Promise(resolve => setTimeout(resolve, 50))
  expect(gone()).toBe(before + 1)
  const response = await fetch(service.url, {
    method: 'POST',
    body: bodies[0]!,
    headers: { 'Content-Type': 'application/json' },
  })
  expect(response.status).toBe(200)
  expect(service.log()).not.toContain('Lovelace')
})

test('metrics are those of the service and of its process', async () => {
  const text = await (await fetch(`${service.url}/metrics`)).text()
  for (const name of ['bert_ner_requests_total{', 'process_resident_memory_bytes ', 'nodejs_eventloop_lag_seconds '])
    expect(text).toContain(name)
})

test('SIGTERM: what was taken is answered, nothing new is, and the status is 0', async () => {
  const other = await start('--threads', '1')
  const body = JSON.stringify({ inputs: TEXT.repeat(100) })
  const asked = fetch(other.url, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })
  await new Promise(resolve => setTimeout(resolve, 150))
  other.child.kill('SIGTERM')
  const response = await asked
  expect(response.status).toBe(200)
  expect(((await response.json()) as unknown[]).length).toBeGreaterThan(100)
  expect(await other.ended).toBe(0)
  expect(other.log()).toContain('"msg":"stopped"')
})

test('an address in use, or a model that is none, is one line and status 1', async () => {
  const taken = await run('serve', '--port', String(service.port))
  expect(taken).toMatchObject({ status: 1, stderr: expect.stringMatching(/^bert-ner: .*one in use.*--port\.\n$/) })
  expect((await run('serve', '--port', '0', '--model', 'test')).status).toBe(1)
})
