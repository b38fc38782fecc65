/**
 * `%6.2f` as C writes it: two decimals, rounded from the exact binary value, ties to the even digit, padded to six
 * characters. `toFixed` rounds from the exact value too, but takes ties up: 3.125 is 3.12 in C and 3.13 there. With two
 * decimals only the odd multiples of 1/8 are ties. For 0 ≤ value < 1e15.
 */
export function fixed2(value: number): string {
  const tie = Math.abs((value * 8) % 2) === 1
  if (!tie) return value.toFixed(2).padStart(6)
  const below = Math.floor(value * 100) // the tie lies half-way between two hundredths
  return ((below % 2 === 0 ? below : below + 1) / 100).toFixed(2).padStart(6)
}
