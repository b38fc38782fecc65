/** Surrogates: all different, of the form of what they stand for, and readable side by side. */
import { describe, expect, test } from '@jest/globals'
import { findPatterns, type PatternName } from '../../dist/patterns.js'
import { createRedactor } from '../../dist/redact.js'
import * as lists from '../../dist/redact/surrogate-words.js'
import { surrogate } from '../../dist/redact/surrogates.js'

test('no word is in two lists', () => {
  const words = Object.values(lists).flatMap(({ first, last, single }) => [...first, ...last, ...single])
  expect(words.filter((word, i) => words.indexOf(word) !== i)).toEqual([])
  expect(words.filter(word => !/^[A-Z][a-z]+$/.test(word))).toEqual([])
})

test.each([
  ['PER', 'Ada', 32],
  ['PER', 'Ada Lovelace', 1024],
  ['ORG', 'Acme Corp', 192],
  ['LOC', 'New York', 256],
  ['MISC', 'the Long War', 1728],
  ['anything', 'A B C D', 5000],
] as const)('%s, %s: the first %i are different, and have as many words', (label, surface, count) => {
  const made = Array.from({ length: count }, (_, n) => surrogate(label, surface, n))
  expect(new Set(made).size).toBe(count)
  for (const name of made) expect(name.split(' ')).toHaveLength(surface.split(' ').length)
})

test('the case of a name', () => {
  expect(surrogate('PER', 'ADA LOVELACE', 0)).toBe(surrogate('PER', 'Ada Lovelace', 0).toUpperCase())
  expect(surrogate('PER', 'ada lovelace', 0)).toBe(surrogate('PER', 'Ada Lovelace', 0).toLowerCase())
  expect(surrogate('PER', '王小明', 0)).toMatch(/^[A-Z][a-z]+$/)
})

describe('what has a form gets another value of that form', () => {
  test.each([
    ['EMAIL', 'ada@x.org'],
    ['URL', 'www.x.org/a'],
    ['IP', '10.0.0.1'],
    ['IP', 'fe80::1'],
    ['CARD', '4111 1111 1111 1111'],
    ['IBAN', 'GB82 WEST 1234 5698 7654 32'],
    ['IBAN', 'de89370400440532013000'],
    ['PHONE', '+1 212 555 0123'],
    ['MAC', '00:1A:2b:3c:4d:5e'],
    ['UUID', '550e8400-e29b-41d4-a716-446655440000'],
    ['DATE', '2024-01-31T10:00:00Z'],
  ] as const)('%s for %s', (label: PatternName, surface) => {
    const made = Array.from({ length: 2000 }, (_, n) => surrogate(label, surface, n))
    expect(new Set(made).size).toBe(2000)
    for (const value of made) {
      expect(findPatterns(value, [label])).toEqual([{ label, start: 0, end: value.length }])
    }
  })

  test('SSN: one that is never issued', () => {
    const made = Array.from({ length: 2000 }, (_, n) => surrogate('SSN', '123-45-6789', n))
    expect(new Set(made).size).toBe(2000)
    for (const value of made) expect(value).toMatch(/^9\d\d-00-\d{4}$/)
  })

  test('in a session: out, back, and unchanged the second time', async () => {
    const r = createRedactor(null, { style: 'surrogate', patterns: ['EMAIL', 'IP', 'CARD', 'DATE'] })
    const text = 'ada@x.org, bob@x.org from 10.0.0.1 on 2024-01-31 paid with 4111 1111 1111 1111.'
    const once = await r.redact(text)
    expect(once.text).not.toMatch(/ada|bob|10\.0|2024|4111/)
    expect(r.restore(once.text)).toBe(text)
    expect((await r.redact(once.text)).text).toBe(once.text)
  })
})
