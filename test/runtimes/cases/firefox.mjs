/** Firefox, headless, by WebDriver BiDi: the package's modules without a build, plain and isolated. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { serve } from '../../../web/test/server.mjs'
import { STRICT } from '../lib/browser.mjs'
import { check } from '../lib/expected.mjs'
import { site } from '../lib/site.mjs'
import { shop, systemProgram } from '../lib/workshop.mjs'

/** (module (func (result v128) … i8x16.relaxed_swizzle)): an engine that takes it has relaxed SIMD. */
const RELAXED = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
]

export const cases = [
  {
    name: 'firefox',
    all: true,
    async *run() {
      const executablePath = await systemProgram('/usr/bin/firefox-esr', 'FIREFOX', 'firefox-esr')
      const version = spawnSync(executablePath, ['--version'], { encoding: 'utf8' }).stdout.trim()
      const { default: puppeteer } = await import(
        join(shop, 'node_modules/puppeteer-core/lib/puppeteer/puppeteer-core.js')
      )
      const folder = site('firefox')
      for (const isolated of [false, true]) {
        const server = await serve(folder, { isolated, headers: { 'Content-Security-Policy': STRICT } })
        const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true })
        try {
          const page = await browser.newPage()
          const errors = []
          page.on('pageerror', error => errors.push(error.message))
          await page.goto(`${server.url}modules.html`)
          await page.waitForFunction(() => globalThis.measured !== undefined, { timeout: 60_000 })
          const measured = await page.evaluate(async () => ({
            ...(await globalThis.measured),
            cores: navigator.hardwareConcurrency,
            isolated: globalThis.crossOriginIsolated,
          }))
          const relaxed = await page.evaluate(bytes => WebAssembly.validate(Uint8Array.from(bytes)), RELAXED)
          assert.deepEqual(errors, [])
          assert.equal(measured.isolated, isolated)
          check(measured, isolated ? {} : { threads: 1 })
          if (!relaxed) assert.equal(measured.dtype, 'w8a16')
          yield { where: `${version}, no build${isolated ? ', isolated' : ''}`, ...measured, note: measured.dtype }
        } finally {
          await browser.close()
          server.close()
        }
      }
    },
  },
]
