/**
 * Unicode tables for the tokenizer: eight flags in one byte for each scalar value, and three mappings.
 *
 * The values are those of the reference implementation, unpacked from {@link file://./unicode-tables.ts}. The engine's
 * own (`\p{P}`, `toLowerCase`) are not used: they change with its version, and the reference mixes old tables with new
 * ones. Its punctuation and categories are those of Unicode 8, so 141 of today's non-ASCII punctuation characters do not
 * split a word. Its lower-casing is of Unicode 16. A decomposition never changes once it is given, so the engine's
 * `normalize` is asked for those that the reference has, and checked.
 */
import { TokenizerError } from '../errors.ts'
import * as packed from './unicode-tables.ts'

/** Bits of {@link Unicode.flags}. */
export const SPACED = 1 // clean_text makes a space of it
export const WHITESPACE = 2 // the pre-tokenizer splits here and drops it
export const PUNCTUATION = 4 // the pre-tokenizer makes a word of it
export const REMOVED = 8 // clean_text drops it
export const IDEOGRAPH = 16 // handle_chinese_chars puts spaces around it
export const MARK = 32 // strip_accents drops it
export const DECOMPOSES = 64 // has a canonical decomposition, or a combining class and is no mark
export const LOWERS = 128 // has a lower case other than itself

/**
 * QUIRK: "Chinese characters" are eight ranges that BERT's authors wrote down, not a Unicode property: no Hangul, no kana.
 * The reference implementation has 2B920 instead of their 2B820, so it leaves the ideographs between in their words.
 */
export const IDEOGRAPH_RANGES = [
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b920, 0x2ceaf],
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
] as const

export const CAPITAL_I_WITH_DOT = 0x130 // İ, in lower case i and U+0307, the only one that becomes two
export const HANGUL_FIRST = 0xac00
export const HANGUL_LAST = 0xd7a3

let flags: Uint8Array | undefined

/**
 * The bits above, by code point: [0x110000]. The first call unpacks them, later ones reuse them. DECOMPOSES and LOWERS are
 * set by {@link loadDecompositions} and {@link loadLowerCase}: a cased model needs neither.
 */
export function loadFlags(): Uint8Array {
  return (flags ??= unpackFlags())
}

function unpackFlags(): Uint8Array {
  const table = new Uint8Array(0x110000)
  // Fills the long ranges first: no two of these share a code point.
  for (const [first, last] of unpackRanges(packed.REMOVED)) table.fill(REMOVED, first, last + 1)
  for (const [first, last] of IDEOGRAPH_RANGES) table.fill(IDEOGRAPH, first, last + 1)
  addFlag(table, packed.SPACED, SPACED)
  addFlag(table, packed.WHITESPACE, WHITESPACE)
  addFlag(table, packed.PUNCTUATION, PUNCTUATION)
  addFlag(table, packed.MARKS, MARK)
  return table
}

function addFlag(table: Uint8Array, ranges: string, flag: number): void {
  for (const [first, last] of unpackRanges(ranges)) for (let c = first; c <= last; c++) table[c]! |= flag
}

export interface Decompositions {
  /** Canonical decompositions without their marks, of everything but Hangul syllables. */
  readonly bases: ReadonlyMap<number, readonly number[]>
  /** Canonical combining classes other than 0. */
  readonly classes: ReadonlyMap<number, number>
}

let decompositions: Decompositions | undefined

export function loadDecompositions(): Decompositions {
  if (decompositions !== undefined) return decompositions
  const table = loadFlags()
  const bases = readDecompositions(table)
  const classes = unpackValues(packed.CLASSES)
  for (let c = HANGUL_FIRST; c <= HANGUL_LAST; c++) table[c]! |= DECOMPOSES
  for (const c of bases.keys()) table[c]! |= DECOMPOSES
  for (const c of classes.keys()) if ((table[c]! & MARK) === 0) table[c]! |= DECOMPOSES
  return (decompositions = { bases, classes })
}

