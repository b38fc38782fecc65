/** The page that walks one sentence through the model can be written anew. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'

const pathOf = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

test('scripts/walk.mjs prints every block that docs/from-paper-to-code.md has a place for', () => {
  const printed = execFileSync(process.execPath, [pathOf('scripts/walk.mjs')], { encoding: 'utf8' })
  const page = readFileSync(pathOf('docs/from-paper-to-code.md'), 'utf8')
  const places = Array.from(page.matchAll(/<!-- (\w+) -->/g), ([, name]) => name).filter(name => name !== 'end')
  expect(places).toEqual(['tokens', 'embedding', 'attention', 'layer', 'logits'])
  for (const name of places) expect(printed).toContain(`${name}\n\n`)
  expect(printed).toMatch(/ada .* B-PER 0\.9/)
  expect(printed).toMatch(/london .* B-LOC 0\.9/)
})
