/** Names put back: placeholders as language models return them, whole and in chunks cut anywhere. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createRedactor, type Redactor } from '../../dist/redact.js'
import { isSlow } from '../helpers/slow.ts'
import { dictionary } from './dictionary.ts'

const NAMES = { 'Ada Lovelace': 'PER', 'Bob "Bo" Byron': 'PER', 'New\nYork': 'LOC', Acme: 'ORG', 'C:\\x': 'MISC' }

async function session(options = {}): Promise<Redactor> {
  const r = createRedactor(dictionary(NAMES), options)
  await r.redact(Object.keys(NAMES).join(', '))
  return r
}

/** What a stream gives for chunks. */
async function streamed(r: Redactor, chunks: readonly string[], options = {}): Promise<string> {
  const stream = new ReadableStream<string>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
  let text = ''
  const reader = stream.pipeThrough(r.restoreStream(options)).getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value
  return text
}

function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map(place => place % (text.length + 1)).sort((a, b) => a - b), text.length]
  return at.slice(1).map((end, i) => text.slice(at[i], end))
}

describe('forms of a placeholder', () => {
  test.each([
    ['[PER_1]', 'Ada Lovelace'],
    ['(PER_1)', 'Ada Lovelace'],
    ['{PER_1}', 'Ada Lovelace'],
    ['<PER_1>', 'Ada Lovelace'],
    ['【PER_1】', 'Ada Lovelace'],
    ['［PER_1］', 'Ada Lovelace'],
    ['«PER_1»', 'Ada Lovelace'],
    ['［ＰＥＲ＿１］', 'Ada Lovelace'],
    ['[per_1]', 'Ada Lovelace'],
    ['[Per_1]', 'Ada Lovelace'],
    ['[PER 1]', 'Ada Lovelace'],
    ['[PER_\n1]', 'Ada Lovelace'],
    ['[ PER_1 ]', 'Ada Lovelace'],
    ['[PER-1]', 'Ada Lovelace'],
    ['[PER #1]', 'Ada Lovelace'],
    ['[PER1]', 'Ada Lovelace'],
    ['[**PER_1**]', 'Ada Lovelace'],
    ['[`PER_1`]', 'Ada Lovelace'],
    ['**[PER_1]**', '**Ada Lovelace**'],
    ['**PER_1**', '**Ada Lovelace**'],
    ['PER_1', 'Ada Lovelace'],
    ['"PER_1".', '"Ada Lovelace".'],
    ["PER_1's", "Ada Lovelace's"],
    ['PER\\_1', 'Ada Lovelace'],
    ['\\[PER\\_1\\]', 'Ada Lovelace'],
    ['[PER_1]s', 'Ada Lovelaces'],
    ['[PER_1s]', 'Ada Lovelaces'],
    ["[PER_1's]", "Ada Lovelace's"],
    ['[PERS_1]', 'Ada Lovelace'],
    ['[[PER_1]](x)', '[Ada Lovelace](x)'],
    ['f([PER_1])', 'f(Ada Lovelace)'],
    ['[PER_1][ORG_1]', 'Ada LovelaceAcme'],
    ['[PER_1', '[Ada Lovelace'],
  ])('%j → %j', async (text, restored) => {
    const r = await session()
    expect(r.restore(text)).toBe(restored)
    expect(await streamed(r, Array.from(text))).toBe(restored)
  })

  test.each([
    'xPER_1',
    'PER_1x',
    'per_1 = 3',
    'PER_12',
    'PER 1',
    'a[1]',
    '[1]',
    '[PER]',
    '[PER_0]',
    `[PER_${' '.repeat(60)}1]`,
  ])('%j is none', async text => {
    const r = await session({ onUnknown: () => undefined })
    expect(r.restore(text)).toBe(text)
    expect(await streamed(r, Array.from(text))).toBe(text)
  })

  test('a longer one than 64 UTF-16 units is none, one of 64 is read', async () => {
    const r = await session()
    const padded = (spaces: number) => `[PER_1${' '.repeat(spaces)}]`
    expect(padded(57)).toHaveLength(64)
    for (const read of [(text: string) => r.restore(text), (text: string) => streamed(r, Array.from(text))]) {
      expect(await read(padded(57))).toBe('Ada Lovelace')
      expect(await read(`${padded(57)} and more of it`)).toBe('Ada Lovelace and more of it')
      expect(await read(padded(58).replace('PER_1', 'PER\n1'))).toBe(padded(58).replace('PER_1', 'PER\n1'))
    }
  })
})

