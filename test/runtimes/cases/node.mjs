/** Node 20, 22 and 24, Deno and Bun: ES modules, require, the package's worker, a worker of one's own. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { check } from '../lib/expected.mjs'
import { app, fresh, node, program, run, shop } from '../lib/workshop.mjs'

const PROGRAMS = [
  ['esm.mjs', 'import'],
  ['require.cjs', 'require'],
  ['packaged-worker.mjs', 'bert-ner/worker'],
  ['own-worker.mjs', 'worker_threads'],
]

/** The command that runs a file. Deno may read the package and nothing else; what is imported it reads anyway, but not in a worker of ours. */
const RUNTIMES = {
  'node-20': () => [node(20)],
  'node-22': () => [node(22)],
  'node-24': () => [node(24)],
  deno: file => [
    program(denoPath(), 'Deno'),
    'run',
    '--no-prompt',
    '--quiet',
    '--node-modules-dir=manual',
    `--allow-read=${[join(shop, 'node_modules/bert-ner'), ...(file.endsWith('own-worker.mjs') ? [join(shop, 'deno')] : [])].join()}`,
    '--allow-sys=cpus', // the test's own: os.availableParallelism
  ],
  bun: () => [program(`@oven/bun-${process.platform}-${process.arch.replace('arm64', 'aarch64')}/bin/bun`, 'Bun')],
}

function denoPath() {
  const system = process.platform === 'linux' ? `linux-${process.arch}-glibc` : `${process.platform}-${process.arch}`
  return `@deno/${system}/deno`
}

export const cases = Object.entries(RUNTIMES).map(([name, command]) => ({
  name,
  async *run() {
    const folder = fresh(name)
    cpSync(app, folder, { recursive: true })
    for (const [file, where] of PROGRAMS) {
      const path = join(folder, 'node', file)
      const [runtime, ...args] = command(path)
      const printed = await run(runtime, [...args, path], { cwd: folder })
      yield { where, ...check(JSON.parse(printed.trim().split('\n').at(-1))) }
    }
  },
}))
