/** Programs for Node that are bundled, or run by a test runner: esbuild for Node, a single executable, Jest with jsdom. */
import assert from 'node:assert/strict'
import { chmodSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { check, ENTITIES } from '../lib/expected.mjs'
import { app, fresh, node, run, shop, tool, write } from '../lib/workshop.mjs'

const bertNer = join(shop, 'node_modules/bert-ner')
const WEIGHTS = ['config.json', 'tokenizer_config.json', 'vocab.txt', 'model.safetensors']
const measurement = printed => JSON.parse(printed.trim().split('\n').at(-1))

/** A folder with the programs of app/, and more files. */
function programs(name, files = {}) {
  const folder = fresh(name)
  cpSync(app, folder, { recursive: true })
  write(folder, files)
  return folder
}

/** Bundles a program for Node into dist/. */
function bundle(folder, entry, ...flags) {
  return tool('esbuild', [entry, '--bundle', '--platform=node', ...flags], { cwd: folder })
}

/** A program in one file: the model's files and the WebAssembly come out of the executable, as they would out of any archive. */
const SINGLE = `const { getRawAsset } = require('node:sea')
const { pipeline } = require('bert-ner/inline')
const { measure } = require('./measure.js')
const { tell } = require('./node/tell.mjs')

const files = Object.fromEntries(${JSON.stringify(WEIGHTS)}.map(name => [name, new Uint8Array(getRawAsset(name))]))
measure(pipeline, files).then(tell)
`

/** jsdom has no TextDecoder, and an error says so; with Node's, as it says, everything works. */
const JEST = `import { expect, test } from '@jest/globals'
import { pipeline } from 'bert-ner'
import { TextDecoder } from 'node:util'

test('an error names what jsdom lacks', async () => {
  expect(document.body).toBeDefined()
  expect(globalThis.TextDecoder).toBeUndefined()
  await expect(pipeline('token-classification')).rejects.toThrow(/^TextDecoder: .* set globalThis.TextDecoder/)
})

test('with it, the names of a text are found', async () => {
  globalThis.TextDecoder = TextDecoder
  const ner = await pipeline('token-classification')
  const entities = await ner("Angela Merkel met Tim Cook at Apple's office in Berlin.", { aggregation_strategy: 'first' })
  expect(entities.map(({ entity_group, start, end }) => [entity_group, start, end])).toEqual(${JSON.stringify(
    ENTITIES.map(([type, , start, end]) => [type, start, end]),
  )})
  await ner.dispose()
})
`

export const cases = [
  {
    name: 'esbuild-node',
    async *run() {
      const folder = programs('esbuild-node')
      await bundle(folder, 'node/esm.mjs', '--format=esm', '--external:bert-ner', '--outfile=out/outside.mjs')
      yield {
        where: 'bert-ner outside of the bundle',
        ...check(measurement(await run(node(20), ['out/outside.mjs'], { cwd: folder }))),
      }
      // Addresses count from the bundle: its folder and name make them those of the package.
      const place = join(folder, 'app/dist/bundle')
      await bundle(folder, 'node/esm.mjs', '--format=esm', `--outfile=${join(place, 'main.mjs')}`)
      cpSync(join(bertNer, 'weights'), join(folder, 'app/weights'), { recursive: true })
      cpSync(join(bertNer, 'dist/kernels'), join(folder, 'app/dist/kernels'), { recursive: true })
      yield {
        where: 'bert-ner in the bundle, its files beside it',
        ...check(measurement(await run(node(20), [join(place, 'main.mjs')], { cwd: folder }))),
      }
    },
  },
  {
    name: 'sea',
    all: true,
    async *run() {
      const folder = programs('sea', { 'single.cjs': SINGLE })
      await bundle(folder, 'single.cjs', '--format=cjs', '--outfile=out.cjs')
      const assets = Object.fromEntries(WEIGHTS.map(name => [name, join(bertNer, 'weights', name)]))
      write(folder, {
        'sea.json': JSON.stringify({
          main: 'out.cjs',
          output: 'sea.blob',
          disableExperimentalSEAWarning: true,
          assets,
        }),
      })
      await run(node(24), ['--experimental-sea-config', 'sea.json'], { cwd: folder })
      const program = join(folder, 'names')
      cpSync(node(24), program, { dereference: true })
      chmodSync(program, 0o755)
      const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
      await tool('postject', [program, 'NODE_SEA_BLOB', 'sea.blob', '--sentinel-fuse', fuse], { cwd: folder })
      yield {
        where: 'one file',
        ...check(measurement(await run(program, [], { cwd: fresh('sea-empty') })), { threads: 1 }),
      }
    },
  },
  {
    name: 'jest',
    all: true,
    async *run() {
      const jest = join(shop, 'node_modules/jest/bin/jest.js')
      const folder = fresh('jest')
      const settings = {
        testEnvironment: join(shop, 'node_modules/jest-environment-jsdom'),
        testEnvironmentOptions: { customExportConditions: ['node'] },
        transform: {},
      }
      write(folder, {
        'package.json': JSON.stringify({ type: 'module', jest: settings }),
        'names.test.js': JEST,
      })
      const { all } = await run(node(24), ['--experimental-vm-modules', '--no-warnings', jest], { cwd: folder })
      assert.match(all, /Tests: +2 passed, 2 total/)
      yield { where: 'jsdom' }
    },
  },
]
