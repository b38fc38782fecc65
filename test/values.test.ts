/** Checks that every room shares. */
import { expect, test } from '@jest/globals'
import { codeOf, decodeUtf8, kindOf, show, tagOf } from '../dist/values.js'

test('a message shows what was found, and never the bytes of a model', () => {
  expect([[1, ['a'], 'b'], { text: 'a' }, new Uint8Array(1e6), null, 3n, 'x'.repeat(1e6)].map(show)).toEqual([
    '[1, an Array, "b"]',
    'an Object',
    'a Uint8Array',
    'null',
    'a bigint',
    `"${'x'.repeat(60)}…"`,
  ])
})

test('anything can be shown, looked at and asked for its code', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  const list = Proxy.revocable([], {})
  revoke()
  list.revoke()
  const thrower = {
    get [Symbol.toStringTag](): string {
      throw new Error('no')
    },
  }
  for (const value of [proxy, list.proxy, thrower, Object.create(null) as object]) {
    expect(show(value)).toBe('an Object')
    expect(tagOf(value)).toBe('Object')
  }
  expect([undefined, true, () => 1, Symbol('x'), NaN].map(show)).toEqual(['nothing', 'true', 'a function', 'a symbol', 'NaN']) // prettier-ignore
  expect([new Map(), [], 1].map(kindOf)).toEqual(['a Map', 'an Array', 'a Number'])
  expect([null, 'x', {}, { code: 1 }, { code: 'A' }].map(codeOf)).toEqual([undefined, undefined, undefined, undefined, 'A']) // prettier-ignore
})

test('UTF-8 is read strictly, also out of shared memory', () => {
  const fail = (found: string) => new Error(found)
  expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), fail)).toBe('a')
  expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), fail, true)).toBe('\ufeffa')
  const shared = new Uint8Array(new SharedArrayBuffer(2))
  shared.set([0xc3, 0xa9])
  expect(decodeUtf8(shared, fail)).toBe('é')
  expect(() => decodeUtf8(Uint8Array.of(0xc3), fail)).toThrow('bytes that are not')
})
