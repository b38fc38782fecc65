/** A visit to the built page in real Chromium, for the tests here. CHROMIUM names the browser, if it is not at a usual place. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { serve } from './server.mjs'

const here = import.meta.dirname
const shots = join(here, 'screenshots')
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export const executablePath = process.env.CHROMIUM ?? PLACES.find(path => existsSync(path)) ?? PLACES[0]
export const skip = existsSync(executablePath) ? false : `no Chromium at ${executablePath}: apt-get install chromium`

export const dist = join(here, '../dist')

/**
 * Opens the page in a browser of its own, waits until it has read its first text, and hands it to `use`. Fails if the page reported
 * an error, or asked another origin for anything. `options` are those of the browser's context, and of the server.
 */
export async function visit(options, use) {
  const { isolated, gzip, held, before, ...context } = options
  mkdirSync(shots, { recursive: true })
  const server = await serve(dist, { isolated, gzip, held })
  // A profile of its own on disk, as people have one: a private window keeps no large files.
  const viewport = { width: 1280, height: 900 }
  const browser = await chromium.launchPersistentContext('', {
    ...{ executablePath, args: FLAGS.split(' ') },
    ...{ viewport, ...context },
  })
  const errors = []
  try {
    const page = await browser.newPage()
    page.on('pageerror', error => errors.push(error.message))
    page.on('console', message => message.type() === 'error' && errors.push(message.text()))
    page.on('request', request => {
      if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(server.url)) errors.push(request.url())
    })
    await before?.(page)
    await page.goto(server.url)
    await settled(page)
    await use(page, server)
  } finally {
    await browser.close()
    server.close()
  }
  assert.deepEqual(errors, [])
}

export const settled = page => page.waitForSelector('[data-reading=done]', { timeout: 60_000 })

/** The list of names: 'Ada Lovelace PER' … */
export const names = page =>
  page.locator('.table tbody tr').evaluateAll(rows =>
    rows.map(row =>
      [...row.cells]
        .slice(0, 2)
        .map(cell => cell.innerText.trim())
        .join(' '),
    ),
  )

/** The stretches of the text that are marked, in the order of the types. */
export const marks = page =>
  page.evaluate(() =>
    [...CSS.highlights].flatMap(([, ranges]) =>
      [...ranges].map(range => range.startContainer.data.slice(range.startOffset, range.endOffset)),
    ),
  )

export const shot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })

/** Puts a text into the editor, and waits until it is read. */
export async function type(page, text) {
  await page.fill('#text', text)
  await read(page)
}

/** Waits until a reading that was just caused has begun and ended. */
export async function read(page) {
  await page.waitForSelector('[data-reading=reading]', { timeout: 1000 }).catch(() => {})
  await settled(page)
}

/** Opens the second view, with everything that it fetches. */
export async function decided(page) {
  await page.evaluate(() => (location.hash = 'how'))
  await page.waitForSelector('#vectors tr:has-text("word[")', { timeout: 60_000 })
  await page.waitForSelector('#attention-value')
}

/** @throws AssertionError if axe finds anything in the page as it stands, or if the page scrolls sideways */
export async function accessible(page) {
  const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
  assert.equal(isWide, false, 'the page scrolls sideways')
  // Evaluated, for the page's policy allows no other scripts.
  await page.evaluate(readFileSync(join(here, '../node_modules/axe-core/axe.min.js'), 'utf8'))
  const { violations } = await page.evaluate(() => globalThis.axe.run())
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`),
    [],
  )
}
