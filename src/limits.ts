/**
 * How much fits into memory. A process that runs out of heap dies without a word, so that what cannot fit is refused before. The
 * figures are bytes of heap, measured on Node 20 and rounded up; rows of numbers (a text's tokens, weights) lie outside of it.
 */
import { OptionError } from './errors.ts'
import { heapLimit } from './platform.ts'

/** Bytes of heap for each UTF-16 unit of a text, by what is made of it. */
const BYTES_A_UNIT = {
  /** Its entities: the text itself, and room for them. 20 MB fit into a heap of 512 MB. */
  entities: 24,
  /** An encoding with a list entry, a string and a pair of offsets for each piece. */
  encoding: 200,
  /** Every step of the tokenizer: a pair of offsets for each character, twice, and objects for words and pieces. */
  explanation: 800,
} as const

/** Bytes of heap for each entity: in a list, or laid over its text to be shown or replaced there. */
const BYTES_AN_ENTITY = { listed: 200, marked: 800 } as const

/** Bytes of heap for each byte of a safetensors header: its text, then a name, a shape and four numbers for each tensor. */
const BYTES_A_HEADER_BYTE = 8

/** @throws OptionError `OPTION_TEXT_TOO_LONG` for more UTF-16 units than there is memory for */
export function checkTextLength(units: number, made: keyof typeof BYTES_A_UNIT): void {
  const most = longestText(made)
  if (units > most) throw tooLong(`at most ${most} UTF-16 units, for which there is memory`, `${units}`)
}

/** The longest text that is taken, in UTF-16 units. */
export function longestText(made: keyof typeof BYTES_A_UNIT): number {
  return Math.floor(heapLimit() / BYTES_A_UNIT[made])
}

/** @throws OptionError `OPTION_TEXT_TOO_LONG` for more entities than there is memory for; `units`: the text's length */
export function checkEntityCount(count: number, units: number, use: keyof typeof BYTES_AN_ENTITY = 'listed'): void {
  const most = Math.floor(heapLimit() / BYTES_AN_ENTITY[use])
  if (count > most)
    throw tooLong(`at most ${most} entities, for which there is memory`, `${count} or more in ${units} UTF-16 units`)
}

/** The longest safetensors header for which there is memory, in bytes. */
export function longestHeader(): number {
  return Math.floor(heapLimit() / BYTES_A_HEADER_BYTE)
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
