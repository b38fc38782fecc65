/** examples/look-inside.mjs shows what the trace holds. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { packBatch, pipeline } from '../../dist/node.js'

const path = fileURLToPath(new URL('../../examples/look-inside.mjs', import.meta.url))
const look = (...args: string[]) => spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' })

test('a row for each piece, and the key that it looks at most', async () => {
  const text = 'Ada Lovelace wrote to Charles Babbage.'
  const ner = await pipeline('token-classification')
  const { tokens, ids, typeIds } = ner.tokenizer.encode(text)
  const { trace } = await ner.model.forward(packBatch([{ ids, typeIds }]), { trace: true })
  const weights = trace!.attention(0, 2)
  await ner.dispose()

  const { stdout, stderr, status } = look(text, '--layer', '0', '--head', '2')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const [title, , , ...rows] = stdout.trimEnd().split('\n')
  expect(title).toMatch(/^layer 0 of .*, head 2 of /)
  expect(rows).toHaveLength(tokens.length)
  for (const [i, row] of rows.entries()) {
    const [, token, cells, most] = /^ *(\S+) │(.*)│ (.*)$/.exec(row)!
    const own = [...weights.subarray(i * tokens.length, (i + 1) * tokens.length)]
    const largest = Math.max(...own)
    expect(token).toBe(tokens[i])
    expect(cells).toHaveLength(2 * tokens.length)
    expect(most).toBe(`${largest.toFixed(2)} ${tokens[own.indexOf(largest)]}`)
    expect(cells!.charAt(2 * own.indexOf(largest))).toBe(' ░▒▓█'[Math.min(4, Math.floor(Math.sqrt(largest) * 5))])
  }
})

test('without flags it takes the last layer, and an example', () => {
  const { stdout, status } = look('--ascii')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^layer (\d+) of 0–\1, head \d+ of 0–\d+\n/)
  expect(stdout).toContain('berlin │')
})

test.each([
  [['a', '--layer', '99'], /^look-inside: layer: expected a whole number from 0 to \d+, found 99\./],
  [['a', '--head', 'x'], /^look-inside: head: expected a whole number from 0 to \d+, found NaN\./],
  [['a', '--lay', '1'], /^look-inside: Unknown option '--lay'/],
])('%j is one line of error', (args, message) => {
  const { stderr, status } = look(...args)
  expect(status).toBe(1)
  expect(stderr).toMatch(message)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
})
