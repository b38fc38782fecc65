/** `bert-ner convert`, and `inspect --verify`, as processes. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readSafetensors } from '../../dist/index.js'
import { HubServer } from '../helpers/hub-server.ts'
import { tinyModel } from '../helpers/tiny-model.ts'
import { torchFile } from '../helpers/torch-file.ts'
import { run, runWith } from './run.ts'

const server = new HubServer()
const model = tinyModel()
let root: string
const path = (...parts: string[]) => join(root, ...parts)

async function writeModel(folder: string, files: Record<string, Uint8Array>): Promise<void> {
  await mkdir(folder)
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
}

/** The same model, with its weights as PyTorch saves them. */
const pickled = Object.fromEntries(
  Object.entries(model).map(([name, bytes]) =>
    name === 'model.safetensors' ? ['pytorch_model.bin', torchFile(readSafetensors(bytes).tensors)] : [name, bytes],
  ),
)

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bert-ner-convert-'))
  await writeModel(path('in'), model)
  await writeModel(path('pickled'), pickled)
  await server.start()
  const commits = new Map([['1'.repeat(40), pickled]])
  server.repos.set('some/pickle', { commits, refs: new Map([['main', '1'.repeat(40)]]) })
})
afterAll(async () => {
  await server.stop()
  await rm(root, { recursive: true })
})

const texts = ['--format', 'json', 'My name is Wolfgang']

describe('bert-ner convert', () => {
  test('writes a folder that answers, says what each weight lost, and leaves no draft', async () => {
    const { status, stdout, stderr } = await run('convert', path('in'), path('out'))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^bert\.embeddings\.word_embeddings\.weight +F32 +I8 +[\d.]+ +[\d.]+ +[\d.e-]+ +[\d.]+ %$/m)
    expect(stdout).toMatch(/^.*\/out: [\d.]+ → [\d.]+ MB of weights \(\d+ %\)$/m)
    expect(stdout).toMatch(/^logits of one sentence .* differ by [\d.]+ at most; /m)
    expect((await readdir(root)).sort()).toEqual(['in', 'out', 'pickled'])
    expect((await run('--model', path('out'), ...texts)).status).toBe(0)
  })

  test('inspect --verify, and a weight that changed', async () => {
    const good = await run('inspect', '--verify', path('out'))
    expect(good).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/largest difference [\de.-]+ from the logits/),
    })
    const file = path('out', 'model.safetensors')
    const bytes = await readFile(file)
    await writeFile(file, Uint8Array.from(bytes).fill(1, bytes.length - 600))
    const bad = await run('inspect', '--verify', '--json', file)
    expect(bad).toMatchObject({ status: 1, stderr: expect.stringContaining('not the answer') })
    expect(JSON.parse(bad.stdout)).toMatchObject({ file, isGood: false })
    expect(await run('inspect', '--verify', path('in'))).toMatchObject({ status: 1, stderr: expect.stringContaining('expected bert_ner_check') }) // prettier-ignore
  })

  test('pytorch_model.bin: refused as a model, with the command that reads it', async () => {
    const refused = await run('--model', path('pickled'), 'text')
    expect(refused.status).toBe(1)
    expect(refused.stderr).toMatch(/pytorch_model\.bin: a pickle of PyTorch\. .*bert-ner convert FOLDER OUT/)
    expect((await run('convert', path('pickled'), path('read'), '--store', 'f32')).status).toBe(0)
    const [read, known] = await Promise.all([
      run('--model', path('read'), ...texts),
      run('--model', path('in'), ...texts),
    ])
    expect(read).toEqual(known)
  })

  test('of the hub, a .bin is fetched for this command alone', async () => {
    const env = { HF_ENDPOINT: server.endpoint, HF_HOME: path('home') }
    const refused = await runWith({ env }, '--model', 'some/pickle', 'text')
    expect(refused.stderr).toMatch(/pytorch_model\.bin: a pickle of PyTorch\. .*bert-ner convert some\/pickle OUT/)
    expect(server.requests.filter(({ file, method }) => file.endsWith('.bin') && method === 'GET')).toEqual([])
    const done = await runWith({ env }, 'convert', 'some/pickle', path('fetched'), '--json')
    expect(done.status).toBe(0)
    expect(JSON.parse(done.stdout)).toMatchObject({ from: 'some/pickle', store: 'int8', proof: { isGood: true } })
    // From the cache it works offline, and as a model it is as refused as before.
    expect(
      (await runWith({ env: { ...env, HF_HUB_OFFLINE: '1' } }, 'convert', 'some/pickle', path('again'))).status,
    ).toBe(0)
    expect((await runWith({ env }, '--model', 'some/pickle', 'text')).status).toBe(1)
    expect((await runWith({ env }, 'inspect', 'some/pickle')).stderr).toMatch(/bert-ner convert some\/pickle OUT/)
  })

  test('--eval: F1 before and after', async () => {
    const file = path('some.conll')
    await writeFile(file, 'My O\nname O\nis O\nWolf B-PER\ngang I-PER\n\n'.repeat(3))
    const { status, stdout } = await run('convert', path('in'), path('scored'), '--store', 'f16', '--eval', file)
    expect(stdout).toMatch(/^F1 on .*some\.conll: \d+\.\d\d before, \d+\.\d\d after/m)
    expect([0, 1]).toContain(status)
    const missing = await run('convert', path('in'), path('never'), '--eval', path('none.conll'))
    expect([missing.status, existsSync(path('never'))]).toEqual([1, false])
  })

  test('nothing is overwritten, and a failure leaves nothing', async () => {
    const before = await readFile(path('in', 'config.json'))
    for (const out of [path('in'), path('in', 'config.json')]) {
      const { status, stderr } = await run('convert', path('in'), out)
      expect([status, stderr]).toEqual([1, expect.stringContaining('nothing is overwritten')])
    }
    expect(await readFile(path('in', 'config.json'))).toEqual(before)
    await writeModel(path('broken'), {
      ...model,
      'model.safetensors': (model['model.safetensors'] ?? before).subarray(0, 999),
    })
    expect((await run('convert', path('broken'), path('half'))).status).toBe(1)
    expect((await readdir(root)).filter(name => name.includes('half') || name.includes('part'))).toEqual([])
    expect((await run('convert', path('in'), path('x'), '--store', 'int4')).status).toBe(2)
  })
})
