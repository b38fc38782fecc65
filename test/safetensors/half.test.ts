/** Both 16-bit types over all of their 65,536 values, against their definitions. */
import { expect, test } from '@jest/globals'
import { decodeBF16, decodeF16 } from '../../dist/index.js'

const all = Uint16Array.from({ length: 65536 }, (_, i) => i)

/** (−1)^s · 2^(e−bias) · (1 + f/2^bits), subnormal where e = 0; the highest e holds infinity and NaN. */
function defined(pattern: number, exponentBits: number, fractionBits: number): number {
  const sign = pattern >> 15 === 1 ? -1 : 1
  const top = 2 ** exponentBits - 1
  const exponent = (pattern >> fractionBits) & top
  const fraction = pattern & (2 ** fractionBits - 1)
  if (exponent === top) return fraction === 0 ? sign * Infinity : NaN
  const bias = 2 ** (exponentBits - 1) - 1
  if (exponent === 0) return sign * (fraction / 2 ** fractionBits) * 2 ** (1 - bias)
  return sign * (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias)
}

test('F16', () => {
  const decoded = decodeF16(all)
  expect(Array.from(all).filter((pattern, i) => !Object.is(decoded[i], defined(pattern, 5, 10)))).toEqual([])
})

test('BF16', () => {
  const decoded = decodeBF16(all)
  expect(Array.from(all).filter((pattern, i) => !Object.is(decoded[i], defined(pattern, 8, 7)))).toEqual([])
})

test('the given patterns are not changed, and none is fine', () => {
  expect(all[65535]).toBe(65535)
  expect(decodeF16(new Uint16Array(0))).toEqual(new Float32Array(0))
  expect(decodeBF16(new Uint16Array(0))).toEqual(new Float32Array(0))
})
