/** The first visit, what it loads and when it shows something; and the second, with the network cut. Each leaves a screenshot. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { dist, names, settled, shot, skip, visit } from './visit.mjs'

/** The most bytes of script at a first visit, compressed. */
const MOST_SCRIPT = 120_000

/** Waits until the service worker has kept all that a visit needs. */
const kept = page =>
  page.waitForFunction(
    async () => {
      const found = await Promise.all((await caches.keys()).map(async name => (await caches.open(name)).keys()))
      const urls = found.flat().map(({ url }) => url)
      return ['.safetensors', '.txt', 'relaxed-shared-', 'index.html'].every(part =>
        urls.some(url => url.includes(part)),
      )
    },
    undefined,
    { timeout: 20_000, polling: 100 },
  )

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
