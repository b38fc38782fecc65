/** Chromium without a bundler: the package's modules and its one-file build, in a page, in service workers, and in lesser engines. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { visit } from '../lib/browser.mjs'
import { check } from '../lib/expected.mjs'
import { app, fresh, shop, write } from '../lib/workshop.mjs'

const bertNer = join(shop, 'node_modules/bert-ner')

/** A site with the package as it is, at /bert-ner/, and one page for each way to load it. */
function site() {
  const folder = fresh('chromium')
  cpSync(bertNer, join(folder, 'bert-ner'), { recursive: true })
  cpSync(join(app, 'measure.js'), join(folder, 'measure.js'))
  cpSync(join(app, 'service-worker.js'), join(folder, 'service-worker.js'))
  const page = (name, script, before = '') =>
    write(folder, {
      [`${name}.html`]: `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${before}<script type="module" src="${name}.js"></script>`,
      [`${name}.js`]: script,
    })
  page(
    'modules',
    `import { pipeline } from './bert-ner/dist/index.js'
     import { defaultModel } from './bert-ner/dist/weights.js'
     import { measure } from './measure.js'
     globalThis.measured = measure(pipeline, defaultModel())`,
  )
  page(
    'inline',
    `import { pipeline, sourceFromUrl } from './bert-ner/dist/inline.js'
     import { measure } from './measure.js'
     globalThis.measured = measure(pipeline, sourceFromUrl('./bert-ner/weights/'))`,
  )
  page(
    'iife',
    `import { measure } from './measure.js'
     globalThis.measured = measure(bertNer.pipeline, bertNer.sourceFromUrl('./bert-ner/weights/'))`,
    '<script src="bert-ner/dist/inline.iife.js"></script>',
  )
  page(
    'service',
    `globalThis.measured = navigator.serviceWorker.register('./service-worker.js', { type: 'module' }).then(async () => {
       const { active } = await navigator.serviceWorker.ready
       const { port1, port2 } = new MessageChannel()
       active.postMessage('measure', [port2])
       const { data } = await new Promise(resolve => (port1.onmessage = resolve))
       if (data.error) throw new Error(data.error)
       return data
     })`,
  )
  return folder
}

/** A folder that a page names is asked for the files that a model may have; the default model lacks these. */
const missing = /\/weights\/(?:tokenizer|special_tokens_map|added_tokens)\.json$/

/** Engines that lack something, how to get them, and the reason that has to be given, once. */
const LESSER = [
  ['no SIMD', '--js-flags=--no-enable-sse4-1', /SIMD/],
  ['no WebAssembly', '--js-flags=--jitless', /WebAssembly/],
]

export const cases = [
  {
    name: 'chromium',
    async *run() {
      const folder = site()
      for (const isolated of [false, true]) {
        const options = isolated ? {} : { threads: 1 }
        const where = `modules, no build${isolated ? ', isolated' : ''}`
        yield { where, ...check(await visit(folder, { path: 'modules.html', isolated }), options), script: undefined }
      }
      for (const [path, where] of [
        ['inline.html', 'bert-ner/inline'],
        ['iife.html', 'inline.iife.js'],
      ]) {
        yield { where, ...check(await visit(folder, { path, missing }), { threads: 1 }) }
      }
      const inWorker = await visit(folder, { path: 'service.html', missing })
      yield { where: 'service worker', ...check(inWorker, { threads: 1 }) }
    },
  },
  {
    name: 'chromium-lesser',
    async *run() {
      const folder = site()
      for (const [where, flag, reason] of LESSER) {
        const measured = await visit(folder, { path: 'modules.html', flags: [flag] })
        check(measured, { threads: 1, backend: 'naive' })
        assert.equal(measured.warnings.filter(text => reason.test(text)).length, 1, `one warning of ${where}`)
        yield { where, ...measured, script: undefined }
      }
    },
  },
]
