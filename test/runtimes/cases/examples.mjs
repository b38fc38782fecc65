/** examples/vite and examples/next: built as their package.json says, opened in Chromium. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { open, openAt } from '../lib/browser.mjs'
import { ENTITIES } from '../lib/expected.mjs'
import { example, node, screenshot, tool } from '../lib/workshop.mjs'

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
  {
    name: 'example-next',
    all: true,
    async *run() {
      const folder = example('next')
      await tool('next', ['build'], { cwd: folder })
      // Next takes the folder of the tools for the root of the project, and the standalone server lies below its name there.
      const standalone = join(folder, '.next/standalone')
      const path = readdirSync(standalone, { recursive: true }).find(file =>
        /^(?!.*node_modules).*server\.js$/.test(file),
      )
      const home = join(standalone, path, '..')
      cpSync(join(folder, '.next/static'), join(home, '.next/static'), { recursive: true })
      // Somewhere else, so that it finds nothing but what came along.
      const server = await start(home)
      try {
        const names = await ask(server.url)
        assert.deepEqual(
          names,
          ENTITIES.map(([type, , start, end]) => [type, start, end]),
        )
        yield { where: 'server route, standalone' }
        await openAt(server.url, {}, async page => {
          for (const button of ['Find names in this page', 'Ask the server']) {
            await page.getByRole('button', { name: button }).click()
            await page.locator('li').nth(3).waitFor({ timeout: 60_000 })
            assert.deepEqual(await page.locator('li').allInnerTexts(), NAMES)
            if (button.startsWith('Find')) await page.screenshot({ path: screenshot('next') })
            await page.reload()
          }
        })
        yield { where: 'client page, in a worker' }
      } finally {
        server.stop()
      }
    },
  },
]

async function ask(url) {
  const response = await fetch(`${url}api/names`, {
    method: 'POST',
    body: JSON.stringify({ text: "Angela Merkel met Tim Cook at Apple's office in Berlin." }),
  })
  if (!response.ok) throw new Error(`Next answered ${response.status}: ${await response.text()}`)
  return (await response.json()).map(({ entity_group, start, end }) => [entity_group, start, end])
}

/** Starts a standalone server on a free port, and waits for it. */
async function start(home) {
  const port = await freePort()
  const env = { ...process.env, PORT: String(port), HOSTNAME: '127.0.0.1', NEXT_TELEMETRY_DISABLED: '1' }
  const child = spawn(node(22), ['server.js'], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text))
  const url = `http://127.0.0.1:${port}/`
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`Next ended with ${child.exitCode}:\n${said}`)
    const answer = await fetch(url).catch(() => undefined)
    if (answer) return { url, stop: () => child.kill() }
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  child.kill()
  throw new Error(`Next did not start:\n${said}`)
}

function freePort() {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
