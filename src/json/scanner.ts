/**
 * A strict JSON scanner (RFC 8259) for untrusted text. `JSON.parse` would build objects in which a repeated key silently
 * hides the first. Here the caller gets each key in turn, so it can refuse repetitions, and reads each value as the type
 * that it wants. One pass, in linear time; only {@link JsonScanner.skipValue} recurses.
 */
import { quote } from '../values.ts'

/** The deepest nesting accepted. No header needs more than three levels; the reference has the same limit. */
const MAX_DEPTH = 127

const QUOTE = 0x22
const BACKSLASH = 0x5c

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/** A fault in the text. */
export interface JsonFault {
  readonly kind: 'syntax' | 'number' | 'depth' | 'surrogate'
  readonly expected: string
  readonly found: string
}

/** Makes the error of the room that reads the text. */
export type FaultError = (fault: JsonFault) => Error

export class JsonScanner {
  #at = 0
  readonly #text: string
  readonly #error: FaultError

  constructor(text: string, error: FaultError) {
    this.#text = text
    this.#error = error
  }

  /** The next character that is not white space, without consuming it; '' at the end. */
  peek(): string {
    this.#skipSpace()
    return this.#text.charAt(this.#at)
  }

  /** Opens an object and reads its first key; undefined if it has none, and then it is closed. After a key comes its value. */
  firstKey(): string | undefined {
    this.#expect('{')
    return this.#accept('}') ? undefined : this.#key()
  }

  /** Reads the next key, after a value; undefined if there is none, and then the object is closed. */
  nextKey(): string | undefined {
    if (this.#accept(',')) return this.#key()
    this.#expect('}')
    return undefined
  }

  #key(): string {
    const key = this.string()
    this.#expect(':')
    return key
  }

  /** Opens an array. True if it has a first value, which must be read next; otherwise the array is closed. */
  firstItem(): boolean {
    this.#expect('[')
    return !this.#accept(']')
  }

