/** `bert-ner redact` and `bert-ner restore` as users have them: processes. */
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createHmac } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, jest, test } from '@jest/globals'
import { run, runWith } from './run.ts'

// Some start the program several times, and a busy machine takes a second for each.
jest.setTimeout(120_000)

const folder = mkdtempSync(join(tmpdir(), 'bert-ner-redact-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** Standard output of a run that has to succeed in silence. */
async function output(args: string[], input = ''): Promise<string> {
  const { status, stdout, stderr } = await runWith({ input }, ...args)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

test('lines and files have one numbering, and come back byte for byte', async () => {
  const one = file('one.txt', 'Angela Merkel met Tim Cook.\r\n\r\nTim Cook left Berlin.')
  const two = file('two.txt', 'Berlin is where Angela Merkel lives.\n')
  const mapping = join(folder, 'names.json')
  const redacted = await output(['redact', '--lines', '--mapping', mapping, one, two])
  expect(redacted).toBe('[PER_1] met [PER_2].\r\n\r\n[PER_2] left [LOC_1].[LOC_1] is where [PER_1] lives.\n')
  expect(await output(['restore', '--mapping', mapping], redacted)).toBe(
    readFileSync(one, 'utf8') + readFileSync(two, 'utf8'),
  )
  const whole = await output(['redact', '--mapping', mapping, '-'], 'Tim Cook\nmet Ada Lovelace')
  expect(whole).toBe('[PER_2]\nmet [PER_3]')
  expect(statSync(mapping).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder).filter(name => name.startsWith('names.json'))).toEqual(['names.json'])
})

test('accents in two characters leave nothing behind, and [SEP] typed out hides nothing', async () => {
  const text = 'We met Jose\u0301 Garci\u0301a in Berlin. [SEP] Angela Merkel came to Berlin too.'
  const mapping = join(folder, 'accents.json')
  const redacted = await output(['redact', '--mapping', mapping], text)
  expect(redacted).not.toMatch(/Jos|Garc|\u0301|Merkel|Berlin/)
  expect(await output(['restore', '--mapping', mapping], redacted)).toBe(text)
})

test('--only, --except, --patterns, --threshold, --ignore-case', async () => {
  const text = 'Angela Merkel (a.merkel@example.org) in Berlin, BERLIN'
  expect(await output(['redact', '--only', 'PER,EMAIL', '--patterns'], text)).toBe(
    '[PER_1] ([EMAIL_1]) in Berlin, BERLIN',
  )
  expect(await output(['redact', '--except', 'loc'], text)).toContain('in Berlin, BERLIN')
  expect(await output(['redact', '--ignore-case'], text)).toMatch(/in \[LOC_(\d)\], \[LOC_\1\]$/)
  expect(await output(['redact', '--threshold', '1'], text)).toBe(text)
})

test('--format redacted has one numbering too, and gives out no number that a text has', async () => {
  const lines = 'Angela Merkel met Tim Cook\nTim Cook met Angela Merkel\n[PER_3] met Ada Lovelace\n'
  expect(await output(['--lines', '--format', 'redacted'], lines)).toBe(
    '[PER_1] met [PER_2]\n[PER_2] met [PER_1]\n[PER_3] met [PER_4]\n',
  )
})

test('styles', async () => {
  const text = 'Angela Merkel left.'
  expect(await output(['redact', '--style', 'mask'], text)).toBe('██████ ██████ left.')
  const key = file('key', `${'k'.repeat(20)}\n`)
  const hash = createHmac('sha256', 'k'.repeat(20)).update('Angela Merkel').digest('hex').slice(0, 12)
  expect(await output(['redact', '--style', 'hash', '--key-file', key], text)).toBe(`[PER_${hash}] left.`)
  const mapping = join(folder, 'surrogates.json')
  const surrogate = await output(['redact', '--style', 'surrogate', '--mapping', mapping], text)
  expect(surrogate).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+ left\.$/)
  expect(await output(['restore', '--mapping', mapping], surrogate)).toBe(text)
})

test('restore: JSON, and placeholders of nobody are reported', async () => {
  const mapping = file('quotes.json', JSON.stringify({
    format: 'bert-ner mapping', version: 1, reserved: [],
    names: [{ label: 'PER', number: 1, name: 'Bob "Bo"', replacement: '[PER_1]' }],
  })) // prettier-ignore
  expect(await output(['restore', '--json', '--mapping', mapping], '{"to":"[PER_1]"}')).toBe('{"to":"Bob \\"Bo\\""}')
  const unknown = '[PER_2] [PER_3] [PER_4] [PER_5] [PER_6] [PER_7] per 8'
  expect(await runWith({ input: unknown }, 'restore', '--mapping', mapping)).toEqual({
    status: 0,
    stdout: unknown,
    stderr: `bert-ner: [PER_2], [PER_3], [PER_4], [PER_5], [PER_6] and 1 more: no such name in ${mapping}, left as in the text.\n`,
  })
})

test.each([
  ['text', 'Dear Ada'],
  ['other JSON', '{"Ada":1}'],
  ['a mapping of a later version', '{"format":"bert-ner mapping","version":9,"names":[],"reserved":[]}'],
  ['nothing', ''],
])('a file with %s is no mapping, is left as it is, and shows nothing', async (_, content) => {
  const path = file('other', content)
  for (const command of ['redact', 'restore']) {
    const { status, stdout, stderr } = await runWith({ input: 'Angela Merkel' }, command, '--mapping', path)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^bert-ner: .*: expected a mapping that bert-ner redact wrote, or no file, found [^\n]*\n$/)
    expect(stderr).not.toContain('Ada')
  }
  expect(readFileSync(path, 'utf8')).toBe(content)
})

