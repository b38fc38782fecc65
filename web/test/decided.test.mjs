/** The second view: its numbers are those of the documentation, and it is walked by keyboard alone. Each leaves a screenshot. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decided, shot, skip, visit } from './visit.mjs'

const docs = readFileSync(join(import.meta.dirname, '../../docs/from-paper-to-code.md'), 'utf8')

/** The lines of a block of numbers that the documentation's program printed. */
const block = name => new RegExp(`<!-- ${name} -->\\s+\`\`\`text\\n([^]*?)\`\`\``).exec(docs)[1].split('\n')
const numbers = rows => rows.map(row => row.match(/-?\d+\.\d+/g) ?? []).filter(row => row.length > 0)

const cells = (page, id) =>
  page.locator(`${id} tbody tr`).evaluateAll(rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim())))

test('the second view agrees with the documentation to the printed digits', { skip }, async () => {
  await visit({}, async page => {
    await decided(page)
    const vectors = (await cells(page, '#vectors')).slice(0, 5).map(row => row.slice(1))
    assert.deepEqual(vectors, numbers(block('embedding')))
    const lens = (await cells(page, '#lens')).map(row => row.slice(2))
    assert.deepEqual(
      lens,
      numbers(block('lens')).map(row => row.slice(0, 2)),
    )
    await shot(page, 'decided')
  })
})

test('the second view is walked by keyboard', { skip }, async () => {
  await visit({}, async page => {
    /** Presses Tab until `selector` has the focus, and sees to it that the focus can be seen. */
    const tabTo = async selector => {
      for (let n = 0; n < 60; n++) {
        await page.keyboard.press('Tab')
        const is = await page.evaluate(wanted => {
          const at = document.activeElement
          return at?.matches(wanted) ? getComputedStyle(at).outlineStyle : undefined
        }, selector)
        if (is === undefined) continue
        assert.notEqual(is, 'none', `${selector} shows that it has the focus`)
        return
      }
      assert.fail(`Tab never came to ${selector}`)
    }
    const text = selector => page.locator(selector).innerText()
    await tabTo('.skip')
    await tabTo('nav a[href="#how"]')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#vectors tr:has-text("word[")', { timeout: 60_000 })
    await page.waitForSelector('#attention-value')
    await tabTo('.example select')
    await tabTo('#sentence')
    await tabTo('.pieces button')
    assert.equal(await text('.pieces button[aria-pressed=true]'), 'berlin')
    await page.keyboard.press('Home')
    assert.equal(await text('.pieces button:focus'), '[CLS]')
    await page.keyboard.press('ArrowRight')
    assert.equal(await text('#vectors caption'), 'angela')
    await tabTo('#vector-step .source')
    await page.keyboard.press('Enter')
    await page.locator('dialog pre').waitFor()
    assert.match(await text('dialog pre'), /class SelfAttention/)
    await shot(page, 'source')
    await page.keyboard.press('Escape')
    assert.equal(await text(':focus'), 'src/layers/bert.ts')
    await tabTo('#attention-step select')
    await page.keyboard.press('ArrowDown')
    await tabTo('.matrix')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    await page.waitForFunction(() =>
      /^mer gives \d\.\d{4} to angela\.$/.test(document.querySelector('#attention-value').innerText),
    )
    assert.match(await page.locator('.matrix').getAttribute('aria-label'), /layer 1, head 0/)
    await tabTo('#attention-step summary')
    await page.keyboard.press('Enter')
    const row = (await page.locator('.row li span').allInnerTexts()).map(Number)
    assert.ok(Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 0.1)
    await tabTo('[aria-label="Best labels by layer"]')
    await tabTo('[aria-label="Probabilities of labels by piece"]')
    await tabTo('[aria-label="Decodings"]')
    await shot(page, 'keyboard')
  })
})

test('attention is shown under the pointer, strategies and decodings where they differ', { skip }, async () => {
  await visit({}, async page => {
    await decided(page)
    const cell = page.locator('.matrix .cell').nth(16 * 2 + 5)
    await cell.hover()
    await page.waitForFunction(() =>
      /^mer gives \d\.\d{4} to tim\.$/.test(document.querySelector('#attention-value').innerText),
    )
    await page.locator('.example select').selectOption({ label: 'pieces that disagree' })
    await page.waitForFunction(() => document.querySelector('.pieces')?.innerText.includes('museum'))
    assert.ok((await page.locator('tr.differs').count()) > 0)
    assert.equal(await page.locator('.comparison tr').count(), 6)
    await shot(page, 'differs')
    await page.locator('.example select').selectOption({ label: 'the first sentence of your text' })
    await page.waitForFunction(() => document.querySelector('.pieces')?.innerText.includes('tuesday'))
  })
})

test('a sentence that is too long for the view, or empty, is answered', { skip }, async () => {
  await visit({}, async page => {
    await decided(page)
    await page.fill('#sentence', 'Angela Merkel met Tim Cook. '.repeat(20))
    await page.locator('[data-walk=failed]').waitFor()
    assert.match(await page.locator('[data-walk]').innerText(), /This text has \d+ pieces\. 64 can be drawn/)
    await shot(page, 'too-long')
    await page.fill('#sentence', '')
    await page.waitForFunction(() => document.querySelectorAll('.pieces button').length === 2)
  })
})
