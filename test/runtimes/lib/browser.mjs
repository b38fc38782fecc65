/** Chromium, driven by Playwright: opens a folder as a site with a strict policy and gives back what its page measured. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { serve } from '../../../web/test/server.mjs'
import { shop, systemProgram } from './workshop.mjs'

/** As strict as a page can be that computes: nothing inline, nothing from elsewhere, no eval but WebAssembly's. */
export const STRICT =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; style-src 'self'; worker-src 'self'; img-src data:"

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The browser's path, installed if need be. @throws Skip if it cannot be had */
const chromiumPath = () => systemProgram('/usr/bin/chromium', 'CHROMIUM', 'chromium')

/** Playwright, out of the workshop. */
export async function playwright() {
  const { chromium } = await import(join(shop, 'node_modules/playwright-core/index.mjs'))
  return chromium
}

/**
 * Opens `path` of a folder in a page of its own and hands that to `use`. Fails if the page reports an error, or asks for anything
 * elsewhere. `missing` are addresses that may be asked for in vain.
 */
export async function open(folder, options, use) {
  const { isolated = false, policy = STRICT } = options
  const server = await serve(folder, { isolated, headers: policy ? { 'Content-Security-Policy': policy } : {} })
  try {
    return await openAt(server.url, options, (page, browser, said) => use(page, { ...said, browser, server }))
  } finally {
    server.close()
  }
}

/** As {@link open}, of a site that somebody else serves. */
export async function openAt(url, { path = '', isolated = false, flags = [], missing }, use) {
  const chromium = await playwright()
  const browser = await chromium.launch({ executablePath: await chromiumPath(), args: [...FLAGS, ...flags] })
  const [errors, warnings] = [[], []]
  try {
    const context = await browser.newContext()
    context.on('weberror', error => errors.push(error.error().message))
    context.on('console', message => {
      if (message.type() === 'warning') warnings.push(message.text())
      if (message.type() === 'error' && !missing?.test(message.location().url)) errors.push(message.text())
    })
    context.on('request', request => {
      const asked = request.url()
      if (!/^(?:data|blob):/.test(asked) && !asked.startsWith(url)) errors.push(`asked for ${asked}`)
    })
    const page = await context.newPage()
    await page.goto(url + path)
    const found = await page.evaluate(() => globalThis.crossOriginIsolated)
    if (found !== isolated) throw new Error(`expected an isolated page: ${isolated}, found ${found}`)
    const result = await use(page, browser, { errors, warnings })
    if (errors.length > 0) throw new Error('the page reported an error')
    return result
  } catch (error) {
    error.message = [error.message, ...errors].join('\n')
    throw error
  } finally {
    await browser.close()
  }
}

/** Opens a page as {@link open} does and returns what it measured, with the scripts that it loaded and its memory. */
export function visit(folder, options = {}) {
  return open(folder, options, async (page, { browser, server, warnings }) => {
    const measured = await evaluate(page)
    const cores = await page.evaluate(() => navigator.hardwareConcurrency)
    const scripts = [...new Set(server.requests)].filter(name => /\.m?js$/.test(name))
    const memory = await privateBytes(browser)
    return { ...measured, cores, memory, warnings, scripts, script: gzipped(folder, scripts) }
  })
}

/** Runs an extension and hands its service worker to `use`, with the browser's context and what its pages report. */
export async function withExtension(folder, use) {
  const chromium = await playwright()
  const context = await chromium.launchPersistentContext('', {
    executablePath: await chromiumPath(),
    args: [...FLAGS, `--disable-extensions-except=${folder}`, `--load-extension=${folder}`],
    ignoreDefaultArgs: ['--disable-extensions'],
  })
  const errors = []
  context.on('weberror', error => errors.push(error.error().message))
  try {
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker', { timeout: 30_000 }))
    return await use(worker, context, errors)
  } finally {
    await context.close()
  }
}

async function evaluate(page) {
  await page
    .waitForFunction(() => globalThis.measured !== undefined, undefined, { timeout: 60_000 })
    .catch(() => {
      throw new Error('the page never began to measure')
    })
  return page.evaluate(() => globalThis.measured)
}

/** The compressed size of files of a folder, each by itself, as they are served. */
export function gzipped(folder, paths) {
  return paths.reduce((sum, path) => sum + gzipSync(readFileSync(join(folder, path)), { level: 9 }).length, 0)
}

/** Bytes that only the page's process has: what it costs. Undefined where the system does not tell. */
export async function privateBytes(browser) {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const bytes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => `/proc/${id}/smaps_rollup`)
    .filter(existsSync)
    .map(path => sum(readFileSync(path, 'utf8').matchAll(/^Private_\w+:\s+(\d+) kB/gm)))
  return bytes.length > 0 ? Math.max(...bytes) : undefined
}

function sum(matches) {
  return Array.from(matches, ([, kilobytes]) => Number(kilobytes) * 1024).reduce((a, b) => a + b, 0)
}