test('a symbolic link to a mapping stays one', async () => {
  const [real, link] = [join(folder, 'real.json'), join(folder, 'link.json')]
  await output(['redact', '--mapping', real], 'Angela Merkel')
  symlinkSync(real, link)
  expect(await output(['redact', '--mapping', link], 'Tim Cook met Angela Merkel')).toBe('[PER_2] met [PER_1]')
  expect((JSON.parse(readFileSync(real, 'utf8')) as { names: unknown[] }).names).toHaveLength(2)
})

test.each([
  [['redact', '--style', 'hash'], '--key-file'],
  [['redact', '--key-file', 'x'], '--style hash'],
  [['redact', '--style', 'mask', '--mapping', 'x'], 'mask'],
  [['redact', '--only', 'PER', '--except', 'LOC'], '--except'],
  [['redact', '--only', 'PER,'], 'commas'],
  [['restore'], '--mapping'],
])('%j is wrong usage', async (args, message) => {
  const { status, stderr } = await run(...args)
  expect(status).toBe(2)
  expect(stderr).toContain(message)
})

test('files that are not there, and text that is none', async () => {
  const missing = await run('restore', '--mapping', join(folder, 'none.json'))
  expect(missing.status).toBe(1)
  expect(missing.stderr).toContain('no such file')
  const mapping = file('empty.json', '{"format":"bert-ner mapping","version":1,"names":[],"reserved":[]}')
  const latin = file('latin', Buffer.from([0x4a, 0xe9]))
  expect((await run('restore', '--mapping', mapping, latin)).stderr).toContain('expected text in UTF-8')
  expect((await run('redact', latin)).stderr).toContain('expected text in UTF-8')
  expect((await run('redact', join(folder, 'none.txt'))).stderr).toContain('no such file')
})

test('a filter: what was typed is answered before the next line comes', async () => {
  const mapping = join(folder, 'live.json')
  const child = spawn(process.execPath, ['dist/cli.js', 'redact', '--lines', '--mapping', mapping])
  const next = () => new Promise<string>(resolve => child.stdout.once('data', data => resolve(String(data))))
  child.stdin.write('Angela Merkel spoke.\n')
  expect(await next()).toBe('[PER_1] spoke.\n')
  expect(existsSync(mapping)).toBe(true) // Its names are kept before their placeholders leave.
  child.stdin.write('Tim Cook heard Angela Merkel.\n')
  expect(await next()).toBe('[PER_2] heard [PER_1].\n')
  const ended = new Promise(resolve => child.once('close', (status, signal) => resolve({ status, signal })))
  child.kill('SIGINT')
  expect(await ended).toEqual({ status: null, signal: 'SIGINT' })
  expect((JSON.parse(readFileSync(mapping, 'utf8')) as { names: unknown[] }).names).toHaveLength(2)
})

test('a reader that has seen enough ends it, and the names are kept', async () => {
  const mapping = join(folder, 'head.json')
  const child = spawn(process.execPath, ['dist/cli.js', 'redact', '--lines', '--mapping', mapping])
  child.stdin.on('error', () => undefined)
  child.stdin.write('Angela Merkel spoke.\n'.repeat(100))
  await new Promise(resolve => child.stdout.once('data', resolve))
  child.stdout.destroy()
  const ended = new Promise(resolve => child.once('close', status => resolve(status)))
  child.stdin.end('Tim Cook heard Angela Merkel.\n'.repeat(5000))
  expect(await ended).toBe(0)
  expect(readFileSync(mapping, 'utf8')).toContain('Angela Merkel')
})
