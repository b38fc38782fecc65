/** `bert-ner --jsonl` as a cluster runs it: bad lines, nested fields, resumption after kill -9. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { tinyModel } from '../helpers/tiny-model.ts'
import { runWith } from './run.ts'

jest.setTimeout(60_000)
const folder = mkdtempSync(join(tmpdir(), 'bert-ner-filter-'))
const tiny = join(folder, 'tiny')

beforeAll(() => {
  mkdirSync(tiny)
  for (const [name, bytes] of Object.entries(tinyModel())) writeFileSync(join(tiny, name), bytes)
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const filter = (input: string | Uint8Array, ...args: string[]) => runWith({ input }, '--model', tiny, ...args)
const NONE = ['--threshold', '1']

/** Lines of every kind: a mark, CRLF, no JSON, wrong UTF-8, no field, blank, too many characters. */
const MIXED = Buffer.concat([
  Buffer.from('\ufeff{"id":12345678901234567890,"t":"a"}\r\n{"t":\n{"id":1e400,"t":"'),
  Buffer.from([0xff]),
  Buffer.from('"}\n\n{"id":2,"entities":[],"u":1,"n":1.0}\n{"id":3,"t":"bbbbbbbbbbbb"}\n{"id":4,"t":""}'),
])

test('record: each bad line has its error, objects keep their bytes, status 0', async () => {
  const { status, stdout, stderr } = await filter(
    MIXED,
    '--jsonl',
    't',
    '--on-error',
    'record',
    '--max-chars',
    '9',
    ...NONE,
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: 'bert-ner: 2 texts, 4 bad lines\n' })
  const plain = stdout.replaceAll(/,"message":"(?:[^"\\]|\\.)*"/g, '')
  expect(plain.split('\n')).toEqual([
    '{"id":12345678901234567890,"t":"a","entities":[]}',
    '{"error":{"code":"SOURCE_JSONL"},"line":2}',
    '{"error":{"code":"SOURCE_NOT_UTF8"},"line":3}',
    '{"id":2,"u":1,"n":1.0,"error":{"code":"SOURCE_JSONL"}}',
    '{"id":3,"t":"bbbbbbbbbbbb","error":{"code":"SOURCE_MAX_CHARS"}}',
    '{"id":4,"t":"","entities":[]}',
    '',
  ])
})

test('skip leaves bad lines out; fail ends at the first one', async () => {
  const skipped = await filter(MIXED, '--jsonl', 't', '--on-error', 'skip', '--fields', 'id,entities', ...NONE)
  expect(skipped).toEqual({
    status: 0,
    stdout: '{"id":12345678901234567890,"entities":[]}\n{"id":3,"entities":[]}\n{"id":4,"entities":[]}\n',
    stderr: 'bert-ner: 3 texts, 3 bad lines\n',
  })
  const failed = await filter(MIXED, '--jsonl', 't', ...NONE)
  expect(failed.status).toBe(1)
  expect(failed.stdout).toBe('{"id":12345678901234567890,"t":"a","entities":[]}\n')
})

test('a nested field: the key of that name first, else the path', async () => {
  const input = '{"body":{"text":"aa"}}\n{"body.text":"a","body":{"text":3}}\n{"body":["a"]}\n'
  const args = ['--jsonl', 'body.text', '--on-error', 'record', ...NONE]
  const lines = (await filter(input, ...args)).stdout.split('\n')
  expect(lines.slice(0, 2)).toEqual([
    '{"body":{"text":"aa"},"entities":[]}',
    '{"body.text":"a","body":{"text":3},"entities":[]}',
  ])
  expect(lines[2]).toContain('"error":{"code":"SOURCE_JSONL"')
})

test('--offset-unit codepoint: slices by code points give the slices by UTF-16 units', async () => {
  const text = '😀 Berlin 😀 Anna a'
  const spans = async (...args: string[]) => {
    const { stdout } = await filter('', '--aggregation', 'none', '--format', 'json', ...args, text)
    return JSON.parse(stdout) as { start: number; end: number }[]
  }
  const units = await spans()
  const points = await spans('--offset-unit', 'codepoint')
  expect(units.length).toBeGreaterThan(0)
  const chars = Array.from(text)
  expect(points.map(({ start, end }) => chars.slice(start, end).join(''))).toEqual(
    units.map(({ start, end }) => text.slice(start, end)),
  )
  expect(points).not.toEqual(units)
})

test('--resume after kill -9 at any moment: every line once, as in one run', async () => {
  const input = Array.from({ length: 6000 }, (_, i) =>
    i % 97 === 5 ? '{' : `{"id":${i},"t":"anna in berlin a b ${i}"}`,
  )
  const source = join(folder, 'in.jsonl')
  writeFileSync(source, input.join('\n'))
  for (const how of ['record', 'skip']) {
    const out = join(folder, `${how}.jsonl`)
    const args = ['--model', tiny, '--jsonl', 't', '-f', source, '--on-error', how, '--threads', '1']
    const whole = await runWith({}, ...args)
    expect(whole.status).toBe(0)
    const child = spawn(process.execPath, ['dist/cli.js', ...args, '--resume', out], { stdio: 'ignore' })
    const closed = new Promise(resolve => child.once('close', resolve))
    const size = () => statSync(out, { throwIfNoEntry: false })?.size ?? 0
    while (size() === 0 && child.exitCode === null) await sleep(2)
    await sleep(Math.random() * 100)
    child.kill('SIGKILL')
    await closed
    // A write that the kill tore: half of the next line.
    const done = readFileSync(out, 'utf8')
    const end = done.lastIndexOf('\n') + 1
    writeFileSync(out, whole.stdout.slice(0, end) === done.slice(0, end) ? `${done.slice(0, end)}{"id":` : done)
    const second = await runWith({}, ...args, '--resume', out)
    expect({ status: second.status, stdout: second.stdout }).toEqual({ status: 0, stdout: '' })
    expect(readFileSync(out, 'utf8') === whole.stdout).toBe(true)
  }
})

test('--resume refuses a file with more results than the input has', async () => {
  const out = join(folder, 'long.jsonl')
  writeFileSync(out, '{}\n{}\n')
  const { status, stderr } = await filter('{"t":"a"}\n', '--jsonl', 't', '--resume', out)
  expect(status).toBe(1)
  expect(stderr).toContain('expected at most 1 lines, one a text, found 2')
})

test('a line beyond the bound is an error of that line; the next one is read', async () => {
  const input = `{"t":"${'a'.repeat(40e6)}"}\n{"t":"a"}\n`
  const env = { NODE_OPTIONS: '--max-old-space-size=128' }
  const { status, stdout } = await runWith(
    { input, env },
    '--model',
    tiny,
    '--jsonl',
    't',
    '--on-error',
    'record',
    ...NONE,
  )
  expect(status).toBe(0)
  const [first, second] = stdout.split('\n')
  expect(first).toMatch(/^\{"error":\{"code":"SOURCE_TEXT_TOO_LONG".*"line":1\}$/)
  expect(second).toBe('{"t":"a","entities":[]}')
})
