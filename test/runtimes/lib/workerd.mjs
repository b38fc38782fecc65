/** Cloudflare's runtime on this machine: starts what wrangler built, and measures from outside, since its clock stands still inside. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { shop } from './workshop.mjs'

export async function workerd(script, assets, settings) {
  const { convertV4MiniflareOptions, Miniflare } = await import(join(shop, 'node_modules/miniflare/dist/src/index.js'))
  const modules = readdirSync(script)
    .filter(file => /\.(?:js|wasm)$/.test(file))
    .sort((a, b) => Number(a.endsWith('.wasm')) - Number(b.endsWith('.wasm')))
    .map(file => ({ type: file.endsWith('.js') ? 'ESModule' : 'CompiledWasm', path: join(script, file) }))
  const options = convertV4MiniflareOptions({
    modulesRoot: script,
    modules,
    assets: {
      directory: assets,
      binding: 'ASSETS',
      routerConfig: { invoke_user_worker_ahead_of_assets: true, has_user_worker: true },
    },
    ...settings,
  })
  const miniflare = new Miniflare(options)
  const url = await miniflare.ready
  const process = workerdProcess()
  return {
    async post(text) {
      const began = performance.now()
      const response = await fetch(url, { method: 'POST', body: text })
      if (!response.ok) throw new Error(`workerd answered ${response.status}: ${await response.text()}`)
      const entities = await response.json()
      return [entities, performance.now() - began]
    },
    get: path => fetch(new URL(path, url)),
    /** Bytes: in memory now, and the most that there were. */
    memory: () => ({ now: kilobytes(process, 'VmRSS') * 1024, peak: kilobytes(process, 'VmHWM') * 1024 }),
    stop: () => miniflare.dispose(),
  }
}

/** The process that miniflare started last. */
function workerdProcess() {
  const ours = readdirSync('/proc').filter(name => /^\d+$/.test(name) && isOurs(name))
  return ours.sort((a, b) => Number(b) - Number(a))[0]
}

function isOurs(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return /^Name:\s*workerd/m.test(status) && new RegExp(`^PPid:\\s*${process.pid}$`, 'm').test(status)
  } catch {
    return false // it has ended
  }
}

function kilobytes(pid, key) {
  if (pid === undefined) return Number.NaN
  return Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
