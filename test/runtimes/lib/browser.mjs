/** Chromium, driven by Playwright: opens a folder as a site with a strict policy and gives back what its page measured. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { serve } from '../../../web/test/server.mjs'
import { shop, Skip } from './workshop.mjs'

/** As strict as a page can be that computes: nothing inline, nothing from elsewhere, no eval but WebAssembly's. */
export const STRICT =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; img-src data:"

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The browser's path. @throws Skip if there is none */
export function chromiumPath() {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium'
  if (!existsSync(path)) throw new Skip(`no Chromium at ${path}: apt-get install chromium, or CHROMIUM=PATH`)
  return path
}

/** Playwright, out of the workshop. */
export async function playwright() {
  const { chromium } = await import(join(shop, 'node_modules/playwright-core/index.mjs'))
  return chromium
}

/**
 * Opens `path` of a folder and waits for `globalThis.measured` of its page. Fails if the page reports an error, or asks for anything
 * elsewhere. `missing` are addresses that may be asked for in vain.
 */
export async function visit(folder, { path = '', isolated = false, policy = STRICT, flags = [], missing, ready } = {}) {
  const chromium = await playwright()
  const executablePath = chromiumPath()
  const server = await serve(folder, { isolated, headers: policy ? { 'Content-Security-Policy': policy } : {} })
  const browser = await chromium.launch({ executablePath, args: [...FLAGS, ...flags] })
  try {
    const context = await browser.newContext()
    const [errors, warnings] = [[], []]
    context.on('weberror', error => errors.push(error.error().message))
    context.on('console', message => {
      if (message.type() === 'warning') warnings.push(message.text())
      if (message.type() === 'error' && !missing?.test(message.location().url)) errors.push(message.text())
    })
    context.on('request', request => {
      const url = request.url()
      if (!/^(?:data|blob):/.test(url) && !url.startsWith(server.url)) errors.push(`asked for ${url}`)
    })
    const page = await context.newPage()
    await page.goto(server.url + path)
    const measured = await evaluate(page, ready).catch(error => {
      throw new Error([error.message, ...errors].join('\n'))
    })
    if (errors.length > 0) throw new Error(`the page reported: ${errors.join('\n')}`)
    const isolatedPage = await page.evaluate(() => globalThis.crossOriginIsolated)
    if (isolatedPage !== isolated) throw new Error(`expected an isolated page: ${isolated}, found ${isolatedPage}`)
    const cores = await page.evaluate(() => navigator.hardwareConcurrency)
    const scripts = [...new Set(server.requests)].filter(name => /\.m?js$/.test(name))
    const memory = await privateBytes(browser)
    return {
      ...measured,
      cores,
      memory,
      warnings,
      requests: server.requests,
      scripts,
      script: gzipped(folder, scripts),
    }
  } finally {
    await browser.close()
    server.close()
  }
}

async function evaluate(page, ready = () => globalThis.measured) {
  await page
    .waitForFunction(() => globalThis.measured !== undefined, undefined, { timeout: 60_000 })
    .catch(() => {
      throw new Error('the page never began to measure')
    })
  return page.evaluate(ready)
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
