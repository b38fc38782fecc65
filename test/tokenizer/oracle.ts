/**
 * The strings and hashes of test/reference/tokenizer_fixtures.py, computed here: what the oracle answered is in the
 * repository as one hash a block, and a hash that differs says where to look.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Tokenizer, type Encoding } from '../../dist/node.js'

const folder = new URL('../fixtures/tokenizer/', import.meta.url)

export function readFixture(name: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, folder))).toString())
}

export const load = (name: 'cased' | 'uncased'): Tokenizer => Tokenizer.fromJson(readFixture(name) as object)

interface StringsFixture {
  seeds: number
  block: number
  codePointBlock: number
  alphabets: Record<string, [number, number][]>
  specials: string[]
  sample: string[]
}
export const strings = readFixture('strings') as StringsFixture
const { imul } = Math // looking a global up is slow inside of jest, and this is done millions of times
const { fromCodePoint } = String
const kinds = Object.values(strings.alphabets)

/** mulberry32. */
export class Random {
  private state: number
  constructor(seed: number) {
    this.state = seed | 0
  }
  below(n: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = this.state
    t = imul(t ^ (t >>> 15), t | 1)
    t ^= t + imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

/** FNV-1a over 32-bit numbers. */
export class Fnv {
  private hash = 0x811c9dc5 | 0
  add(n: number): void {
    this.hash = imul(this.hash ^ n, 0x01000193)
  }
  hex(): string {
    return (this.hash >>> 0).toString(16).padStart(8, '0')
  }
}

export function generate(seed: number): string {
  const random = new Random(seed)
  let text = ''
  for (let parts = 1 + random.below(8); parts > 0; parts--) {
    const choice = random.below(kinds.length + 3)
    const ranges = kinds[choice]
    if (ranges !== undefined) {
      for (let length = 1 + random.below(9); length > 0; length--) text += pick(ranges, random)
    } else if (choice === kinds.length) {
      text += strings.specials[random.below(strings.specials.length)]!
    } else if (choice === kinds.length + 1 && random.below(8) === 0) {
      text += ['a', 'é', '𐐨'][random.below(3)]!.repeat(99 + random.below(4))
    } else {
      text += ' '
    }
    if (random.below(3) === 0) text += ' '
  }
  return text
}

function pick(ranges: [number, number][], random: Random): string {
  const [first, last] = ranges[random.below(ranges.length)]!
  return fromCodePoint(first + random.below(last - first + 1))
}

/** Ids, offsets, word ids, type ids, mask: one order, here and in Python. */
export function addEncoding(fnv: Fnv, encoding: Encoding): void {
  fnv.add(encoding.ids.length)
  for (let i = 0; i < encoding.ids.length; i++) {
    fnv.add(encoding.ids[i]!)
    fnv.add(encoding.offsets[i]![0])
    fnv.add(encoding.offsets[i]![1])
    fnv.add(encoding.wordIds[i] ?? -1)
    fnv.add(encoding.typeIds[i]!)
    fnv.add(encoding.specialTokensMask[i]!)
  }
}

export function addText(fnv: Fnv, text: string): void {
  const codePoints = Array.from(text)
  fnv.add(codePoints.length)
  for (const c of codePoints) fnv.add(c.codePointAt(0)!)
}

export function hashCodePoints(tokenizer: Tokenizer, block: number): string {
  const fnv = new Fnv()
  const first = block * strings.codePointBlock
  for (let c = first; c < first + strings.codePointBlock; c++) {
    if (c >= 0xd800 && c < 0xe000) continue
    addEncoding(fnv, tokenizer.encode(`a${fromCodePoint(c)}b`, { addSpecialTokens: false }))
  }
  return fnv.hex()
}

export function hashStrings(tokenizer: Tokenizer, block: number): string {
  const fnv = new Fnv()
  for (let seed = block * strings.block; seed < (block + 1) * strings.block; seed++) {
    const text = generate(seed)
    const encoding = tokenizer.encode(text)
    addEncoding(fnv, encoding)
    addEncoding(fnv, tokenizer.encode(text, { offsetUnit: 'codepoint' }))
    addText(fnv, tokenizer.decode(encoding.ids))
    addText(fnv, tokenizer.decode(encoding.ids, { skipSpecialTokens: false }))
    addEncoding(fnv, tokenizer.encodeWords(text.split(' '), { addSpecialTokens: false }))
    if (text.includes('[')) addEncoding(fnv, tokenizer.encode(text, { specialTokens: 'literal', pair: text }))
  }
  return fnv.hex()
}

/** Blocks whose hash is not the oracle's, with the command that prints what it answered. */
export function differing(
  name: string,
  expected: readonly string[],
  hash: (block: number) => string,
  show: (block: number) => string,
): string[] {
  return expected.flatMap((value, block) =>
    hash(block) === value ? [] : [`${name}: python test/reference/tokenizer_fixtures.py ${show(block)}`],
  )
}
