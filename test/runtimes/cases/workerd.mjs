/** Cloudflare: examples/cloudflare-worker, built by wrangler and run by workerd, with and without its parts of Node. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LONG, TEXT } from '../app/measure.js'
import { gzipped } from '../lib/browser.mjs'
import { ENTITIES } from '../lib/expected.mjs'
import { workerd } from '../lib/workerd.mjs'
import { example, tool } from '../lib/workshop.mjs'

/** The most bytes of script, compressed, and of memory: Cloudflare ends a worker at 128 MB. */
const [MOST_SCRIPT, MOST_MEMORY] = [60_000, 128 * 2 ** 20]

export const cases = [
  {
    name: 'workerd',
    async *run() {
      for (const compatibilityFlags of [[], ['nodejs_compat']]) {
        const folder = example('cloudflare-worker')
        const flags = compatibilityFlags.flatMap(flag => ['--compatibility-flags', flag])
        await tool('wrangler', ['deploy', '--dry-run', '--outdir', 'out', ...flags], { cwd: folder })
        const out = join(folder, 'out')
        const script = gzipped(out, ['worker.js'])
        assert.ok(script <= MOST_SCRIPT, `expected at most ${MOST_SCRIPT} bytes of script, found ${script}`)
        const [, compatibilityDate] = /"compatibility_date": "(.*?)"/.exec(
          readFileSync(join(folder, 'wrangler.jsonc'), 'utf8'),
        )
        const assets = join(folder, 'node_modules/bert-ner/weights')
        const worker = await workerd(out, assets, { compatibilityDate, compatibilityFlags })
        try {
          yield { where: ['assets', ...compatibilityFlags].join(', '), script, ...(await measure(worker)) }
        } finally {
          await worker.stop()
        }
      }
    },
  },
]

async function measure(worker) {
  assert.equal((await worker.get('/model.safetensors')).status, 405, 'the weights are nobody else’s')
  const idle = worker.memory().now
  const [entities, cold] = await worker.post(TEXT)
  assert.deepEqual(
    entities.map(({ entity_group, start, end }) => [entity_group, TEXT.slice(start, end), start, end]),
    ENTITIES,
  )
  const short = await median(worker, TEXT)
  const long = await median(worker, LONG)
  const memory = worker.memory().peak - idle
  assert.ok(!(memory > MOST_MEMORY), `expected at most ${MOST_MEMORY} bytes more than an idle worker, found ${memory}`)
  return { threads: 1, cold, short, long, memory: Number.isNaN(memory) ? undefined : memory }
}

async function median(worker, text) {
  const times = []
  for (let i = 0; i < 15; i++) times.push((await worker.post(text))[1])
  return times.sort((a, b) => a - b)[7]
}
