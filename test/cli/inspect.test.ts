/** `bert-ner inspect`, as a process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { writeSafetensors } from '../../dist/index.js'
import { run } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'bert-ner-inspect-'))
const file = join(folder, 'small.safetensors')
writeFileSync(
  file,
  writeSafetensors(
    [
      ['classifier.weight', { dtype: 'F32', shape: [2, 3], data: new Float32Array(6) }],
      ['embeddings', { dtype: 'F16', shape: [1000, 2], data: new Uint16Array(2000) }],
      ['\x1b[31mred', { dtype: 'F32', shape: [], data: new Float32Array(1) }],
    ],
    [['format', 'pt']],
  ),
)
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('bert-ner inspect', () => {
  test('lists tensors, types, shapes and parameters', async () => {
    const { status, stdout, stderr } = await run('inspect', file)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe(
      [
        '# format: pt',
        '"\\u001b[31mred"    F32   []             1',
        'classifier.weight  F32   [2, 3]         6',
        'embeddings         F16   [1000, 2]  2,000',
        `${file}: 3 tensors, 2,007 parameters, 4,028 bytes of data (F32 in 2 tensors, F16 in 1 tensor)`,
        '',
      ].join('\n'),
    )
  })

  test('--json', async () => {
    const { status, stdout } = await run('inspect', '--json', file)
    expect(status).toBe(0)
    const parsed = JSON.parse(stdout) as { tensors: unknown[] }
    expect(parsed).toMatchObject({
      file,
      metadata: { format: 'pt' },
      parameters: 2007,
      bytes: 4028,
      dtypes: { F32: { tensors: 2, parameters: 7, bytes: 28 }, F16: { tensors: 1, parameters: 2000, bytes: 4000 } },
    })
    expect(parsed.tensors[1]).toMatchObject({ name: 'classifier.weight', dtype: 'F32', shape: [2, 3], parameters: 6 })
  })

  test('--json of a file without tensors', async () => {
    const empty = join(folder, 'empty.safetensors')
    writeFileSync(empty, writeSafetensors([]))
    expect(JSON.parse((await run('inspect', empty, '--json')).stdout)).toMatchObject({ parameters: 0, tensors: [] })
  })

  test('names out of files and of files are shown, not obeyed', async () => {
    const path = join(folder, '\u009b31m.safetensors')
    const tensor = { dtype: 'U8', shape: [0], data: new Uint8Array(0) } as const
    writeFileSync(path, writeSafetensors([['a\u202e', tensor]], [['\u009bk', 'v\u2028']]))
    const table = await run('inspect', path)
    expect(table.stdout).toBe(
      `# "\\u009bk": "v\\u2028"\n"a\\u202e"  U8    [0]  0\n"${join(folder, '\\u009b31m.safetensors')}": 1 tensor, 0 parameters, 0 bytes of data (U8 in 1 tensor)\n`,
    )
    const { stdout } = await run('inspect', '--json', path)
    expect(stdout).not.toMatch(/[\u009b\u202e\u2028]/u)
    expect(JSON.parse(stdout)).toMatchObject({ file: path, tensors: [{ name: 'a\u202e' }] })
  })

  test('one long name does not make every line as long', async () => {
    const path = join(folder, 'long.safetensors')
    const tensor = { dtype: 'U8', shape: [0], data: new Uint8Array(0) } as const
    writeFileSync(path, writeSafetensors(['a', 'b'.repeat(5000)].map(name => [name, tensor] as const)))
    const lines = (await run('inspect', path)).stdout.split('\n')
    expect(lines.map(line => line.length > 200)).toEqual([false, true, false, false])
  })

  test('a model folder', async () => {
    writeFileSync(
      join(folder, 'model.safetensors.index.json'),
      '{"weight_map":{"embeddings":"small.safetensors","classifier.weight":"small.safetensors"}}',
    )
    const { status, stdout } = await run('inspect', folder)
    expect(status).toBe(0)
    expect(stdout).toContain(`${folder}: 2 tensors, 2,006 parameters`)
  })

  test('a missing file, and one that is no safetensors file: one line, status 1', async () => {
    expect(await run('inspect', join(folder, 'none'))).toEqual({
      status: 1,
      stdout: '',
      stderr: `bert-ner: ${join(folder, 'none')}: no such file or folder. Check the path.\n`,
    })
    const { status, stdout, stderr } = await run('inspect', 'package.json')
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^bert-ner: package\.json: header: expected at most 100000000 bytes, found \d+\. .+\n$/)
  })

  test('no file, or two: wrong usage, status 2', async () => {
    const { status, stderr } = await run('inspect')
    expect(status).toBe(2)
    expect(stderr).toBe(
      "bert-ner: missing required argument 'file'. Run 'bert-ner inspect --help' for what it takes.\n",
    )
    expect((await run('inspect', file, file)).status).toBe(2)
  })
})
