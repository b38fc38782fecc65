/**
 * How long a text may be: as long as there is memory for it. A text takes 20 bytes a token outside of the heap (compact.ts), and
 * in the heap one or two bytes a character for itself and some 150 for each entity (measured on Node 20). A process that runs out of heap dies
 * without a word, so that what cannot fit is refused before.
 */
import { OptionError } from '../errors.ts'
import { heapLimit } from '../platform.ts'

/** Bytes of heap for each UTF-16 unit of a text: 512 MB for 20 MB of text, with room for entities. */
const BYTES_A_UNIT = 24

/** Bytes of heap for each entity, and its share of what is made of it on the way out. */
const BYTES_AN_ENTITY = 200

/** The longest text that is taken, in UTF-16 units. */
export function longestText(): number {
  return Math.floor(heapLimit() / BYTES_A_UNIT)
}

export function mostEntities(): number {
  return Math.floor(heapLimit() / BYTES_AN_ENTITY)
}

/** @throws OptionError `OPTION_TEXT_TOO_LONG` for more UTF-16 units than there is memory for */
export function checkTextLength(units: number): void {
  if (units > longestText())
    throw tooLong(`at most ${longestText()} UTF-16 units, for which there is memory`, `${units}`)
}

export function tooManyEntities(count: number, units: number): OptionError {
  return tooLong(`at most ${mostEntities()} entities, for which there is memory`, `${count} in ${units} UTF-16 units`)
}

function tooLong(expected: string, found: string): OptionError {
  return new OptionError({
    code: 'OPTION_TEXT_TOO_LONG',
    subject: 'text',
    expected,
    found,
    nextStep:
      'Cut the text into parts, at ends of lines for example; in Node, --max-old-space-size=8192 makes more room.',
  })
}
