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

/** Each builds a folder and returns the folder that is to be served, or nothing if it cannot build such a page. */
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
  async rollup(folder, entry) {
    // The plugin for assets copies a worker as it is, with its imports; so it is an entry of its own, found beside the page.
    const beside = file => `new Worker('./${file}', { type: 'module' })`
    const input = ['main.js']
    const main = readFileSync(join(folder, 'main.js'), 'utf8')
    if (entry === 'own-worker.js') {
      input.push('in-own-worker.js')
      write(folder, { 'main.js': main.replace(/new Worker\(.*\)/, beside('in-own-worker.js')) })
    }
    if (entry === 'packaged-worker.js') {
      input.push('names-worker.js')
      const worker = `{ worker: () => ${beside('names-worker.js')} }`
      write(folder, {
        'main.js': main.replace('defaultModel())', `defaultModel(), ${worker})`),
        'names-worker.js': "import { serve } from 'bert-ner/worker'\n\nserve()\n",
      })
    }
    write(folder, {
      'rollup.config.mjs': `import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import { importMetaAssets } from '@web/rollup-plugin-import-meta-assets'

export default {
  input: ${JSON.stringify(input)},
  output: { dir: 'dist' },
  plugins: [nodeResolve(), importMetaAssets(), terser()],
}
`,
    })
    await tool('rollup', ['--config', 'rollup.config.mjs'], { cwd: folder })
    return withPage(folder, 'main.js')
  },
  async parcel(folder, entry) {
    // Parcel loses modules that a page and its worker share, so what its workers import has to be one file.
    if (entry === 'packaged-worker.js') return undefined
    if (entry === 'own-worker.js') {
      const worker = readFileSync(join(folder, 'in-own-worker.js'), 'utf8')
      write(folder, { 'in-own-worker.js': worker.replace("from 'bert-ner'", "from 'bert-ner/inline'") })
    }
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    manifest['@parcel/resolver-default'] = { packageExports: true }
    // For newer ones Parcel writes an import map into the page, which a strict policy forbids and workers do not get.
    manifest.browserslist = 'chrome 88'
    // Parcel reads these settings of the folder with the lock file.
    write(folder, { 'package.json': JSON.stringify(manifest), 'package-lock.json': '{}' })
    await tool('parcel', ['build', 'index.html', '--no-source-maps', '--no-cache'], { cwd: folder })
    return join(folder, 'dist')
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
      if (served === undefined) continue
      checkBuild(served)
      for (const isolated of [false, true]) {
        const oneThread = !isolated || (name === 'parcel' && entry === 'own-worker.js')
        const measured = check(await visit(served, { isolated }), oneThread ? { threads: 1 } : {})
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
