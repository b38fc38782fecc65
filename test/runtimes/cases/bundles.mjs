/**
 * Production builds of a page, each with nothing but what docs/runtimes.md shows, opened in Chromium under a strict policy. Plain and
 * isolated; with the pipeline in the page, in the package's worker and in a worker of the page's own.
 */
import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { visit } from '../lib/browser.mjs'
import { check, MOST_SCRIPT } from '../lib/expected.mjs'
import { project, shop, tool, write } from '../lib/workshop.mjs'

const ENTRIES = [
  ['page.js', 'page'],
  ['packaged-worker.js', 'bert-ner/worker'],
  ['own-worker.js', 'a worker of your own'],
]

const bertNer = join(shop, 'node_modules/bert-ner')
const engine = join(bertNer, 'dist/kernels/simd/engine')

/** Each builds a folder and returns the folder that is to be served. */
const BUNDLERS = {
  async vite(folder) {
    await tool('vite', ['build'], { cwd: folder })
    return join(folder, 'dist')
  },
  async webpack(folder) {
    await tool('webpack-cli', ['--mode', 'production', '--entry', './main.js', '--no-devtool'], { cwd: folder })
    return withPage(folder, 'main.js')
  },
  async esbuild(folder, entry) {
    const more = {
      'packaged-worker.js': [`worker/script=${join(bertNer, 'dist/worker/script.js')}`],
      'own-worker.js': ['in-own-worker=in-own-worker.js'],
    }
    const entries = ['main=main.js', ...(more[entry] ?? [])]
    await tool('esbuild', [...entries, '--bundle', '--minify', '--splitting', '--format=esm', '--outdir=dist/js'], {
      cwd: folder,
    })
    for (const file of readdirSync(engine)) {
      if (/\.wasm$|^worker\.js$/.test(file)) cpSync(join(engine, file), join(folder, 'dist/js', file))
    }
    for (const file of ['vocab.txt', 'model.safetensors']) {
      cpSync(join(bertNer, 'weights', file), join(folder, 'dist/weights', file))
    }
    return withPage(folder, 'js/main.js')
  },
}

/** Adds a page that loads the script. */
function withPage(folder, script) {
  const page = readFileSync(join(folder, 'index.html'), 'utf8').replace('main.js', script)
  write(join(folder, 'dist'), { 'index.html': page })
  return join(folder, 'dist')
}

export const cases = Object.entries(BUNDLERS).map(([name, build]) => ({
  name,
  all: !['vite', 'webpack', 'esbuild'].includes(name),
  async *run() {
    for (const [entry, where] of ENTRIES) {
      const served = await build(project(`${name}-${entry.slice(0, -3)}`, entry), entry)
      checkBuild(served)
      for (const isolated of [false, true]) {
        const measured = check(await visit(served, { isolated }), isolated ? {} : { threads: 1 })
        if (entry === 'page.js') checkScripts(served, measured)
        yield { where: `${where}${isolated ? ', isolated' : ''}`, ...measured }
      }
    }
  },
}))

/** Neither code of TensorFlow.js nor an import of it, although it is installed beside the package. Messages may name it. */
function checkBuild(folder) {
  for (const file of scriptsOf(folder)) {
    const text = readFileSync(join(folder, file), 'utf8')
    assert.doesNotMatch(
      text,
      /(?:from|import|require)\s*\(?\s*["'`]@tensorflow|Overwriting the platform with/,
      `${file} holds tfjs`,
    )
  }
}

/** The page's scripts are small, and neither the hub's client nor redaction is among them. */
function checkScripts(folder, { scripts, script }) {
  assert.ok(script <= MOST_SCRIPT, `expected at most ${MOST_SCRIPT} bytes of JavaScript, found ${script}`)
  const loaded = scripts.map(file => readFileSync(join(folder, file), 'utf8')).join('\n')
  for (const [what, sign] of [
    ['the hub', /huggingface\.co/],
    ['redaction', /REDACT_|Crimson Distant/],
  ]) {
    assert.doesNotMatch(loaded, sign, `${what} is loaded with the page`)
  }
}

export const scriptsOf = folder => readdirSync(folder, { recursive: true }).filter(file => /\.m?js$/.test(file))
