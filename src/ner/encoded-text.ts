/** A text as the tokenizer encodes it, without special tokens. Offsets count from the start of the text. */
import type { CompactEncoding } from '../tokenizer/compact.ts'
import type { Encoding } from '../tokenizer/encoding.ts'

/** n tokens. Rows may be longer than n. */
export interface EncodedText extends CompactEncoding {
  readonly text: string
}

/** Makes one text of words that were encoded one by one: the words, with `delimiter` between them. */
export function encodedWords(words: readonly string[], delimiter: string, encoding: Encoding): EncodedText {
  const startOf: number[] = []
  let at = 0
  for (const word of words) {
    startOf.push(at)
    at += word.length + delimiter.length
  }
  const wordIds = Int32Array.from(encoding.wordIds, id => id ?? NO_WORD)
  const place = (side: 0 | 1) =>
    Int32Array.from(encoding.offsets, (offset, i) => (startOf[wordIds[i] ?? NO_WORD] ?? 0) + offset[side])
  return {
    text: words.join(delimiter),
    length: encoding.ids.length,
    ids: Int32Array.from(encoding.ids),
    typeIds: Int32Array.from(encoding.typeIds),
    starts: place(0),
    ends: place(1),
    wordIds,
  }
}

const NO_WORD = -1
