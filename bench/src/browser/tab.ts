/** A headless Chromium of its own with one tab, driven through playwright-core. Its profile is new, and goes with it. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importPeer } from '../paths.ts'
import type { First, PageBench, Visit } from './page.ts'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/opt/google/chrome/chrome']

interface Page {
  goto(url: string): Promise<unknown>
  evaluate<A, R>(body: (argument: A) => Promise<R> | R, argument: A): Promise<R>
}
interface Context {
  pages(): Page[]
  newPage(): Promise<Page>
  close(): Promise<void>
}
interface Playwright {
  readonly chromium: { launchPersistentContext(profile: string, options: object): Promise<Context> }
}

/** What lies on the page's globalThis; functions that the page runs see nothing else. */
interface InPage {
  readonly bench: PageBench
}

export function browserPath(): string {
  const found = process.env.BERT_NER_CHROMIUM ?? PLACES.find(path => existsSync(path))
  if (found === undefined) throw new Error('no Chromium found: install it, or name it in BERT_NER_CHROMIUM')
  return found
}

export class Tab {
  readonly #profile: string
  readonly #context: Context
  readonly #page: Page

  private constructor(profile: string, context: Context, page: Page) {
    this.#profile = profile
    this.#context = context
    this.#page = page
  }

  static async open(): Promise<Tab> {
    const { chromium } = (await importPeer('playwright-core', 'index.mjs')) as Playwright
    const profile = mkdtempSync(join(tmpdir(), 'bert-ner-bench-'))
    try {
      const context = await chromium.launchPersistentContext(profile, {
        executablePath: browserPath(),
        headless: true,
        chromiumSandbox: false,
        args: ['--disable-gpu', '--disable-quic', '--disable-sync', '--no-proxy-server'],
      })
      return new Tab(profile, context, context.pages()[0] ?? (await context.newPage()))
    } catch (error) {
      rmSync(profile, { recursive: true, force: true })
      throw error
    }
  }

  /** Navigates, and waits for the first answer. */
  async visit(origin: string, visit: Visit): Promise<First> {
    const query = new URLSearchParams(Object.entries(visit).map(([name, value]) => [name, String(value)]))
    await this.#page.goto(`${origin}/?${query.toString()}`)
    return this.#page.evaluate(() => (globalThis as unknown as InPage).bench.first(), null)
  }

  times(batches: readonly (readonly string[])[], repeat: number): Promise<readonly number[]> {
    return this.#page.evaluate(([batches, repeat]) => (globalThis as unknown as InPage).bench.times(batches, repeat), [
      batches,
      repeat,
    ] as const)
  }

  /** Bytes resident of the process that runs the page; null if the system has no /proc. */
  memory(): number | null {
    return existsSync('/proc/self/status') ? largestRenderer(this.#profile) : null
  }

  async close(): Promise<void> {
    await this.#context.close()
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The largest renderer among the descendants of the browser that has this profile. */
function largestRenderer(profile: string): number | null {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8')
    } catch {
      return '' // it has ended meanwhile
    }
  }
  const all = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => {
      const status = read(pid, 'status')
      const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0)
      return { pid: Number(pid), command: read(pid, 'cmdline'), parent: field('PPid'), kilobytes: field('VmRSS') }
    })
  const isOurs = (pid: number): boolean => {
    const found = all.find(one => one.pid === pid)
    return found !== undefined && (found.command.includes(profile) || isOurs(found.parent))
  }
  const renderers = all.filter(({ command, pid }) => command.includes('--type=renderer') && isOurs(pid))
  return renderers.length === 0 ? null : 1024 * Math.max(...renderers.map(({ kilobytes }) => kilobytes))
}
