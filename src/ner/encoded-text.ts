/** A text as the tokenizer gave it, without special tokens, its offsets counted from the start of the text. */
import type { Encoding } from '../tokenizer/encoding.ts'

/** n tokens. */
export interface EncodedText {
  readonly text: string
  readonly ids: readonly number[] // [n]
  readonly typeIds: readonly number[] // [n]
  /** As the vocabulary spells them. */
  readonly pieces: readonly string[] // [n]
  /** `[start, end)` in `text`, UTF-16 units. */
  readonly offsets: readonly (readonly [number, number])[] // [n]
  readonly wordIds: readonly (number | null)[] // [n]
}

/** A text that was encoded whole, without special tokens. */
export function encodedText(text: string, encoding: Encoding): EncodedText {
  const { ids, typeIds, tokens: pieces, offsets, wordIds } = encoding
  return { text, ids, typeIds, pieces, offsets, wordIds }
}

/** Words that were encoded one by one: the text is the words with `delimiter` between them. */
export function encodedWords(words: readonly string[], delimiter: string, encoding: Encoding): EncodedText {
  const starts: number[] = []
  let at = 0
  for (const word of words) {
    starts.push(at)
    at += word.length + delimiter.length
  }
  const offsets = encoding.offsets.map(([start, end], i): readonly [number, number] => {
    const base = starts[encoding.wordIds[i] ?? -1] ?? 0
    return [base + start, base + end]
  })
  return { ...encodedText(words.join(delimiter), encoding), offsets }
}
