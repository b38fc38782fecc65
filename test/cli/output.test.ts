/** What is printed arrives whole, or the exit status says that it did not. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, test } from '@jest/globals'
import { withField } from '../../dist/cli/ner/json-line.js'
import { writeSafetensors } from '../../dist/node.js'

const folder = mkdtempSync(join(tmpdir(), 'bert-ner-output-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A checkpoint whose list is long: 2,000 tensors. */
const many = join(folder, 'many.safetensors')
const tensor = { dtype: 'U8', shape: [1], data: Uint8Array.of(1) } as const
writeFileSync(many, writeSafetensors(Array.from({ length: 2000 }, (_, i) => [`tensor ${i}`, tensor] as const)))

describe('a write that is cut short', () => {
  const inShell = (script: string) =>
    spawnSync('bash', ['-c', script, 'bash', process.execPath, many, join(folder, 'out')], { encoding: 'utf8' })

  test.each(['inspect', 'inspect --json'])('%s: a file that may not grow further is a failure', command => {
    const { status, stderr } = inShell(`ulimit -f 8; "$1" dist/cli.js ${command} "$2" > "$3"`)
    expect({ status, lines: stderr.split('\n').length }).toEqual({ status: 1, lines: 2 })
    expect(stderr).toMatch(/^bert-ner: standard output: the file would be larger than the system allows/)
    expect(statSync(join(folder, 'out')).size).toBe(8192)
  })

  test('a file that may grow has all of it, and so has a pipe', () => {
    expect(inShell('"$1" dist/cli.js inspect --json "$2" > "$3"').status).toBe(0)
    const written = readFileSync(join(folder, 'out'), 'utf8')
    expect((JSON.parse(written) as { tensors: unknown[] }).tensors).toHaveLength(2000)
    expect(inShell('"$1" dist/cli.js inspect --json "$2" | cat').stdout).toBe(written)
  })

  const full = existsSync('/dev/full') ? test : test.skip
  full.each(['inspect "$2"', '--help', '--version', 'tokenize x'])('%s: a full device is a failure', command => {
    const { status, stderr } = inShell(`"$1" dist/cli.js ${command} > /dev/full`)
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'bert-ner: standard output: the disk is full. Make room and run it again.\n',
    })
  })
})

test('while the reader sleeps, nothing piles up', async () => {
  const script = `
    import { BufferedOutput } from ${JSON.stringify(new URL('../../dist/cli/output.js', import.meta.url).href)}
    const output = new BufferedOutput()
    for (let i = 0; i < 5000; i++) {
      await output.write('x'.repeat(999) + '\\n')
      process.stderr.write('.')
      await new Promise(setImmediate)
    }
    await output.flush()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  let [taken, read, said] = [0, 0, '']
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    taken += text.length
    said += text
  })
  while (taken === 0) await wait(50)
  await wait(1000)
  // The pipe takes 64 KiB, Node's stream and ours some more.
  expect(taken).toBeLessThan(500)
  child.stdout.on('data', (chunk: Buffer) => (read += chunk.length))
  await new Promise(resolve => child.on('close', resolve))
  expect({ taken, read, said: said.replaceAll('.', '') }).toEqual({ taken: 5000, read: 5_000_000, said: '' })
}, 30_000)

describe('a field of a JSON line', () => {
  test.each([
    ['{"a":1}', '{"a":1,"entities":[]}'],
    ['{}', '{"entities":[]}'],
    [' { } ', ' {"entities":[]}'],
    ['{"entities":1}', '{"entities":[]}'],
    ['{"entities" : {"entities":[1,"}"]} , "b":2}', '{"entities" : [] , "b":2}'],
    [
      '{"n":12345678901234567890,"x":1e400,"f":1.0,"entities":null}',
      '{"n":12345678901234567890,"x":1e400,"f":1.0,"entities":[]}',
    ],
    ['{"a":1,"a":2,"entities":1,"entities":2}', '{"a":1,"a":2,"entities":[],"entities":[]}'],
    ['{"\\u0065ntities":"\\\\\\"}"}', '{"\\u0065ntities":[]}'],
    [
      '{"x":{"entities":1},"y":["entities",":",{}],"entities ":0}',
      '{"x":{"entities":1},"y":["entities",":",{}],"entities ":0,"entities":[]}',
    ],
    ['{"s":"\\"entities\\":1","entities":true,"z":-1.50E+2}', '{"s":"\\"entities\\":1","entities":[],"z":-1.50E+2}'],
  ])('%s', (line, expected) => {
    expect(withField(line, 'entities', '[]')).toBe(expected)
    JSON.parse(expected)
  })

  test('however deep the nesting is', () => {
    const deep = '['.repeat(1e5) + ']'.repeat(1e5)
    expect(withField(`{"d":${deep},"entities":${deep}}`, 'entities', '7')).toBe(`{"d":${deep},"entities":7}`)
  })
})
