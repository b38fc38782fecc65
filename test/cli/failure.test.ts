/** Whatever the system says of a path is told as such, in one line, and never as a bug of this program. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { describeFailure } from '../../dist/cli/failure.js'
import { run } from './run.ts'

jest.setTimeout(60_000)
const folder = mkdtempSync(join(tmpdir(), 'bert-ner-failure-'))
const at = (name: string) => join(folder, name)
let server: Server
beforeAll(async () => {
  symlinkSync(at('loop'), at('loop'))
  writeFileSync(at('file'), 'x')
  mkdirSync(at('folder'))
  writeFileSync(at('huge'), '')
  truncateSync(at('huge'), 200e9) // sparse: it takes no room
  server = createServer()
  await new Promise<void>(resolve => server.listen(at('socket'), resolve))
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

const COMMANDS = {
  '-f': (path: string) => ['-f', path],
  '--model': (path: string) => ['--model', path, 'x'],
  inspect: (path: string) => ['inspect', path],
  'tokenize --model': (path: string) => ['tokenize', '--model', path, 'x'],
  'tokenize --tokenizer': (path: string) => ['tokenize', '--tokenizer', path, 'x'],
  eval: (path: string) => ['eval', path],
  'eval --model': (path: string) => ['eval', '--model', path, 'test/data/everyday.conll'],
  'eval --predictions': (path: string) => ['eval', '--predictions', path],
}
describe.each(Object.entries(COMMANDS))('%s', (_, args) => {
  test.each(['loop', 'socket', 'file/x', 'nowhere', 'n'.repeat(300), 'huge/', ''])('%s', async name => {
    const { status, stdout, stderr } = await run(...args(name === '' ? '' : at(name)))
    expect({ status, stdout, lines: stderr.split('\n').length }).toEqual({ status: 1, stdout: '', lines: 2 })
    expect(stderr).not.toMatch(/bug|unexpected/)
    expect(stderr).toMatch(/^bert-ner: .+[.:] .+\.\n$/)
    if (name === '')
      expect(stderr).toMatch(/^bert-ner: (an empty path: no such file or folder|model: .* there is no such folder)/)
  })
})

test.each([
  ['eval', at('huge')],
  ['eval', '--predictions', at('huge')],
  ['tokenize', '--tokenizer', at('huge'), 'x'],
])('%s: a file that is too large is refused before it is read', async (...args) => {
  const start = performance.now()
  const { status, stderr } = await run(...args)
  expect(status).toBe(1)
  expect(stderr).toMatch(/^bert-ner: .*huge: expected at most 256 MiB, found 200000000000 bytes\. .*\n$/)
  expect(performance.now() - start).toBeLessThan(20_000)
})

test('a standard output that is not open for writing', () => {
  const script = 'exec "$1" dist/cli.js tokenize x 1</dev/null'
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', process.execPath], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'bert-ner: standard output: it is not open for this. Check how it was redirected.\n',
  })
})

test('an error that nobody knows is the system’s if it has a number, and else ours', () => {
  expect(describeFailure({ code: 'EWHATEVER', errno: -77, message: 'EWHATEVER: odd, open', path: 'a' })).toBe(
    'a: the system said "EWHATEVER: odd, open". Check the path, and who may use it.',
  )
  expect(describeFailure({ code: 'ERR_FS_FILE_TOO_LARGE', message: 'large' })).toMatch(/^input or output: a file of/)
  expect(describeFailure(new TypeError('x is not a function'))).toMatch(/This is a bug/)
})
