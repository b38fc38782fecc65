/**
 * The built page in real Chromium: what a person does with it, and what axe says of each view. Each test leaves a screenshot in
 * test/screenshots. `npm run web:build` comes first. CHROMIUM names the browser, if it is not at /usr/bin/chromium.
 */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { serve } from './server.mjs'

const here = import.meta.dirname
const shots = join(here, 'screenshots')
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const skip = existsSync(executablePath) ? false : `no Chromium at ${executablePath}: apt-get install chromium`
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

let server, browser
before(async () => {
  if (skip) return
  mkdirSync(shots, { recursive: true })
  server = await serve(join(here, '../dist'))
  browser = await chromium.launch({ executablePath, args: FLAGS.split(' ') })
})
after(async () => {
  await browser?.close()
  server?.close()
})

/** A fresh visit; fails at the end if the page reported an error, or asked another origin for anything. */
async function visit(options, use) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', error => errors.push(error.message))
  page.on('console', message => message.type() === 'error' && errors.push(message.text()))
  page.on('request', request => {
    if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(server.url)) errors.push(request.url())
  })
  await page.goto(server.url)
  await settled(page)
  await use(page, context)
  await context.close()
  assert.deepEqual(errors, [])
}

const settled = page => page.waitForSelector('[data-reading=done]', { timeout: 60_000 })
const names = page =>
  page.locator('.table tbody tr').evaluateAll(rows =>
    rows.map(row =>
      [...row.cells]
        .slice(0, 2)
        .map(cell => cell.innerText.trim())
        .join(' '),
    ),
  )
const shot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })

async function type(page, text) {
  await page.fill('#text', text)
  await page.waitForSelector('[data-reading=reading]', { timeout: 1000 }).catch(() => {})
  await settled(page)
}

test('a text that is typed has its names marked and listed', { skip }, async () => {
  await visit({}, async page => {
    await page.fill('#text', '')
    await page.locator('#text').pressSequentially('Ada Lovelace lived in London.', { delay: 5 })
    await page.waitForFunction(() => document.querySelectorAll('.table tbody tr').length === 2)
    assert.deepEqual(await names(page), ['Ada Lovelace PER', 'London LOC'])
    const marked = await page.evaluate(() =>
      [...CSS.highlights]
        .map(([, ranges]) =>
          [...ranges].map(range => range.startContainer.data.slice(range.startOffset, range.endOffset)),
        )
        .flat(),
    )
    assert.deepEqual(marked, ['Ada Lovelace', 'London'])
    await shot(page, 'typed')
  })
})

test('types and the threshold filter the list and the marks', { skip }, async () => {
  await visit({}, async page => {
    const all = await names(page)
    await page.locator('.chip', { hasText: 'ORG' }).locator('input').uncheck()
    assert.deepEqual(
      await names(page),
      all.filter(name => !name.endsWith(' ORG')),
    )
    await page.locator('#threshold').fill('1')
    assert.match(await page.locator('#threshold-effect').innerText(), /^0 of \d+ stay/)
    await shot(page, 'filtered')
  })
})

test('every engine finds the same names', { skip }, async () => {
  await visit({}, async page => {
    await type(page, 'Ada Lovelace lived in London.')
    const usual = await names(page)
    await page.locator('summary', { hasText: 'Engine' }).click()
    for (const [engine, summary] of [
      ['wasm', /tfjs wasm, fp32/],
      ['naive', /naive, fp32/],
      ['simd', /simd/],
    ]) {
      await page.selectOption('.switches select >> nth=0', engine)
      await page.waitForSelector('[data-model=ready]', { timeout: 60_000 })
      await settled(page)
      assert.match(await page.locator('.model-state').innerText(), summary)
      assert.deepEqual(await names(page), usual)
    }
    await shot(page, 'engines')
  })
})

test('the second visit needs no network', { skip }, async () => {
  await visit({}, async (page, context) => {
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.waitForFunction(
      async () =>
        (await (await caches.open((await caches.keys())[0])).keys()).some(({ url }) => url.endsWith('.safetensors')),
      undefined,
      { timeout: 20_000 },
    )
    await context.setOffline(true)
    const asked = server.requests.length
    await page.reload()
    await settled(page)
    assert.ok((await names(page)).includes('Angela Merkel PER'))
    assert.equal(server.requests.length, asked)
    await shot(page, 'offline')
  })
})

test('a folder of a model is used, and a broken one is a clear error', { skip }, async () => {
  const broken = mkdtempSync(join(tmpdir(), 'broken-'))
  await visit({}, async page => {
    await page.locator('summary', { hasText: 'Engine' }).click()
    const folder = page.locator('.switches input[type=file]')
    await folder.setInputFiles(join(here, '../../weights'))
    await page.waitForFunction(
      () => document.querySelector('.model-state')?.innerText.startsWith('weights on'),
      undefined,
      { timeout: 60_000 },
    )
    await settled(page)
    assert.ok((await names(page)).includes('Angela Merkel PER'))
    for (const name of ['config.json', 'tokenizer_config.json', 'vocab.txt']) {
      copyFileSync(join(here, '../../weights', name), join(broken, name))
    }
    writeFileSync(join(broken, 'model.safetensors'), 'no tensors')
    await folder.setInputFiles(broken)
    await page.waitForSelector('[data-model=failed]', { timeout: 20_000 })
    assert.match(await page.locator('.model-state').innerText(), /model\.safetensors: header: expected .* found/)
    await shot(page, 'broken-model')
  })
  rmSync(broken, { recursive: true, force: true })
})

