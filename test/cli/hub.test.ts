import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { HubServer } from '../helpers/hub-server.ts'
import { tinyModel } from '../helpers/tiny-model.ts'
import { runWith } from './run.ts'

const COMMIT = '1'.repeat(40)
const NAME = 'some/model'
const server = new HubServer()
let root: string
let snapshot: string

beforeAll(async () => {
  await server.start()
  server.repos.set(NAME, { commits: new Map([[COMMIT, tinyModel()]]), refs: new Map([['main', COMMIT]]) })
  root = await mkdtemp(join(tmpdir(), 'bert-ner-hub-'))
  snapshot = join(root, 'hub', 'models--some--model', 'snapshots', COMMIT)
})
afterAll(async () => {
  await server.stop()
  await rm(root, { recursive: true })
})

const run = (...args: string[]) => runWith({ env: { HF_ENDPOINT: server.endpoint, HF_HOME: root } }, ...args)

describe('models of the hub', () => {
  test('an empty cache', async () => {
    expect(await run('models')).toEqual({ status: 0, stdout: `No models in ${join(root, 'hub')}.\n`, stderr: '' })
    expect(JSON.parse((await run('models', '--json')).stdout)).toEqual([])
  })

  test('download prints the folder alone', async () => {
    expect(await run('download', NAME)).toEqual({ status: 0, stdout: `${snapshot}\n`, stderr: '' })
    const { stdout } = await run('download', `${NAME}@${COMMIT}`, '--json')
    expect(JSON.parse(stdout)).toEqual({ model: NAME, revision: COMMIT, commit: COMMIT, folder: snapshot, fetched: [] })
  })

  test('--model takes a name, as it takes the folder', async () => {
    const [byName, byFolder] = await Promise.all([
      run('--model', NAME, '--format', 'json', 'My name is Wolfgang'),
      run('--model', snapshot, '--format', 'json', 'My name is Wolfgang'),
    ])
    expect(byName).toEqual(byFolder)
    expect(byName.status).toBe(0)
    expect(await run('tokenize', '--model', NAME, 'Wolfgang')).toEqual(await run('tokenize', '--model', snapshot, 'Wolfgang')) // prettier-ignore
  })

  test('models lists what is there', async () => {
    const { stdout } = await run('models')
    expect(stdout).toMatch(/^model +revision +commit +size +verified +last used\nsome\/model +main +111111111111 +[\d.]+ MB +yes +20\d\d-\d\d-\d\d\n$/) // prettier-ignore
    const [model] = JSON.parse((await run('models', '--json')).stdout) as object[]
    expect(model).toMatchObject({ model: NAME, commit: COMMIT, revisions: ['main'], verified: true, folder: snapshot })
  })

  test('verify finds a byte that changed, and says what mends it', async () => {
    expect((await run('verify', NAME)).status).toBe(0)
    const path = join(snapshot, 'vocab.txt')
    const bytes = await readFile(path)
    await writeFile(
      path,
      bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte)),
    )
    const { status, stdout, stderr } = await run('verify', NAME)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^damaged .* vocab\.txt$/m)
    expect(stderr).toBe(`bert-ner: ${NAME}: not all files are as the hub has them. Run: bert-ner download ${NAME} --force\n`) // prettier-ignore
    const { verified, files } = JSON.parse((await run('verify', NAME, '--json')).stdout) as { verified: boolean; files: { file: string; status: string }[] } // prettier-ignore
    expect(verified).toBe(false)
    expect(files.filter(file => file.status !== 'ok').map(({ file }) => file)).toEqual(['vocab.txt'])
    await run('download', NAME, '--force')
    expect((await run('verify', NAME)).status).toBe(0)
  })

  test('a path that is not there makes no request', async () => {
    server.requests.length = 0
    const { status, stderr } = await run('--model', './some/model', 'text')
    expect([status, stderr]).toEqual([1, expect.stringContaining('it was read as a path')])
    expect(server.requests).toEqual([])
  })

  /** Through `script`, which gives a program a terminal; what it shows, with standard output in it. */
  const hasTerminal = process.platform === 'linux' && spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0
  const onTerminal = async (env: NodeJS.ProcessEnv) => {
    server.fault = ({ stage, response, bytes = new Uint8Array() }) => {
      if (stage !== 'large') return false
      response.writeHead(200, { 'content-length': bytes.byteLength })
      const drip = (i: number) => {
        const part = bytes.subarray((i * bytes.length) / 8, ((i + 1) * bytes.length) / 8)
        if (i === 8) response.end()
        else response.write(part, () => setTimeout(drip, 100, i + 1))
      }
      drip(0)
      return true
    }
    const command = `${process.execPath} dist/cli.js download ${NAME} --force`
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, HF_ENDPOINT: server.endpoint, HF_HOME: root, TERM: 'xterm', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const shown = await text(child.stdout)
    server.reset()
    return shown
  }

  ;(hasTerminal ? test : test.skip)(
    'on a terminal, a bar with rate and time left, unless it is not wanted',
    async () => {
      const shown = await onTerminal({ HF_HUB_DISABLE_PROGRESS_BARS: undefined })
      expect(shown).toMatch(/model\.safetensors █+░+ \d+% \| \d+\.\d of \d+\.\d MB \| \d+\.\d MB\/s \| \d+ s left/)
      // Gone at the end, and the cursor back.
      expect(shown.lastIndexOf('\x1b[?25h')).toBeGreaterThan(shown.lastIndexOf('█'))
      expect(shown.trimEnd().endsWith(snapshot)).toBe(true)
      expect(await onTerminal({ HF_HUB_DISABLE_PROGRESS_BARS: '1' })).toBe(`${snapshot}\r\n`)
    },
    30_000,
  )

  test('the hub is down: the cached model answers, with one line on standard error', async () => {
    server.fault = ({ response }) => Boolean(response.writeHead(503).end())
    const { status, stdout, stderr } = await run('download', NAME)
    server.reset()
    expect([status, stdout]).toEqual([0, `${snapshot}\n`])
    expect(stderr.split('\n')).toEqual([expect.stringMatching(/^bert-ner: .*cached commit 1{40} of some\/model is used\.$/), '']) // prettier-ignore
  })
})
