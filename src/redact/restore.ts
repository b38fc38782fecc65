/** Names put back into a text that comes in chunks. Where the chunks are cut changes nothing. */
import { isHigh } from './characters.ts'
import type { Ledger } from './ledger.ts'
import { MORE, type Form } from './placeholders.ts'

/** Is told of a placeholder that stands for no name of the session. It is left as it is. */
export type OnUnknown = (placeholder: string) => void

/** A text in chunks → the text with its names, as far as it is certain. */
export interface Restorer {
  /** Gives out all but what may be the beginning of a placeholder: 64 UTF-16 units at most. */
  push(chunk: string): string
  /** Gives out the rest. */
  end(): string
}

export class TextRestorer implements Restorer {
  readonly #ledger: Ledger
  readonly #onUnknown: OnUnknown
  /** The last character that was given out, which says whether a word begins behind it, and what is held back. */
  #text = ''
  #at = 0
  /** How far a form that was reported goes: what it holds is no second one. */
  #reported = 0

  constructor(ledger: Ledger, onUnknown: OnUnknown) {
    this.#ledger = ledger
    this.#onUnknown = onUnknown
  }

  push(chunk: string): string {
    return this.#read(this.#text + chunk, false)
  }

  end(): string {
    const rest = this.#read(this.#text, true)
    this.#text = ''
    this.#at = 0
    this.#reported = 0
    return rest
  }

  #read(all: string, isFinal: boolean): string {
    const isCut = !isFinal && isHigh(all.charCodeAt(all.length - 1))
    const text = isCut ? all.slice(0, -1) : all
    let restored = ''
    let at = this.#at
    let plain = at
    while (at < text.length) {
      const found = this.#ledger.read({ text, at, isFinal })
      if (found === MORE) break
      if (found && 'name' in found) {
        restored += text.slice(plain, at) + found.name.name + found.suffix
        at = plain = found.end
      } else {
        if (found) this.#report(found, text, at)
        at++
      }
    }
    restored += text.slice(plain, at)
    const from = Math.max(0, at - CONTEXT)
    this.#text = all.slice(from)
    this.#at = at - from
    this.#reported -= from
    return restored
  }

  #report(form: Form, text: string, at: number): void {
    if (at < this.#reported || this.#ledger.isReserved(form)) return
    if (!form.isExact && !this.#ledger.hasLabel(form)) return
    if (form.bare !== undefined && form.bare !== form.keys[0]) return
    this.#reported = form.end
    this.#onUnknown(text.slice(at, form.end))
  }
}

/** UTF-16 units before a place: one character. */
const CONTEXT = 2
