/**
 * One cache for two programs: what Python's huggingface_hub fetched is found, and the other way round. Skipped, and counted as
 * such, where there is no Python with it: BERT_NER_PYTHON, or .venv/bin/python, made as test/reference/README.md says.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { listModels, verifySnapshot } from '../../../dist/node/hub/inventory.js'
import { locateModel } from '../../../dist/node/hub/model.js'
import { HubServer } from '../../helpers/hub-server.ts'
import { tinyModel } from '../../helpers/tiny-model.ts'

const python = process.env.BERT_NER_PYTHON ?? '.venv/bin/python'
const isThere = existsSync(python)
const COMMIT = '1'.repeat(40)
const NAME = 'some/model'
const server = new HubServer()
let cache_dir: string
const saved = { ...process.env }

beforeAll(async () => {
  await server.start()
  server.repos.set(NAME, { commits: new Map([[COMMIT, tinyModel()]]), refs: new Map([['main', COMMIT]]) })
  process.env = { ...saved, HF_ENDPOINT: server.endpoint, HF_HUB_DISABLE_XET: '1', HF_HUB_DISABLE_TELEMETRY: '1' }
})
afterAll(async () => {
  await server.stop()
  process.env = saved
})
beforeEach(async () => {
  cache_dir = await mkdtemp(join(tmpdir(), 'bert-ner-python-'))
  server.reset()
})
afterEach(() => rm(cache_dir, { recursive: true }))

async function run(command: 'fetch' | 'find'): Promise<{ folder: string; models: unknown; warnings: string[] }> {
  const { stdout } = await promisify(execFile)(python, ['test/reference/hub_cache.py', command, cache_dir, NAME], {
    env: process.env,
  })
  return JSON.parse(stdout) as { folder: string; models: unknown; warnings: string[] }
}

const ifPython = isThere ? test : test.skip

describe('one cache with huggingface_hub', () => {
  ifPython(
    'what Python fetched is found, whole, without a request',
    async () => {
      const { folder } = await run('fetch')
      server.requests.length = 0
      const located = await locateModel(NAME, { cache_dir, local_files_only: true })
      expect(located).toMatchObject({ folder, hub: { commit: COMMIT } })
      expect(server.requests).toEqual([])
      expect(await listModels(cache_dir)).toMatchObject([{ model: NAME, revisions: ['main'], verified: false }])
      expect((await verifySnapshot(folder)).every(({ status }) => status === 'ok')).toBe(true)
      expect(await listModels(cache_dir)).toMatchObject([{ verified: true }])
    },
    120_000,
  )

  ifPython(
    'its listing says which files do not exist: the hub is asked for the commit alone',
    async () => {
      await run('fetch')
      server.requests.length = 0
      expect((await locateModel(NAME, { cache_dir })).hub?.fetched.size).toBe(0)
      expect(server.requests).toHaveLength(1)
    },
    120_000,
  )

  ifPython(
    'what we fetched is found by Python, which has nothing to complain about',
    async () => {
      const { folder } = await locateModel(NAME, { cache_dir })
      server.requests.length = 0
      expect(await run('find')).toEqual({ folder, models: { [NAME]: { [COMMIT]: ['main'] } }, warnings: [] })
      expect(server.requests).toEqual([])
      // With a network it completes what is not on our list, and fetches nothing twice.
      expect((await run('fetch')).folder).toBe(folder)
      expect(server.requests.filter(({ stage }) => ['get', 'large', 'resume'].includes(stage))).toEqual([])
    },
    120_000,
  )
})
