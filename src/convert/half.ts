/** float32 → IEEE 754 binary16, to the nearest, ties to even. The way back is src/safetensors/half.ts. */

const float = new Float32Array(1)
const word = new Uint32Array(float.buffer)

/** The largest number of binary16 is 65504; from here on a number is nearer to what would be the next. */
export const HALF_OVERFLOW = 65520

/**
 * One number → its bit pattern. Numbers from {@link HALF_OVERFLOW} on become infinity.
 *
 * A float32 has 13 more bits of fraction, and its exponent's bias is larger by 112. Adding half of the last place that stays,
 * minus 1 if that place is even, rounds; a carry runs into the exponent, where it belongs. Below 2^−14, binary16 counts in steps
 * of 2^−24, and so does a float32 between 0.5 and 1: adding 0.5 lets the machine round.
 */
export function toHalf(value: number): number {
  float[0] = Math.abs(value)
  const magnitude = word[0]!
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  if (Number.isNaN(value)) return 0x7e00
  if (float[0] >= HALF_OVERFLOW) return sign | 0x7c00
  if (float[0] < 2 ** -14) {
    float[0] = float[0] + 0.5
    return sign | (word[0]! - 0x3f000000)
  }
  return sign | ((magnitude - (112 << 23) + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
}
