/** What Node starts: bundles that are the modules, share their classes, and find the files beside them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

interface Entry {
  readonly types?: string
  readonly node?: string | { readonly default: string }
  readonly default?: string
}

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, string | Entry> }
const entries = Object.entries(exports).flatMap(([name, entry]) =>
  typeof entry === 'object' && entry.node !== undefined
    ? [[name, typeof entry.node === 'string' ? entry.node : entry.node.default] as const]
    : [],
)
const load = async (file: string) => (await import(`../../${file}`)) as Record<string, unknown>

test.each(entries)('%s: the bundle exports what the module does', async (_, file) => {
  const bundle = await load(file)
  expect(Object.keys(bundle).sort()).toEqual(Object.keys(await load(file.replace('/bundle', ''))).sort())
})

test('a class is one, whichever entry it comes from', async () => {
  const [node, redact, patterns] = await Promise.all(
    ['node', 'redact', 'patterns'].map(name => load(`dist/bundle/${name}.js`)),
  )
  expect(redact?.BertNerError).toBe(node?.BertNerError)
  expect(redact?.createRedactor).toBe(node?.createRedactor)
  const findPatterns = patterns?.findPatterns as (text: unknown) => unknown
  expect(() => findPatterns(7)).toThrow(node?.BertNerError)
})

test('every file that a bundle looks for beside it is there', () => {
  const files = readdirSync('dist/bundle').filter(name => name.endsWith('.js'))
  const addresses = files.flatMap(name =>
    [...readFileSync(`dist/bundle/${name}`, 'utf8').matchAll(/"(\.[^"]*)",\s*import\.meta\.url/g)].map(
      ([, path]) => path,
    ),
  )
  expect(addresses.length).toBeGreaterThan(8)
  expect(
    addresses.filter(path => !existsSync(new URL(path ?? '', new URL('../../dist/bundle/', import.meta.url)))),
  ).toEqual([])
})
