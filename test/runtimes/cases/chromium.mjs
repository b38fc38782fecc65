/** Chromium without a bundler: the package's modules and its one-file build, in a page, in service workers, and in lesser engines. */
import assert from 'node:assert/strict'
import { visit } from '../lib/browser.mjs'
import { check } from '../lib/expected.mjs'
import { site } from '../lib/site.mjs'

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
      const folder = site('chromium')
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
      const folder = site('chromium-lesser')
      for (const [where, flag, reason] of LESSER) {
        const measured = await visit(folder, { path: 'modules.html', flags: [flag] })
        check(measured, { threads: 1, backend: 'naive' })
        assert.equal(measured.warnings.filter(text => reason.test(text)).length, 1, `one warning of ${where}`)
        yield { where, ...measured, script: undefined }
      }
    },
  },
  {
    name: 'chromium-loading',
    async *run() {
      const folder = site('chromium-loading')
      for (const isolated of [false, true]) {
        const longest = []
        for (let load = 0; load < LOADS; load++) {
          longest.push((await visit(folder, { path: 'loading.html', isolated })).longest)
        }
        // Only tasks of more than 50 ms are reported: 0 is none. Figures, and no demand: the machine may have other work.
        const [median, most] = [longest.sort((a, b) => a - b)[LOADS >> 1], Math.max(...longest)]
        const note = `longest task of ${LOADS} loads, median ${shown(median)}, most ${shown(most)}`
        yield { where: `loading${isolated ? ', isolated' : ''}`, note }
      }
    },
  },
]

const LOADS = 7
const shown = milliseconds => (milliseconds === 0 ? 'below 50 ms' : `${Math.round(milliseconds)} ms`)