/** Asks the engine. One without Unicode's data would give other pieces, in silence. */
function readDecompositions(table: Uint8Array): Map<number, number[]> {
  const bases = new Map<number, number[]>()
  let checksum = 0x811c9dc5 // FNV-1a
  for (const [first, last] of unpackRanges(packed.DECOMPOSED)) {
    for (let c = first; c <= last; c++) {
      const parts = Array.from(String.fromCodePoint(c).normalize('NFD'), part => part.codePointAt(0)!)
      const base = parts.filter(part => (table[part]! & MARK) === 0)
      for (const part of base) checksum = Math.imul(checksum ^ part, 0x01000193)
      bases.set(c, base)
    }
  }
  if (checksum >>> 0 === packed.BASES_CHECKSUM) return bases
  throw new TokenizerError({
    code: 'TOKENIZER_ENGINE',
    subject: 'String.prototype.normalize',
    expected: "Unicode's decompositions",
    found: 'others, or none',
    nextStep: 'An uncased model needs an engine with Unicode’s data (ICU): take one that was built with it.',
  })
}

let lowerCase: ReadonlyMap<number, number> | undefined

/** Lower-case mappings to one other code point. */
export function loadLowerCase(): ReadonlyMap<number, number> {
  if (lowerCase !== undefined) return lowerCase
  const table = loadFlags()
  lowerCase = unpackShifts(packed.LOWER)
  for (const c of lowerCase.keys()) table[c]! |= LOWERS
  table[CAPITAL_I_WITH_DOT]! |= LOWERS
  return lowerCase
}

export function isWhitespace(c: number): boolean {
  return (loadFlags()[c]! & WHITESPACE) !== 0
}

const UPPER_CASE = 1
const LOWER_CASE = 2
let letterCases: Uint8Array | undefined

/** The letter case of one code point: 0 none, 1 upper, 2 lower. {@link file://./word-case.ts} has the definition. */
export function letterCase(c: number): number {
  letterCases ??= unpackLetterCases()
  return letterCases[c]!
}

function unpackLetterCases(): Uint8Array {
  const cases = new Uint8Array(0x110000)
  const lower = loadLowerCase()
  for (const [first, last] of unpackRanges(packed.ONLY_LOWER)) cases.fill(LOWER_CASE, first, last + 1)
  for (const c of lower.values()) cases[c] = LOWER_CASE
  for (const c of lower.keys()) cases[c] = UPPER_CASE // also of a letter that is the lower case of another
  cases[CAPITAL_I_WITH_DOT] = UPPER_CASE
  return cases
}

/** Unpacks the numbers of a string: 5 bits a character, low bits first. The sixth bit says that more follow. */
function unpack(text: string): number[] {
  const numbers: number[] = []
  let value = 0
  let scale = 1
  for (let i = 0; i < text.length; i++) {
    const digit = DIGIT[text.charCodeAt(i)]!
    value += (digit & 31) * scale
    scale *= 32
    if (digit < 32) {
      numbers.push(value)
      value = 0
      scale = 1
    }
  }
  return numbers
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const DIGIT = new Uint8Array(128)
for (let digit = 0; digit < 64; digit++) DIGIT[DIGITS.charCodeAt(digit)] = digit

const unzigzag = (n: number): number => (n % 2 === 0 ? n / 2 : -(n + 1) / 2)

/** Unpacks ranges. Per run of code points: gap since the end of the run before, length − 1. */
export function unpackRanges(text: string): [first: number, last: number][] {
  const numbers = unpack(text)
  const ranges: [number, number][] = []
  for (let i = 0, end = 0; i < numbers.length; i += 2) {
    const first = end + numbers[i]!
    const last = first + numbers[i + 1]!
    ranges.push([first, last])
    end = last + 1
  }
  return ranges
}

/** Unpacks one value per code point. Per run of one value: gap, length − 1, value. */
function unpackValues(text: string): Map<number, number> {
  const numbers = unpack(text)
  const values = new Map<number, number>()
  for (let i = 0, c = 0; i < numbers.length; i += 3) {
    c += numbers[i]!
    for (let left = numbers[i + 1]!; left >= 0; left--) values.set(c++, numbers[i + 2]!)
  }
  return values
}

/** Unpacks shifts. Per run: gap, 2 × (count − 1) + (1 if it has every second code point only), distance to the value. */
function unpackShifts(text: string): Map<number, number> {
  const numbers = unpack(text)
  const values = new Map<number, number>()
  for (let i = 0, end = 0; i < numbers.length; i += 3) {
    const first = end + numbers[i]!
    const step = 1 + (numbers[i + 1]! & 1)
    const last = first + (numbers[i + 1]! >> 1) * step
    for (let c = first; c <= last; c += step) values.set(c, c + unzigzag(numbers[i + 2]!))
    end = last + 1
  }
  return values
}
