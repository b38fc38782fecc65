/** The styles of a session: the text that is put in a name's place. */
import { RedactError } from '../errors.ts'
import type { EntityGroup } from '../ner/entity.ts'
import { wordRanges } from './characters.ts'
import type { Ledger } from './ledger.ts'
import { nameKey, shownLabel } from './names.ts'
import { LONGEST, placeholder } from './placeholders.ts'
import { surrogate, SURROGATE_WORDS } from './surrogates.ts'

export const STYLE_NAMES = ['label', 'mask', 'surrogate', 'hash'] as const
export type StyleName = (typeof STYLE_NAMES)[number]

/** Gives the replacement of a name. `number` counts the names of its label, from 1. Called once for each name of a session. */
export type NameReplacement = (entity: EntityGroup, name: string, number: number) => string

export interface Style {
  /** Whether the text can be restored. */
  readonly isReversible: boolean
  /** Looks at a text before its names are replaced; `outside`: what stands outside of them. */
  see?(outside: string): void
  /** The text that stands for a name from now on. */
  replace(entity: EntityGroup, name: string, number: number, text: string): string
  /** Whether what stands for a name is a word, which cannot be told from letters beside it. */
  readonly isWord?: boolean
  /** The text for one place of it, if that depends on its spelling there. */
  atPlace?(surface: string): string
}

const LABEL: Style = {
  isReversible: true,
  replace: ({ entity_group }, _, number) => placeholder(shownLabel(entity_group), number),
}

const MASK: Style = {
  isReversible: false,
  replace: () => '█',
  atPlace: mask,
}

/** A block for each character; white space stays, so that lines and words keep their places. */
export function mask(surface: string): string {
  return Array.from(surface, char => (char.trim() === '' ? char : '█')).join('')
}

export function functionStyle(replacement: NameReplacement): Style {
  return {
    isReversible: true,
    replace(entity, name, number) {
      const result: unknown = replacement(entity, name, number)
      if (typeof result === 'string') return result
      throw new RedactError({
        code: 'REDACT_STYLE',
        subject: 'style',
        expected: 'a function that returns a string',
        found: `one that returns ${result === undefined ? 'nothing' : `a ${typeof result}`}`,
        nextStep: 'Return what is to stand in the place of the name.',
      })
    },
  }
}

/** `hash`: HMAC-SHA-256 of a name, computed before its text is replaced. */
export function styleOf(name: StyleName, ledger: Ledger, hash: (name: string) => string): Style {
  switch (name) {
    case 'label':
      return LABEL
    case 'mask':
      return MASK
    case 'hash':
      return {
        isReversible: false,
        replace: ({ entity_group }, name) => placeholder(shownLabel(entity_group), hash(name)),
      }
    case 'surrogate':
      return new Surrogates(ledger)
  }
}

/** Tries before words of a text are taken all the same: it may hold every word that there is. */
const TRIES = 5000

/** A surrogate is taken once, and has no word that a text of the session has outside of its names. */
class Surrogates implements Style {
  readonly isReversible = true
  readonly isWord = true
  readonly #ledger: Ledger
  readonly #seen = new Set<string>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(outside: string): void {
    for (const word of wordsOf(outside)) if (SURROGATE_WORDS.has(word)) this.#seen.add(word)
  }

  replace({ entity_group }: EntityGroup, name: string, number: number, text: string): string {
    for (let n = number - 1; ; n++) {
      const other = surrogate(entity_group, name, n)
      if (!this.#ledger.isFree(other) || other.length >= LONGEST || nameKey(other) === nameKey(name)) continue
      if (n - number > TRIES) return other
      if (!text.includes(other) && !wordsOf(other).some(word => this.#seen.has(word))) return other
    }
  }
}

function wordsOf(text: string): string[] {
  return wordRanges(text).map(({ start, end }) => text.slice(start, end).toLowerCase())
}
