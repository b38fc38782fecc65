/** Chrome extensions, Manifest V3: in the service worker, in an offscreen document, and examples/chrome-extension. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { TEXT } from '../app/measure.js'
import { withExtension } from '../lib/browser.mjs'
import { check, ENTITIES } from '../lib/expected.mjs'
import { app, example, fresh, run, screenshot, shop } from '../lib/workshop.mjs'

export const cases = [
  {
    name: 'extension',
    async *run() {
      const folder = fresh('extension')
      cpSync(join(app, 'extension'), folder, { recursive: true })
      cpSync(join(app, 'measure.js'), join(folder, 'measure.js'))
      cpSync(join(shop, 'node_modules/bert-ner'), join(folder, 'bert-ner'), { recursive: true })
      const [here, offscreen] = await withExtension(folder, async worker => [
        await worker.evaluate(() => globalThis.measureHere()),
        await worker.evaluate(() => globalThis.measureOffscreen()),
      ])
      yield { where: 'service worker', ...check(here, { threads: 1 }) }
      if (offscreen.error) throw new Error(offscreen.error)
      yield { where: 'offscreen document', ...check(offscreen) }
    },
  },
  {
    name: 'example-chrome-extension',
    async *run() {
      const folder = example('chrome-extension')
      await run(process.execPath, ['build.mjs'], { cwd: folder })
      await withExtension(folder, async (worker, context, errors) => {
        // What Chrome does when somebody takes the entry of the context menu.
        const [page] = await Promise.all([
          context.waitForEvent('page'),
          worker.evaluate(
            selectionText => chrome.contextMenus.onClicked.dispatch({ menuItemId: 'names', selectionText }),
            TEXT,
          ),
        ])
        await page.waitForFunction(() => document.querySelector('#copy:enabled') !== null)
        const shown = await page.locator('#names li').allInnerTexts()
        assert.deepEqual(
          shown.map(text => text.split(/\s+/).join(' ')),
          ENTITIES.map(([type, name]) => `${type} ${name}`),
        )
        assert.equal(await page.locator('#redacted').innerText(), "[PER_1] met [PER_2] at [ORG_1]'s office in [LOC_1].")
        await page.setViewportSize({ width: 520, height: 440 })
        await page.screenshot({ path: screenshot('chrome-extension') })
        await page.click('#copy')
        await page.waitForFunction(() => document.getElementById('status').textContent === 'Copied.')
        assert.deepEqual(errors, [])
      })
      yield { where: 'select text, see its names, copy it without them' }
    },
  },
]
