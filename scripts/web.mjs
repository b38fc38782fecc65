/**
 * Starts, builds or tests the page: `node scripts/web.mjs dev | build | test`. The page's own libraries are installed the first time, and
 * anew when its lock file changes. A build fails if what a first visit loads, without the model, is too large. Tests build first, and
 * fail if there is no Chromium and none can be installed; `--write` then keeps a screenshot as the picture of the README.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** The most bytes of script at a first visit, compressed: the page, and the worker that it starts. */
const MOST_SCRIPT = 120_000
/** The most bytes of the whole folder: the model, the page, and tfjs, once for each of its devices, for who chooses it. */
const MOST = 29_000_000

const web = join(import.meta.dirname, '../web')
const [command = 'dev'] = process.argv.slice(2)
const installed = join(web, 'node_modules/.package-lock.json')
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(join(web, 'package-lock.json')).mtimeMs) {
  // The package itself is linked and built already: its scripts need not run again.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
}
run('npm', ['run', '--silent', command === 'test' ? 'build' : command])
if (command !== 'dev') check(join(web, 'dist'))
if (command === 'test' && !process.exitCode) await test()

async function test() {
  const { executablePath, skip } = await import('../web/test/visit.mjs')
  const isRoot = process.platform === 'linux' && process.getuid() === 0
  if (skip && !process.env.CHROMIUM && isRoot && spawnSync('apt-get', ['--version']).status === 0) {
    run('apt-get', ['update', '-qq'])
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'])
  }
  if (skip && !existsSync(executablePath)) {
    fail(`${skip}, or CHROMIUM=PATH`)
    return
  }
  const files = readdirSync(join(web, 'test')).filter(name => name.endsWith('.test.mjs'))
  // One file at a time: each has a browser and a model at work.
  run(process.execPath, ['--test', '--test-concurrency=1', ...files.map(name => join('test', name))])
  if (process.argv.includes('--write')) {
    copyFileSync(join(web, 'test/screenshots/first-1280.png'), join(web, '../docs/page.png'))
  }
}

function run(program, args) {
  const { status } = spawnSync(program, args, { cwd: web, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

function check(folder) {
  const html = readFileSync(join(folder, 'index.html'), 'utf8')
  const first = Array.from(html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g), ([, path]) => path)
  const assets = readdirSync(join(folder, 'assets'))
  first.push(...assets.filter(name => /^script-.*\.js$/.test(name)).map(name => `assets/${name}`))
  const loaded = new Set(first)
  for (const path of loaded) {
    const code = readFileSync(join(folder, path), 'utf8')
    // Static imports alone: others are fetched once they are wanted.
    for (const [, name] of code.matchAll(/(?:\bfrom|\bimport)\s*["']\.\/([^"']+\.js)["']/g))
      loaded.add(`assets/${name}`)
  }
  const script = [...loaded].reduce((sum, path) => sum + gzipSync(readFileSync(join(folder, path))).length, 0)
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
  console.log(`First visit: ${script} bytes of script, compressed. The folder: ${all} bytes.`)
  if (first.length < 2) fail('no script was found in the build')
  if (script > MOST_SCRIPT) fail(`expected at most ${MOST_SCRIPT} bytes of script at a first visit`)
  if (all > MOST) fail(`expected a folder of at most ${MOST} bytes`)
}

function fail(message) {
  console.error(`web: ${message}`)
  process.exitCode = 1
}
