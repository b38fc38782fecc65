/** examples/vite and examples/next: built as their package.json says, opened in Chromium. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { open } from '../lib/browser.mjs'
import { ENTITIES } from '../lib/expected.mjs'
import { example, screenshot, tool } from '../lib/workshop.mjs'

const NAMES = ENTITIES.map(([type, name]) => `${type} ${name}`)

export const cases = [
  {
    name: 'example-vite',
    async *run() {
      const folder = example('vite')
      await tool('vite', ['build'], { cwd: folder })
      await open(join(folder, 'dist'), { isolated: true }, async page => {
        const marks = page.locator('#marked mark')
        const shown = async () =>
          await marks.evaluateAll(all => all.map(mark => `${mark.dataset.type} ${mark.textContent}`))
        await marks.nth(3).waitFor({ timeout: 60_000 })
        assert.deepEqual(await shown(), NAMES)
        await page.screenshot({ path: screenshot('vite') })
        await page.fill('#text', '')
        await page.locator('#text').pressSequentially('Ada Lovelace lived in London.')
        await page.waitForFunction(() => document.querySelectorAll('#marked mark').length === 2)
        assert.deepEqual(await shown(), ['PER Ada Lovelace', 'LOC London'])
      })
      yield { where: 'names are marked while one types' }
    },
  },
]