describe('what stands for no name', () => {
  test('is reported and left', async () => {
    const unknown: string[] = []
    const r = await session({ onUnknown: (form: string) => unknown.push(form) })
    const text = '[PER_9] (per 8) [ANIMAL_1] PER_7 [1] (see 3) [PER_1]'
    expect(r.restore(text)).toBe(text.replace('[PER_1]', 'Ada Lovelace'))
    expect(unknown).toEqual(['[PER_9]', '(per 8)', '[ANIMAL_1]', 'PER_7'])
    await streamed(r, Array.from('x [LOC_4] y'))
    expect(unknown.at(-1)).toBe('[LOC_4]')
  })

  test('but for placeholders that the text had of its own', async () => {
    const unknown: string[] = []
    const r = createRedactor(dictionary(NAMES), { onUnknown: form => unknown.push(form) })
    const { text } = await r.redact('[PER_1] is Acme')
    expect(r.restore(text)).toBe('[PER_1] is Acme')
    expect(unknown).toEqual([])
  })
})

test('of a name with several spellings the first comes back', async () => {
  const r = createRedactor(dictionary({ 'New York': 'LOC', 'New\nYork': 'LOC' }))
  const { text } = await r.redact('New\nYork, New York')
  expect(r.restore(text)).toBe('New\nYork, New\nYork')
})

describe('JSON', () => {
  test('names are escaped, and all else stays to the letter', async () => {
    const r = await session()
    const json = '{ "to": "[PER_2]", "n": 12345678901234567890, "[LOC_1]": ["PER_1", "a\\n\\"[MISC_1]\\""], "x": [1] }'
    const restored = r.restore(json, { json: true })
    expect(restored).toContain('"n": 12345678901234567890')
    expect(JSON.parse(restored)).toMatchObject({
      to: 'Bob "Bo" Byron',
      'New\nYork': ['Ada Lovelace', 'a\n"C:\\x"'],
      x: [1],
    })
  })

  test('escaped placeholders are read as what they mean', async () => {
    const r = await session()
    const json = '{"a":"\\nPER_1","b":"[PER_\\n1]","c":"\\u3010PER_1\\u3011","d":"\\\\[PER_1]","e":"\\/"}'
    expect(JSON.parse(r.restore(json, { json: true }))).toEqual({
      a: '\nAda Lovelace',
      b: 'Ada Lovelace',
      c: 'Ada Lovelace',
      d: '\\Ada Lovelace',
      e: '/',
    })
  })

  test('what is parsed already: every string in it, and a copy', async () => {
    const r = await session()
    const call = { name: 'send', input: { to: ['[PER_1]', 3, null], cc: { PER_1: true }, date: new Date(0) } }
    const restored = r.restore(call)
    expect(restored).toEqual({ ...call, input: { ...call.input, to: ['Ada Lovelace', 3, null] } })
    expect(call.input.to[0]).toBe('[PER_1]')
    const odd = r.restore(JSON.parse('{"__proto__":"[PER_1]"}') as object)
    expect(Object.entries(odd)).toEqual([['__proto__', 'Ada Lovelace']])
  })

  test('a circle, and what is nested without end, is one error', async () => {
    const r = await session()
    const circle: Record<string, unknown> = {}
    circle.self = circle
    const nested = JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown
    for (const value of [circle, nested]) {
      expect(() => r.restore(value)).toThrow(expect.objectContaining({ code: 'REDACT_DEPTH' }))
    }
  })

  test('in every cut', async () => {
    const r = await session()
    const value = { a: '[PER_2] \\ "PER_1" \u{1f600} é\u2028', b: ['[LOC_1]', 1.5e-7, '[MISC_1]\n'] }
    const expected = r.restore(value)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 20 }), fc.boolean(), async (places, isIndented) => {
        const json = JSON.stringify(value, undefined, isIndented ? 2 : 0)
        const chunks = cut(json.replaceAll('é', '\\u00e9'), places)
        expect(JSON.parse(await streamed(r, chunks, { json: true }))).toEqual(expected)
      }),
      { seed: 17, numRuns: 200 },
    )
  })
})

