/** examples/redact-file.mjs: no name leaves, and all come back. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'

const path = fileURLToPath(new URL('../../examples/redact-file.mjs', import.meta.url))
const redactFile = (...args: string[]) => spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' })

test('the example', () => {
  const { stdout, stderr, status } = redactFile()
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const [, prompt = '', answer = ''] = stdout.split(/^--- .*\n/m)
  expect(prompt).not.toMatch(/Cook|Merkel|Berlin|2024|angela|1234/)
  expect(prompt).toContain('Dear [PER_1],')
  expect(answer).toContain('Angela Merkel, Berlin, 2024-05-03, angela@example.org, +49 30 1234567')
  expect(answer).toContain('**Tim Cook**')
})

test('a file that is not there is one line of error', () => {
  const { stderr, status } = redactFile('no-such-letter.txt')
  expect(status).toBe(1)
  expect(stderr).toMatch(/^redact-file: ENOENT[^\n]*\n$/)
})
