/** TensorFlow.js in Chromium: a bundle with `bert-ner/tfjs`, on its devices wasm and webgl (a software GPU: not a speed). */
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { visit } from '../lib/browser.mjs'
import { check } from '../lib/expected.mjs'
import { project, shop, tool } from '../lib/workshop.mjs'

const wasm = join(shop, 'node_modules/@tensorflow/tfjs-backend-wasm/dist')

const MAIN = `import '@tensorflow/tfjs-backend-webgl'
import { pipeline } from 'bert-ner'
import 'bert-ner/tfjs'
import { defaultModel } from 'bert-ner/weights'
import { measure } from './measure.js'

const device = new URL(location.href).searchParams.get('device')
const options = device === 'wasm' ? { device, wasm: '/tfjs/' } : { device }
globalThis.measured = measure(pipeline, defaultModel(), { backend: 'tfjs', ...options })
`

export const cases = [
  {
    name: 'tfjs',
    all: true,
    async *run() {
      const folder = project('tfjs', 'page.js', { 'main.js': MAIN })
      await tool('vite', ['build'], { cwd: folder })
      const served = join(folder, 'dist')
      for (const file of readdirSync(wasm).filter(name => name.endsWith('.wasm'))) {
        cpSync(join(wasm, file), join(served, 'tfjs', file))
      }
      for (const device of ['wasm', 'webgl']) {
        // A machine without a GPU has Chromium's own, which a page gets only on demand.
        const flags = device === 'webgl' ? ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'] : []
        const measured = check(await visit(served, { path: `?device=${device}`, flags }), {
          threads: 1,
          backend: 'tfjs',
        })
        if (measured.device !== device) throw new Error(`expected device ${device}, found ${measured.device}`)
        yield { where: `device ${device}`, ...measured, script: undefined }
      }
    },
  },
]