describe('chunks', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '[PER_1]',
      '[PER_2',
      ']',
      'PER_1',
      '[per\n1]',
      '\\[PER\\_1\\]',
      '[ORG_1s]',
      '【LOC_1】',
      '(',
      '[[',
      '_',
      '\\',
    ),
    fc.constantFrom(
      ' ',
      's',
      "'s",
      '1',
      'a',
      '\u{1f600}',
      '\ud83d',
      'é',
      '人',
      '\u0301',
      '\u200d',
      'Maria',
      'Alma',
      'Keller',
    ),
    fc.string({ maxLength: 5 }),
    fc.constantFrom('[PER_1'.padEnd(60), '[MISC'.padEnd(63, '_'), 'x'.repeat(70)),
  )
  const text = fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(''))

  test.each(['label', 'surrogate', 'function'] as const)('any cuts of any text give the same: %s', async style => {
    const r = await session({
      onUnknown: () => undefined,
      ...(style === 'function'
        ? { style: (_: unknown, name: string, number: number) => `${name.slice(0, 1)}.. [${number}` }
        : { style }),
    })
    const replacements = r.export().names.map(({ replacement }) => replacement)
    const mixed = fc.array(fc.oneof(text, fc.constantFrom(...replacements)), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(mixed, fc.array(fc.nat(), { maxLength: 30 }), async (parts, places) => {
        const whole = parts.join('')
        const restored = r.restore(whole)
        expect(await streamed(r, cut(whole, places))).toBe(restored)
        expect(await streamed(r, whole.split(''))).toBe(restored)
      }),
      { seed: 18, numRuns: 700 },
    )
  })

  test('no more than 64 UTF-16 units are held back', async () => {
    const r = await session()
    await fc.assert(
      fc.asyncProperty(text, async whole => {
        const writer = r.restoreStream()
        const reader = writer.readable.getReader()
        const input = writer.writable.getWriter()
        let given = ''
        const reading = (async () => {
          for (let next = await reader.read(); !next.done; next = await reader.read()) given += next.value
        })()
        // Without names in it the text comes out as it goes in, so what is missing is what is held.
        const plain = whole.replaceAll('1', '7')
        for (const [i, unit] of plain.split('').entries()) {
          await input.write(unit)
          await Promise.resolve()
          expect(i + 1 - given.length).toBeLessThanOrEqual(64 + 1) // and one on its way through the stream
        }
        await input.close()
        await reading
        expect(given).toBe(r.restore(plain))
      }),
      { seed: 19, numRuns: 100 },
    )
  })

  test('megabytes of what may begin a placeholder take no longer than other text', async () => {
    const many = isSlow ? 10 : 1
    const r = await session()
    for (const [unit, size] of [
      ['[', many],
      ['[PER_', many],
      ['PER_', many],
      ['(', many],
      ['\\', many],
      ['[PER_9 ', many / 5],
    ] as const) {
      const start = performance.now()
      const whole = unit.repeat((size * 1_000_000) / unit.length)
      expect(r.restore(whole) === whole).toBe(true) // Nobody wants to see the difference.
      expect(performance.now() - start).toBeLessThan(60_000)
    }
  }, 300_000)
})
