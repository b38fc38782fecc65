/** The HTTP service, `createHandler`, in Node, Deno, Bun and workerd: each behind the server that the runtime has. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TEXT } from '../app/measure.js'
import { ENTITIES } from '../lib/expected.mjs'
import { workerd } from '../lib/workerd.mjs'
import { example, fresh, node, program, run, shop, tool, write } from '../lib/workshop.mjs'

/** Asks a service as its clients do. → [status, body] of each answer */
async function asking(ask) {
  const post = (path, body) =>
    ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
  const inputs = "Angela Merkel met Tim Cook at Apple's office in Berlin."
  const answers = []
  for (const response of [
    await post('/', { inputs, parameters: { aggregation_strategy: 'first' } }),
    await post('/redact', { inputs }),
    await post('/', { inputs: 1 }),
    await ask('/ready'),
    await ask('/metrics'),
  ]) {
    const isJson = response.headers.get('content-type').startsWith('application/json')
    answers.push([response.status, isJson ? await response.json() : await response.text()])
  }
  return answers
}

function check([tagged, redacted, refused, ready, metrics]) {
  assert.equal(tagged[0], 200)
  const found = tagged[1].map(({ entity_group, start, end }) => [entity_group, TEXT.slice(start, end), start, end])
  assert.deepEqual(found, ENTITIES)
  assert.deepEqual([redacted[0], redacted[1].text], [200, "[PER_1] met [PER_2] at [ORG_1]'s office in [LOC_1]."])
  assert.deepEqual([refused[0], refused[1].code], [400, 'OPTION_VALUE'])
  assert.deepEqual(ready, [200, { status: 'ready' }])
  assert.match(metrics[1], /bert_ner_requests_total\{route="\/",code="200"\} 1/)
}

const SERVING = `
import { pipeline } from 'bert-ner'
import { createHandler } from 'bert-ner/serve'
const ner = await pipeline('token-classification')
const handler = createHandler(ner)
`

const SERVERS = {
  node: [() => [node(20)], 'const ask = (path, init) => handler(new Request(`http://service${path}`, init))'],
  deno: [
    () => [
      program(`@deno/${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}/deno`, 'Deno'),
      ...['run', '--no-prompt', '--quiet', '--node-modules-dir=manual', '--allow-net=127.0.0.1'],
      `--allow-read=${join(shop, 'node_modules/bert-ner')}`,
    ],
    `const server = Deno.serve({ hostname: '127.0.0.1', port: 0, onListen() {} }, handler)
     const ask = (path, init) => fetch(\`http://127.0.0.1:\${server.addr.port}\${path}\`, init)`,
  ],
  bun: [
    () => [program(`@oven/bun-${process.platform}-${process.arch.replace('arm64', 'aarch64')}/bin/bun`, 'Bun')],
    `const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: request => handler(request) })
     const ask = (path, init) => fetch(new URL(path, server.url), init)`,
  ],
}

const WORKER = `
import { pipeline, sourceFromUrl } from 'bert-ner'
import { createHandler } from 'bert-ner/serve'
import wasm from 'bert-ner/simd-relaxed.wasm'
let handler
export default {
  async fetch(request, env) {
    const model = sourceFromUrl('https://assets.local/', { fetch: url => env.ASSETS.fetch(url) })
    handler ??= createHandler(await pipeline('token-classification', model, { wasm }))
    return handler(request)
  },
}
`

export const cases = [
  {
    name: 'serve',
    async *run() {
      for (const [where, [command, server]] of Object.entries(SERVERS)) {
        const folder = fresh(`serve-${where}`)
        write(folder, {
          'serve.mjs': `${SERVING}${server}\n${asking}\nconsole.log(JSON.stringify(await asking(ask)))\nprocess.exit(0)\n`,
        })
        const [runtime, ...args] = command()
        const printed = await run(runtime, [...args, join(folder, 'serve.mjs')], { cwd: folder })
        check(JSON.parse(printed.trim().split('\n').at(-1)))
        yield { where: `createHandler, ${where}` }
      }
      yield { where: `createHandler, ${await inWorkerd()}` }
    },
  },
]

async function inWorkerd() {
  const folder = example('cloudflare-worker')
  write(folder, { 'worker.js': WORKER })
  await tool('wrangler', ['deploy', '--dry-run', '--outdir', 'out'], { cwd: folder })
  const [, compatibilityDate] = /"compatibility_date": "(.*?)"/.exec(
    readFileSync(join(folder, 'wrangler.jsonc'), 'utf8'),
  )
  const assets = join(folder, 'node_modules/bert-ner/weights')
  const worker = await workerd(join(folder, 'out'), assets, { compatibilityDate })
  try {
    const { url } = await worker.get('/health')
    check(await asking((path, init) => fetch(new URL(path, url), init)))
  } finally {
    await worker.stop()
  }
  return 'workerd'
}
