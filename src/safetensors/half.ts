/** Decodes the two 16-bit floating-point types. Every value of both is a float32 too, so nothing is rounded. */

import { SafetensorsError } from '../errors.ts'
import { show, tagOf } from '../values.ts'

/** Decodes bfloat16, the upper half of a float32. Bit patterns → numbers, same length. */
export function decodeBF16(bits: Uint16Array): Float32Array {
  checkBits(bits)
  const words = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16
  return new Float32Array(words.buffer)
}

/**
 * Decodes IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. Bit patterns → numbers, same length.
 *
 * The exponent and fraction bits of a binary16, moved to their places in a binary32, give a number that is too small by
 * 2^(127 − 15). One multiplication corrects that, even for subnormal numbers. Infinity and NaN have the highest exponent in
 * both formats.
 */
export function decodeF16(bits: Uint16Array): Float32Array {
  checkBits(bits)
  const values = new Float32Array(bits.length)
  const words = new Uint32Array(values.buffer)
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i]!
    const magnitude = (half & 0x7fff) << 13
    const isFinite = (half & 0x7c00) !== 0x7c00
    words[i] = isFinite ? magnitude : magnitude | 0x7f800000
    if (isFinite) values[i] = values[i]! * 2 ** 112
    words[i] = words[i]! | ((half & 0x8000) << 16)
  }
  return values
}

function checkBits(bits: unknown): void {
  if (ArrayBuffer.isView(bits) && tagOf(bits) === 'Uint16Array') return
  throw new SafetensorsError({
    code: 'SAFETENSORS_INPUT_INVALID',
    subject: 'the bits to decode',
    expected: 'a Uint16Array',
    found: show(bits),
    nextStep: 'Pass the data of a tensor of type F16 or BF16.',
  })
}
