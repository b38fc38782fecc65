/**
 * Names put back into the strings of a JSON text, in chunks: what a tool is called with. Each string is a text of its own;
 * it is read without its escapes and written with those that JSON needs, so a name with quotes or line breaks breaks
 * nothing. All else, numbers to the last digit, stays as it is.
 */
import type { Ledger } from './ledger.ts'
import { TextRestorer, type OnUnknown, type Restorer } from './restore.ts'

const QUOTE = '"'
const BACKSLASH = '\\'
const ESCAPES = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])
/** Characters of `\u00e9`. */
const UNICODE_ESCAPE = 6

export class JsonRestorer implements Restorer {
  readonly #strings: TextRestorer
  #isInString = false
  /** The beginning of an escape, whose rest is in the next chunk. */
  #escape = ''

  constructor(ledger: Ledger, onUnknown: OnUnknown) {
    this.#strings = new TextRestorer(ledger, onUnknown)
  }

  push(chunk: string): string {
    const text = this.#escape + chunk
    this.#escape = ''
    let restored = ''
    for (let at = 0; at < text.length;) {
      if (!this.#isInString) {
        const quote = text.indexOf(QUOTE, at)
        const end = quote < 0 ? text.length : quote + 1
        restored += text.slice(at, end)
        this.#isInString = quote >= 0
        at = end
        continue
      }
      const end = endOfPlain(text, at)
      if (end > at) restored += inJson(this.#strings.push(text.slice(at, end)))
      if (text.charAt(end) === QUOTE) {
        restored += inJson(this.#strings.end()) + QUOTE
        this.#isInString = false
        at = end + 1
      } else if (end < text.length) {
        const length = text.charAt(end + 1) === 'u' ? UNICODE_ESCAPE : 2
        if (end + length > text.length) {
          this.#escape = text.slice(end)
          break
        }
        restored += inJson(this.#strings.push(unescape(text.slice(end, end + length))))
        at = end + length
      } else at = end
    }
    return restored
  }

  /** A string that was never closed ends here. */
  end(): string {
    const rest = this.#isInString ? inJson(this.#strings.end()) + this.#escape : this.#escape
    this.#isInString = false
    this.#escape = ''
    return rest
  }
}

function endOfPlain(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const char = text.charAt(i)
    if (char === QUOTE || char === BACKSLASH) return i
  }
  return text.length
}

/** Text that is no escape of JSON's comes out as it is. */
function unescape(escape: string): string {
  const char = escape.charAt(1)
  if (char !== 'u') return ESCAPES.get(char) ?? char
  const code = Number.parseInt(escape.slice(2), 16)
  return /^\\u[0-9a-fA-F]{4}$/.test(escape) ? String.fromCharCode(code) : escape
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
