/**
 * Tries the package, as it would be published, in the builds and runtimes where people use it: `npm run test:runtimes`.
 * `-- --all` adds what takes long, `-- --only NAME` takes one case, `-- --list` names them, `-- --write` keeps the figures for
 * docs/runtimes.md. It fails if a case fails; a case that cannot be tried here is named and counted as skipped.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { keep, table } from './lib/results.mjs'
import { install, node, Skip } from './lib/workshop.mjs'

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    list: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})

const folder = join(import.meta.dirname, 'cases')
const modules = await Promise.all(
  readdirSync(folder)
    .sort()
    .map(file => import(join(folder, file))),
)
const known = modules.flatMap(({ cases }) => cases)
const unknown = values.only.filter(name => !known.some(one => one.name === name))
if (values.list || unknown.length > 0) {
  if (unknown.length > 0) console.error(`test:runtimes: no case ${unknown.join(', ')}; there are:`)
  for (const { name, all } of known) console.log(all ? `${name} (--all)` : name)
  process.exit(unknown.length > 0 ? 2 : 0)
}
const chosen = known.filter(({ name, all }) =>
  values.only.length > 0 ? values.only.includes(name) : values.all || !all,
)
if (!process.env.BERT_NER_RUNTIMES_READY) await install({ all: chosen.some(({ all }) => all) })
// Some of the tools want a newer Node than the package does.
if (Number.parseInt(process.versions.node) < 22) {
  const env = { ...process.env, BERT_NER_RUNTIMES_READY: 'yes' }
  process.exit(spawnSync(node(24), process.argv.slice(1), { stdio: 'inherit', env }).status ?? 1)
}

const outcome = { passed: [], skipped: [], failed: [] }
const rows = []
for (const { name, run } of chosen) {
  const began = performance.now()
  const found = []
  try {
    for await (const row of run()) found.push({ name, ...row })
    outcome.passed.push(name)
    console.log(`✓ ${name}, ${Math.round((performance.now() - began) / 1000)} s\n${table(found)}`)
    rows.push(...found)
  } catch (error) {
    const skip = error instanceof Skip
    outcome[skip ? 'skipped' : 'failed'].push(name)
    console.log(
      skip ? `– ${name} skipped: ${error.message}` : `✗ ${name}${table(found)}\n${error.message}\n${error.stack}`,
    )
  }
}
if (values.write)
  keep(
    rows,
    known.map(({ name }) => name),
  )
const count = kind =>
  `${outcome[kind].length} ${kind}${kind === 'passed' || outcome[kind].length === 0 ? '' : ` (${outcome[kind].join(', ')})`}`
console.log(`\n${count('passed')}, ${count('skipped')}, ${count('failed')}`)
process.exitCode = outcome.failed.length > 0 ? 1 : 0
