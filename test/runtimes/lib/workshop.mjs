/**
 * The folder where everything is tried: the pinned tools and the packed tarball in one node_modules, and a folder for each case below
 * it. It lies outside of the repository, so nothing is found there by chance. BERT_NER_RUNTIMES names another one.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const repository = join(import.meta.dirname, '../../..')
export const app = join(import.meta.dirname, '../app')
const manifests = join(import.meta.dirname, '..')
const name = `bert-ner-runtimes-${hash(repository).slice(0, 8)}`
export const shop = process.env.BERT_NER_RUNTIMES ?? join(tmpdir(), name)

/** Thrown by a case that cannot be tried here: it counts as skipped. */
export class Skip extends Error {}

/** Installs the pinned tools, if they are not there yet, and the package as it would be published. */
export async function install({ all }) {
  mkdirSync(shop, { recursive: true })
  const lock = readFileSync(join(manifests, 'package-lock.json'), 'utf8')
  const stamp = join(shop, 'installed')
  const wanted = hash(lock)
  const [found, kind] = existsSync(stamp) ? readFileSync(stamp, 'utf8').split(' ') : []
  if (found !== wanted || (all && kind !== 'all')) {
    rmSync(stamp, { force: true })
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(manifests, file), join(shop, file))
    // Scripts are not run: what they would fetch or move is there without them.
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', ...(all ? [] : ['--omit=dev'])])
    writeFileSync(stamp, `${wanted} ${all ? 'all' : 'some'}`)
  }
  await installPackage()
}

async function installPackage() {
  await run(process.execPath, ['scripts/build.mjs', '--if-stale'], { cwd: repository })
  for (const file of readdirSync(shop)) if (file.endsWith('.tgz')) rmSync(join(shop, file))
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', shop], { cwd: repository })
  const tarball = readdirSync(shop).find(file => file.endsWith('.tgz'))
  // A project of its own, as npm leaves it for a user: the tools' lock file stays as it is.
  const folder = fresh('package')
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', join(shop, tarball)], { cwd: folder })
  const installed = join(shop, 'node_modules/bert-ner')
  rmSync(installed, { recursive: true, force: true })
  cpSync(join(folder, 'node_modules/bert-ner'), installed, { recursive: true })
}

/** An empty folder of a case. */
export function fresh(folder) {
  const path = join(shop, folder)
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
  return path
}

/** A folder with a page of app/: its main module is `entry`. Returns the folder. */
export function project(folder, entry, files = {}) {
  const path = fresh(folder)
  cpSync(app, path, { recursive: true })
  cpSync(join(app, entry), join(path, 'main.js'))
  write(path, { 'package.json': JSON.stringify({ name: 'app', private: true, type: 'module' }), ...files })
  return path
}

/** A copy of one of examples/, with the package installed in it. Returns the folder. */
export function example(name) {
  const path = fresh(`example-${name}`)
  const source = join(repository, 'examples', name)
  const own = file => !/node_modules|\.next|dist|lib|\.wrangler/.test(file.slice(source.length))
  cpSync(source, path, { recursive: true, filter: own })
  cpSync(join(shop, 'node_modules/bert-ner'), join(path, 'node_modules/bert-ner'), { recursive: true })
  return path
}

/** Where the picture of an example is kept, for people to look at. */
export function screenshot(name) {
  mkdirSync(join(shop, 'screenshots'), { recursive: true })
  return join(shop, 'screenshots', `${name}.png`)
}

export function write(folder, files) {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
}

/** Runs one of the installed tools. */
export function tool(name, args, options) {
  const { bin } = JSON.parse(readFileSync(join(shop, 'node_modules', name, 'package.json'), 'utf8'))
  const script = join(shop, 'node_modules', name, typeof bin === 'string' ? bin : (bin[name] ?? Object.values(bin)[0]))
  return run(process.execPath, [script, ...args], options)
}

/** The program of a version of Node. @throws Skip if there is none for this machine */
export function node(major) {
  if (Number.parseInt(process.versions.node) === major) return process.execPath
  return program(`node-${major}-${process.platform}-${process.arch}/bin/node`, `Node ${major}`)
}

/** The path of an installed program. @throws Skip if npm has none for this machine */
export function program(path, name) {
  const file = join(shop, 'node_modules', path)
  if (!existsSync(file)) throw new Skip(`no ${name} for ${process.platform} ${process.arch}`)
  return file
}

/**
 * The path of a program of the system, or of the environment variable `variable`. Debian's package is installed if it is not there.
 *
 * @throws Skip if it cannot be had
 */
export async function systemProgram(path, variable, debian) {
  const chosen = process.env[variable] ?? path
  if (existsSync(chosen)) return chosen
  const advice = `no ${chosen}: apt-get install ${debian}, or ${variable}=PATH`
  if (process.env[variable] || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Skip(advice)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await run('apt-get', ['update'], { env })
    await run('apt-get', ['install', '--yes', '--no-install-recommends', debian], { env })
  } catch (error) {
    throw new Skip(`${advice} (${error.message.split('\n', 1)[0]})`)
  }
  if (!existsSync(chosen)) throw new Skip(advice)
  return chosen
}

/** Runs a program to its end and returns what it printed. @throws if it fails, with all that it said */
export function run(command, args, { cwd = shop, env = {}, timeout = 300_000 } = {}) {
  return new Promise((resolve, reject) => {
    const quiet = { NO_COLOR: '1', CI: '1', NEXT_TELEMETRY_DISABLED: '1', WRANGLER_SEND_METRICS: 'false', ...env }
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...quiet },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
    })
    let [stdout, all] = ['', '']
    child.stdout.on('data', text => ((stdout += text), (all += text)))
    child.stderr.on('data', text => (all += text))
    child.on('error', reject)
    child.on('close', (status, signal) => {
      if (status === 0) resolve(Object.assign(new String(stdout), { all }))
      else reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? status}:\n${all.slice(-4000)}`))
    })
  })
}

function hash(text) {
  return createHash('sha256').update(text).digest('hex')
}
