/** The characters of words, for added tokens that are found only between others (`single_word`). Few models have one. */
import { unpackRanges } from './unicode.ts'
import { WORD_CHARACTERS } from './word-tables.ts'

let wordCharacters: Uint8Array | undefined

/** Whether the reference's `\w` matches it: letters, marks, digits, connectors such as the underscore. */
export function isWordCharacter(c: number): boolean {
  if (wordCharacters === undefined) {
    wordCharacters = new Uint8Array(0x110000)
    for (const [first, last] of unpackRanges(WORD_CHARACTERS)) wordCharacters.fill(1, first, last + 1)
  }
  return wordCharacters[c] === 1
}
