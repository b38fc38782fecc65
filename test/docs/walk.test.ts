/** docs/from-paper-to-code.md is what the code prints and draws, and the script answers for any text. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from '@jest/globals'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PAGE = join(root, 'docs/from-paper-to-code.md')
const walk = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'scripts/walk.mjs'), ...args], { encoding: 'utf8' })

const NUMBER = /\d+(?:\.\d+)?(?:e[+-]?\d+)?/g

/** The same words, and numbers that differ in their last digits at most, as they may between versions of V8. */
function expectInStep(actual: string, expected: string): void {
  const words = (text: string) => text.replace(NUMBER, '#').replace(/-#/g, '#').replace(/[ \n]+/g, ' ').trim() // prettier-ignore
  const numbers = (text: string) => Array.from(text.matchAll(NUMBER), ([number]) => Number(number))
  expect(words(actual)).toBe(words(expected))
  const theirs = numbers(expected)
  for (const [i, value] of numbers(actual).entries()) {
    expect(Math.abs(value - theirs[i]!)).toBeLessThanOrEqual(0.011 + 0.001 * Math.abs(value))
  }
}

/** name → text, of what the script prints. */
function printedBlocks(output: string): Map<string, string> {
  const parts = output.split(/^== ([a-z]+) ==\n\n/m).slice(1)
  const names = parts.filter((_, i) => i % 2 === 0)
  return new Map(names.map((name, i) => [name, parts[2 * i + 1]!.trim()]))
}

describe('the page', () => {
  const page = readFileSync(PAGE, 'utf8')
  let printed: Map<string, string>
  beforeAll(() => {
    const { stdout, stderr, status } = walk('--print')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    printed = printedBlocks(stdout)
  })

  test('has every block as the script prints it (npm run docs writes them anew)', () => {
    const places = Array.from(page.matchAll(/<!-- ([a-z]+) -->\s+```text\n(.*?)\n```\s+<!-- end -->/gs))
    expect(places.map(([, name]) => name)).toEqual([...new Set(page.match(/(?<=<!-- )[a-z]+(?= -->)/g))].filter(name => name !== 'end')) // prettier-ignore
    expect(new Set(places.map(([, name]) => name))).toEqual(new Set(printed.keys()))
    for (const [, name, text] of places) expectInStep(text!, printed.get(name!)!)
  })

  test("follows the README's sentence to its entities", () => {
    const sentence = /^const text = (["'`])(.*)\1$/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))![2]!
    const tokens = printed.get('tokens')!
    for (const word of sentence.match(/[A-Z]\w+/g)!) expect(tokens).toContain(word.slice(0, 3))
    expect(printed.get('entities')).toMatch(/Berlin +48–54 +LOC +0\.9/)
    expect(printed.get('lens')!.split('\n').at(-1)).toMatch(/B-LOC 0\.9/)
  })

  test('shows words on which the strategies differ', () => {
    const strategies = printed.get('strategies')!
    const answers = ['simple', 'first', 'average', 'max'].map(
      name => new RegExp(`^${name} +(.*)$`, 'm').exec(strategies)![1],
    )
    const spans = answers.map(answer => answer!.replace(/ \d\.\d\d/g, '')) // without scores
    expect(new Set(spans).size).toBeGreaterThanOrEqual(3)
  })

  test('links only to what is there', () => {
    const links = Array.from(page.matchAll(/\]\((?!https?:|#)([^)#]+)/g), ([, link]) => link!)
    expect(links.length).toBeGreaterThan(20)
    expect(links.filter(link => !existsSync(join(root, 'docs', link)))).toEqual([])
  })

  test('its pictures are those that the code draws', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pictures-'))
    try {
      execFileSync(process.execPath, [join(root, 'scripts/pictures.mjs'), folder])
      const names = readdirSync(folder)
      expect(names.sort()).toEqual(['attention-head.svg', 'packed-batch.svg', 'panel.svg', 'residual-stream.svg'])
      for (const name of names) {
        expect(page).toContain(`](${name})`)
        const [drawn, kept] = [folder, join(root, 'docs')].map(place => readFileSync(join(place, name), 'utf8'))
        // Colours of a heat map may round the other way.
        const plain = (svg: string) => svg.replace(/rgb\([^)]*\)|#[0-9a-f]{6}/g, 'colour')
        expectInStep(plain(drawn!), plain(kept!))
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('any text', () => {
  test('prints its way, and writes nothing', () => {
    const before = readFileSync(PAGE, 'utf8')
    const { stdout, stderr, status } = walk('Ada Lovelace wrote to Charles Babbage.', 'charles')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/== embedding ==\n\ncharles\n/)
    expect(stdout).toMatch(/Charles Babbage +\d+–\d+ +PER/)
    expect(readFileSync(PAGE, 'utf8')).toBe(before)
  })

  test.each(['Hello there.', '!', '日本', 'a'])('without an entity: %j', text => {
    const { stdout, stderr, status } = walk(text)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(printedBlocks(stdout).has('entities')).toBe(true)
  })

  test.each([
    [[''], 'walk: this text has no word in it\n'],
    [['Ada wrote.', 'grace'], 'walk: no piece grace in this text, but ada wrote .\n'],
  ])('%j is one line of error', (args, message) => {
    const { stderr, status } = walk(...args)
    expect({ status, stderr }).toEqual({ status: 1, stderr: message })
  })
})
