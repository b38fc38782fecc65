/** `bert-ner tokenize`, as a process, with a vocabulary of ten pieces. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, jest, test } from '@jest/globals'
import type { Explanation } from '../../dist/index.js'
import { run, runWith } from './run.ts'

// Each starts processes, and a busy machine takes seconds for one.
jest.setTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'bert-ner-tokenize-'))
const vocab = join(folder, 'vocab.txt')
writeFileSync(vocab, '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nel\n##an\nvital\n!\n😀\n')
writeFileSync(join(folder, 'tokenizer_config.json'), '{"do_lower_case":true,"token_type_rule":"word-case"}')
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('bert-ner tokenize', () => {
  test('prints each step', async () => {
    expect(await run('tokenize', '--model', folder, 'Élan', 'VITAL![SEP]')).toEqual({
      status: 0,
      stderr: '',
      stdout: [
        'text         "Élan VITAL!"',
        'cleaned      "Élan VITAL!"',
        'normalized   "elan vital!"',
        'words        elan | vital | !',
        '',
        'added token  "[SEP]"',
        '',
        'id  type  word  offsets  piece',
        ' 2     0                 [CLS]',
        ' 5     2     0      0–2  el',
        ' 6     2     0      2–4  ##an',
        ' 7     3     1     5–10  vital',
        ' 8     0     2    10–11  !',
        ' 3     0     3    11–16  [SEP]',
        ' 3     0                 [SEP]',
        '',
      ].join('\n'),
    })
  })

  test('--json is what explain gives', async () => {
    const { status, stdout } = await run('tokenize', '--json', '--tokenizer', vocab, 'elan')
    expect(status).toBe(0)
    expect((JSON.parse(stdout) as Explanation).encoding).toMatchObject({
      ids: [2, 5, 6, 3],
      offsets: [
        [0, 0],
        [0, 2],
        [2, 4],
        [0, 0],
      ],
    })
  })

  test('standard input, literal special tokens, code points', async () => {
    const options = ['--special-tokens', 'literal', '--offset-unit', 'codepoint', '--json']
    const { stdout } = await runWith({ input: '😀 elan [SEP]' }, 'tokenize', '--model', folder, ...options)
    const { encoding } = JSON.parse(stdout) as Explanation
    expect(encoding.tokens).toEqual(['[CLS]', '😀', 'el', '##an', '[UNK]', '[UNK]', '[UNK]', '[SEP]'])
    expect(encoding.offsets.slice(1, 4)).toEqual([
      [0, 1],
      [2, 4],
      [4, 6],
    ])
  })

  test('a long text: more rows than a call takes arguments', async () => {
    const { status, stdout, stderr } = await runWith({ input: '!'.repeat(200_000) }, 'tokenize', '--model', folder)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('\n 8     0  199999  199999–200000  !\n')
  })

  test('control characters are shown, not obeyed', async () => {
    const { stdout } = await runWith({ input: 'a\x1b[31mb\n' }, 'tokenize', '--model', folder)
    expect(stdout).toContain('text         "a\\u001b[31mb\\u000a"')
  })

  test('failures: one line with a next step', async () => {
    const none = join(folder, 'none')
    expect(await run('tokenize', '--model', none, 'x')).toEqual({
      status: 1,
      stdout: '',
      stderr: `bert-ner: ${none}: expected a folder, for it was read as a path, found no such folder. Check the path; a name of the hub is owner/name.\n`,
    })
    const latin1 = await runWith({ input: new Uint8Array([0x63, 0xe9]) }, 'tokenize', '--model', folder)
    expect(latin1.status).toBe(1)
    expect(latin1.stderr).toMatch(/^bert-ner: standard input, line 1: expected text in UTF-8, .* iconv .*\n$/)
    expect((await run('tokenize', '--model', vocab, 'x')).stderr).toMatch(/^bert-ner: [^\n]+ found a file\. [^\n]+\n$/)
    expect((await run('tokenize', '--tokenizer', folder, 'x')).stderr).toMatch(/ found a folder\. [^\n]+\n$/)
    const binary = join(folder, 'binary')
    writeFileSync(binary, new Uint8Array([0x5b, 0xff, 0x0a]))
    expect((await run('tokenize', '--tokenizer', binary, 'x')).stderr).toContain('expected text in UTF-8')
    const noTokenizer = await run('tokenize', '--tokenizer', 'package.json', 'x')
    expect(noTokenizer.status).toBe(1)
    expect(noTokenizer.stderr).toMatch(/^bert-ner: [^\n]+\n$/)
  })

  test('wrong usage: status 2', async () => {
    expect((await run('tokenize', '--model', folder, '--tokenizer', vocab, 'x')).status).toBe(2)
    const wrong = await run('tokenize', '--special-tokens', 'never', 'x')
    expect(wrong.status).toBe(2)
    expect(wrong.stderr).toContain("Run 'bert-ner tokenize --help' for what it takes.")
  })
})