test('a hundred thousand characters are read, and typing goes on meanwhile', { skip }, async () => {
  await visit({}, async page => {
    const paragraph = 'Angela Merkel met Tim Cook in Berlin. '.repeat(20)
    const text = Array.from({ length: 132 }, (_, n) => `${n} ${paragraph}`).join('\n\n')
    assert.ok(text.length > 100_000)
    await page.fill('#text', text)
    await page.waitForSelector('[data-reading=reading]')
    await page.locator('#text').press('Control+End')
    await page.locator('#text').pressSequentially(' Rome')
    await settled(page)
    assert.match(await page.locator('.table button', { hasText: 'Show all' }).innerText(), /7,92\d/)
    await shot(page, 'long')
  })
})

test('a text is redacted, and an answer gets its names back', { skip }, async () => {
  await visit({}, async page => {
    await type(page, 'Ada Lovelace lived in London.')
    await page.getByRole('button', { name: 'Redact', exact: true }).click()
    const [answer, restored] = [page.locator('.pair textarea').nth(0), page.locator('.pair textarea').nth(1)]
    await answer.waitFor()
    assert.equal(await answer.inputValue(), '[PER_1] lived in [LOC_1].')
    await answer.fill('In **[loc 1]**, (PER_1) wrote.')
    assert.equal(await restored.inputValue(), 'In **London**, Ada Lovelace wrote.')
    await shot(page, 'redacted')
  })
})

test(
  'the second view agrees with the documentation to the printed digits, and is walked by keyboard',
  { skip },
  async () => {
    const docs = readFileSync(join(here, '../../docs/from-paper-to-code.md'), 'utf8')
    const block = name => new RegExp(`<!-- ${name} -->\\s+\`\`\`text\\n([^]*?)\`\`\``).exec(docs)[1].split('\n')
    await visit({}, async page => {
      await page.locator('nav a', { hasText: 'How it decided' }).press('Enter')
      await page.waitForSelector('[data-walk=there]', { state: 'attached', timeout: 60_000 })
      await page.waitForSelector('#vectors tr:has-text("word[")')
      const cells = id =>
        page
          .locator(`${id} tbody tr`)
          .evaluateAll(rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim())))
      const numbers = rows => rows.map(row => row.match(/-?\d+\.\d+/g) ?? []).filter(row => row.length > 0)
      const vectors = (await cells('#vectors')).slice(0, 5).map(row => row.slice(1))
      assert.deepEqual(vectors, numbers(block('embedding')))
      const lens = (await cells('#lens')).map(row => row.slice(2))
      assert.deepEqual(
        lens,
        numbers(block('lens')).map(row => row.slice(0, 2)),
      )
      await page.locator('.pieces button[aria-pressed=true]').press('Home')
      assert.equal(await page.locator('.pieces button[aria-pressed=true]').innerText(), '[CLS]')
      await page.keyboard.press('ArrowRight')
      assert.equal(await page.locator('#vectors caption').innerText(), 'angela')
      await page.locator('.matrix').press('ArrowDown')
      assert.match(await page.locator('#attention-value').innerText(), /^mer gives \d\.\d{4} to \[CLS\]\.$/)
      await page.getByRole('button', { name: 'src/layers/bert.ts' }).press('Enter')
      assert.match(await page.locator('dialog pre').innerText(), /class SelfAttention/)
      await page.keyboard.press('Escape')
      await shot(page, 'decided')
    })
  },
)

for (const colorScheme of ['light', 'dark']) {
  for (const width of [360, 1280]) {
    test(`axe finds nothing: ${colorScheme}, ${width} px`, { skip }, async () => {
      await visit({ viewport: { width, height: 800 }, colorScheme }, async page => {
        const axe = readFileSync(join(here, '../node_modules/axe-core/axe.min.js'), 'utf8')
        for (const view of ['try', 'how']) {
          await page.evaluate(hash => (location.hash = hash), view)
          if (view === 'how') await page.waitForSelector('#lens', { timeout: 60_000 })
          else await page.getByRole('button', { name: 'Redact', exact: true }).click()
          const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
          assert.equal(isWide, false, 'the page scrolls sideways')
          await page.evaluate(axe) // not by a script tag: the page's policy allows no others
          const { violations } = await page.evaluate(() => globalThis.axe.run())
          assert.deepEqual(
            violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`),
            [],
          )
          await shot(page, `${view}-${colorScheme}-${width}`)
        }
      })
    })
  }
}
