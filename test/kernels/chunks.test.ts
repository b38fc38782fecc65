/** Which files a bundle loads at once: a backend that nobody asked for, and turbo, are not among them. */
import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { expect, test } from '@jest/globals'

const kernels = new URL('../../dist/kernels/', import.meta.url)

/** A file and all that it imports statically, by their paths in dist/kernels. */
function closure(path: string): string[] {
  const seen = new Set<string>()
  const visit = (file: URL) => {
    if (seen.has(file.href)) return
    seen.add(file.href)
    const text = readFileSync(file, 'utf8')
    for (const [, specifier = ''] of text.matchAll(/^(?:import|export)\b[^;]*?from ['"](\.[^'"]+)['"]/gm)) {
      visit(new URL(specifier, file))
    }
  }
  visit(new URL(path, kernels))
  return [...seen].filter(href => href.startsWith(kernels.href)).map(href => href.slice(kernels.href.length))
}

test.each([
  ['load.js', /^(naive|tfjs)\/|turbo|exercise/],
  ['tfjs/tfjs.js', /^(naive|simd)\//],
  ['naive/naive.js', /^(tfjs|simd)\//],
])('%s', (path, others) => {
  const files = closure(path)
  expect(files).toContain(path)
  expect(files.length).toBeGreaterThan(2)
  expect(files.filter(file => others.test(file))).toEqual([])
})

test('the script of a thread is one file, which a bundler may copy as it is, and a page load as a classic script', () => {
  const text = readFileSync(new URL('simd/engine/worker.js', kernels), 'utf8')
  expect(() => new Script(text)).not.toThrow() // no import, export, import.meta, await at the top
  expect(text).not.toMatch(/import\s*\(/)
})
