/** Files that a stranger wrote to cost time or memory, and texts to go with them. */
import { describe, expect, test } from '@jest/globals'
import { Tokenizer } from '../../dist/node.js'

const SPECIAL = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n'

const seconds = (work: () => unknown): number => {
  const start = performance.now()
  work()
  return (performance.now() - start) / 1000
}

/** Milliseconds that doubling may cost are told from those of a square by the ratio of four sizes. */
const growth = (sizes: readonly number[], work: (n: number) => unknown): number => {
  const times = sizes.map(n => Math.min(...[0, 1, 2].map(() => seconds(() => work(n)))))
  return times.at(-1)! / Math.max(times[0]!, 0.002)
}

describe('vocabularies', () => {
  /** Strings with one FNV-1a value from the usual start: 16-bit units meet in the middle. */
  function collisions(count: number): string[] {
    const { imul } = Math
    const prime = 0x01000193
    let inverse = 1
    for (let i = 0; i < 5; i++) inverse = imul(inverse, 2 - imul(prime, inverse))
    const target = 0x12345678
    const found: string[] = []
    // Two units are drawn, and the last two bring the hash to the target: h = ((h ^ c)·p ^ d)·p.
    for (let draw = 0x30000; found.length < count; draw++) {
      let hash = 0x811c9dc5 | 0
      const units = [0x4e00 + (draw & 0x3ff), 0x4e00 + ((draw >>> 10) & 0x3ff), 0x4e00 + (draw >>> 20)]
      for (const unit of units) hash = imul(hash ^ unit, prime)
      // before d: x = target·p⁻¹ ^ d; before c: (hash ^ c)·p = x
      for (let d = 0x3400; d < 0x9fff; d++) {
        const c = hash ^ imul(imul(target, inverse) ^ d, inverse)
        if (c >= 0x3400 && c < 0x9fff) {
          found.push(String.fromCharCode(...units, c, d))
          break
        }
      }
    }
    return found
  }

  test('of tokens whose hashes would be equal load as any other', () => {
    const tokens = collisions(600)
    expect(new Set(tokens).size).toBe(600)
    // The collisions are real: from the usual start all hashes are one.
    const hashes = tokens.map(token => {
      let hash = 0x811c9dc5 | 0
      for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), 0x01000193)
      return hash
    })
    expect(new Set(hashes).size).toBe(1)
    const tokenizer = Tokenizer.fromVocab(SPECIAL + tokens.join('\n'))
    for (const [i, token] of tokens.entries()) expect(tokenizer.tokenToId(token)).toBe(5 + i)
  })
})

describe('a template', () => {
  const part = (id: string) => ({ SpecialToken: { id, type_id: 0 } })
  const json = (ids: number, parts: number) => ({
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, ...Array.from({ length: parts }, () => part('x'))],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 0 } }],
      special_tokens: { x: { id: 'x', ids: Array<number>(ids).fill(1), tokens: Array<string>(ids).fill('x') } },
    },
    decoder: null,
    model: { type: 'WordPiece', unk_token: '[UNK]', vocab: { '[UNK]': 0, x: 1 } },
  })

  test.each([
    [1, 600],
    [600, 1],
    [100, 100],
    [10_000, 10_000],
  ])('of %d ids in %d parts is refused', (ids, parts) => {
    expect(() => Tokenizer.fromJson(json(ids, parts))).toThrow(expect.objectContaining({ code: 'TOKENIZER_VALUE' }))
  })

  test('of some is not', () => {
    expect(Tokenizer.fromJson(json(3, 4)).encode('x').ids).toHaveLength(13)
  })
})

describe('added tokens', () => {
  const random = (n: number) => Math.imul(n, 0x9e3779b1) >>> 0
  const config = (count: number, length: number) => ({
    additional_special_tokens: Array.from({ length: count }, (_, i) => {
      let token = ''
      for (let k = 0; token.length < length; k++) token += random(i * 131 + k).toString(36)
      return token.slice(0, length)
    }),
  })

  test('take memory in proportion to their spelling', () => {
    const input = config(2000, 1000)
    const before = process.memoryUsage().heapUsed
    const tokenizer = Tokenizer.fromVocab(SPECIAL, input)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(60e6) // a Map for each unit took 420 MB
    const [token = ''] = input.additional_special_tokens
    expect(tokenizer.encode(`a${token}b`, { addSpecialTokens: false }).ids).toEqual([1, 5, 1])
  })

  test('of one beginning are found, the longest first, in a time that hardly depends on their number', () => {
    const tokens = Array.from({ length: 20_000 }, (_, i) => `<${'<'.repeat(i % 50)}${i}`)
    const tokenizer = Tokenizer.fromVocab(SPECIAL, { additional_special_tokens: [...new Set(tokens)] })
    expect(seconds(() => tokenizer.encode('<'.repeat(20_000)))).toBeLessThan(3)
    const { tokens: found } = tokenizer.encode(`${tokens[1234]!}0 ${tokens[77]!}`, { addSpecialTokens: false })
    expect(found[0]).toBe(tokens[12340] === `${tokens[1234]!}0` ? tokens[12340] : tokens[1234])
    expect(found.at(-1)).toBe(tokens[77])
  })

  test('that take white space are found in a time that grows with the text, not with its square', () => {
    for (const flags of [{ rstrip: true }, { lstrip: true }, { lstrip: true, rstrip: true }]) {
      const decoder = { '5': { content: ' ', special: true, ...flags } }
      const tokenizer = Tokenizer.fromVocab(SPECIAL, { added_tokens_decoder: decoder })
      expect(growth([20_000, 160_000], n => tokenizer.encode(' '.repeat(n)))).toBeLessThan(40)
      const n = 50
      const { offsets } = tokenizer.encode(' '.repeat(n), { addSpecialTokens: false })
      // As the reference has it: with rstrip each space takes all that follow it, unless lstrip makes it give way.
      const isOne = 'rstrip' in flags && 'lstrip' in flags
      const each = Array.from({ length: n }, (_, i) => ('rstrip' in flags ? [i, n] : [i, i + 1]))
      expect(offsets).toEqual(isOne ? [[0, n]] : each)
    }
  })
})