  /** Looks for another value. True if there is one, which must be read next; otherwise the array is closed. */
  nextItem(): boolean {
    if (this.#accept(',')) return true
    this.#expect(']')
    return false
  }

  /** Reads a string. Surrogates must come in pairs: a lone one has no UTF-8 form, so no other reader could represent it. */
  string(): string {
    this.#expect('"')
    const start = this.#at
    for (let at = start; at < this.#text.length; at++) {
      const unit = this.#text.charCodeAt(at)
      if (unit === QUOTE) {
        this.#at = at + 1
        return this.#text.slice(start, at)
      }
      if (unit === BACKSLASH) return this.#stringWithEscapes(start, at)
      if (unit < 0x20) this.#fail('an escape for a control character', at)
    }
    return this.#fail('the end of the string', this.#text.length)
  }

  #stringWithEscapes(start: number, firstEscape: number): string {
    const parts = [this.#text.slice(start, firstEscape)]
    let plain = firstEscape
    for (let at = firstEscape; at < this.#text.length;) {
      const unit = this.#text.charCodeAt(at)
      if (unit === QUOTE) {
        parts.push(this.#text.slice(plain, at))
        this.#at = at + 1
        return this.#paired(parts.join(''), start)
      }
      if (unit < 0x20) this.#fail('an escape for a control character', at)
      if (unit !== BACKSLASH) {
        at += 1
        continue
      }
      const letter = this.#text.charAt(at + 1)
      const simple = ESCAPES.get(letter)
      parts.push(this.#text.slice(plain, at), simple ?? this.#codeUnit(letter, at))
      at += simple === undefined ? 6 : 2
      plain = at
    }
    return this.#fail('the end of the string', this.#text.length)
  }

  /** Decodes the `\uXXXX` at `at` → its UTF-16 unit. */
  #codeUnit(letter: string, at: number): string {
    const digits = this.#text.slice(at + 2, at + 6)
    let unit = 0
    for (const digit of digits) {
      const value = '0123456789abcdef'.indexOf(digit.toLowerCase())
      unit = value < 0 ? NaN : unit * 16 + value
    }
    if (letter !== 'u' || digits.length !== 4 || Number.isNaN(unit)) return this.#fail('an escape of JSON', at)
    return String.fromCharCode(unit)
  }

  #paired(text: string, at: number): string {
    for (const char of text) {
      const point = char.codePointAt(0) ?? 0
      if (point >= 0xd800 && point <= 0xdfff) {
        throw this.#error({
          kind: 'surrogate',
          expected: 'surrogates in pairs',
          found: `the escape \\u${point.toString(16)} on its own in the string at character ${at}`,
        })
      }
    }
    return text
  }

  /** Reads an integer from 0 to 2^53 − 1, in digits alone, as the format requires for shapes and offsets. */
  natural(): number {
    this.#skipSpace()
    const start = this.#at
    let value = 0
    for (let digit = this.#digit(); digit >= 0; digit = this.#digit()) {
      value = value * 10 + digit
      this.#at += 1
    }
    const end = this.#at
    const next = this.#text.charAt(end)
    if (end === start || next === '.' || next === 'e' || next === 'E') {
      return this.#badNumber('a non-negative integer', start)
    }
    if (end - start > 1 && this.#text.charAt(start) === '0') this.#fail('a number without leading zeros', start)
    if (value > Number.MAX_SAFE_INTEGER) return this.#badNumber('an integer below 2^53', start)
    return value
  }

  #digit(): number {
    const unit = this.#text.charCodeAt(this.#at) - 0x30
    return unit >= 0 && unit <= 9 ? unit : -1
  }

  #badNumber(expected: string, at: number): never {
    throw this.#error({ kind: 'number', expected, found: `${this.#excerpt(at)} at character ${at}` })
  }

  /** Reads any value and discards it. `depth`: the number of objects and arrays around it. */
  skipValue(depth: number): void {
    const first = this.peek()
    if (first === '{') {
      this.#checkDepth(depth + 1)
      for (let key = this.firstKey(); key !== undefined; key = this.nextKey()) this.skipValue(depth + 1)
    } else if (first === '[') {
      this.#checkDepth(depth + 1)
      for (let more = this.firstItem(); more; more = this.nextItem()) this.skipValue(depth + 1)
    } else if (first === '"') this.string()
    else if (first === '-' || this.#digit() >= 0) this.#skipNumber()
    else this.#skipLiteral()
  }

  #checkDepth(depth: number): void {
    if (depth <= MAX_DEPTH) return
    throw this.#error({
      kind: 'depth',
      expected: `at most ${MAX_DEPTH} levels of nesting`,
      found: `more at character ${this.#at}`,
    })
  }

  #skipLiteral(): void {
    for (const literal of ['true', 'false', 'null']) {
      if (this.#text.startsWith(literal, this.#at)) {
        this.#at += literal.length
        return
      }
    }
    this.#fail('a value', this.#at)
  }

  /** Skips a number: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
  #skipNumber(): void {
    const start = this.#at
    if (this.#text.charAt(this.#at) === '-') this.#at += 1
    if (this.#text.charAt(this.#at) === '0') this.#at += 1
    else this.#skipDigits(start)
    if (this.#text.charAt(this.#at) === '.') {
      this.#at += 1
      this.#skipDigits(start)
    }
    if (this.#text.charAt(this.#at).toLowerCase() === 'e') {
      this.#at += 1
      if (this.#text.charAt(this.#at) === '+' || this.#text.charAt(this.#at) === '-') this.#at += 1
      this.#skipDigits(start)
    }
    // Other readers also parse the values that they skip, and refuse a value beyond the range of numbers.
    if (!Number.isFinite(Number(this.#text.slice(start, this.#at))))
      this.#badNumber('a number that a float64 can hold', start)
  }

  #skipDigits(start: number): void {
    if (this.#digit() < 0) this.#fail('a number', start)
    while (this.#digit() >= 0) this.#at += 1
  }

  /** Checks that only white space follows: writers pad the header with spaces. */
  end(): void {
    if (this.peek() !== '') this.#fail('nothing but padding after the last brace', this.#at)
  }

  /** Consumes `char` if it comes next. */
  #accept(char: string): boolean {
    if (this.peek() !== char) return false
    this.#at += 1
    return true
  }

  #expect(char: string): void {
    if (!this.#accept(char)) this.#fail(`'${char}'`, this.#at)
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at)
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return
      this.#at += 1
    }
  }

  #fail(expected: string, at: number): never {
    throw this.#error({
      kind: 'syntax',
      expected: `${expected} at character ${at}`,
      found: at < this.#text.length ? this.#excerpt(at) : 'the end',
    })
  }

  #excerpt(at: number): string {
    return quote(this.#text.slice(at, at + 24), 24)
  }
}
