/** The first visit, what it loads and when it shows something; and the second, with the network cut. Each leaves a screenshot. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { dist, names, settled, shot, skip, visit } from './visit.mjs'

/** The most bytes of script at a first visit, compressed. */
const MOST_SCRIPT = 120_000

/** Waits until the service worker has kept all that a visit needs: the page, the model, its vocabulary, and the kernels. */
async function kept(page) {
  const needed = ['decided-view', '.safetensors', '.txt', 'simd-', 'relaxed-', 'wide-shared-']
  for (const began = Date.now(); ;) {
    const urls = await page.evaluate(async () => {
      const all = await Promise.all((await caches.keys()).map(async name => (await caches.open(name)).keys()))
      return all.flat().map(({ url }) => url)
    })
    const missing = needed.filter(part => !urls.some(url => url.includes(part)))
    if (missing.length === 0) return
    assert.ok(Date.now() - began < 20_000, `not kept: ${missing.join(', ')}`)
    await page.waitForTimeout(100)
  }
}

async function reloadOffline(page, server) {
  server.close()
  await page.reload()
  await settled(page)
  assert.ok((await names(page)).includes('Angela Merkel PER'))
  await page.goto(`${server.url}#how`)
  await page.waitForSelector('#lens', { timeout: 60_000 })
}

test('the second visit needs no network', { skip }, async () => {
  await visit({}, async (page, server) => {
    await kept(page)
    assert.equal(server.requests.filter(path => path.endsWith('.safetensors')).length, 1)
    await reloadOffline(page, server)
    await shot(page, 'offline')
  })
})

test('nor does it if the service worker came late, after the model', { skip }, async () => {
  let release
  const held = new Map([['/sw.js', new Promise(resolve => (release = resolve))]])
  await visit({ held }, async (page, server) => {
    assert.equal(await page.evaluate(() => navigator.serviceWorker.controller), null)
    release()
    await kept(page)
    assert.equal(server.requests.filter(path => path.endsWith('.safetensors')).length, 1)
    await reloadOffline(page, server)
    await shot(page, 'offline-late')
  })
})

test('a first visit loads little script, shows itself soon, and nothing moves', { skip }, async t => {
  const before = page =>
    page.addInitScript(() => {
      globalThis.shifts = []
      const observer = new PerformanceObserver(list => globalThis.shifts.push(...list.getEntries().map(e => e.value)))
      observer.observe({ type: 'layout-shift', buffered: true })
    })
  for (const width of [360, 1280]) {
    // Without the service worker, which fetches the rest in the background, the server sees what the page itself loads.
    const options = { gzip: true, before, serviceWorkers: 'block', viewport: { width, height: 800 } }
    await visit(options, async (page, server) => {
      const { first, shift } = await page.evaluate(() => ({
        first: performance.getEntriesByName('first-contentful-paint')[0].startTime,
        shift: globalThis.shifts.reduce((sum, value) => sum + value, 0),
      }))
      const scripts = [...new Set(server.requests.filter(path => path.endsWith('.js')))]
      const bytes = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(join(dist, path))).length, 0)
      t.diagnostic(
        `${width} px: first contentful paint after ${Math.round(first)} ms; layout shift ${shift.toFixed(4)}`,
      )
      t.diagnostic(`${bytes} bytes of script, compressed, in ${scripts.length} files`)
      assert.ok(scripts.length >= 2 && bytes < MOST_SCRIPT, `${bytes} bytes of ${scripts.join(', ')}`)
      assert.ok(shift < 0.01, `layout shift ${shift}`)
      await shot(page, `first-${width}`)
    })
  }
})
