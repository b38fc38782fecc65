/** A text as the tokenizer gave it, its special tokens set apart, its offsets counted from the start of the text. */
import type { Encoding } from '../tokenizer/encoding.ts'

/** n tokens, without the special tokens around them. */
export interface EncodedText {
  readonly text: string
  readonly ids: readonly number[] // [n]
  readonly typeIds: readonly number[] // [n]
  /** As the vocabulary spells them. */
  readonly pieces: readonly string[] // [n]
  /** `[start, end)` in `text`, UTF-16 units. */
  readonly offsets: readonly (readonly [number, number])[] // [n]
  readonly wordIds: readonly (number | null)[] // [n]
  /** Special tokens that every window gets again: `[CLS]` before, `[SEP]` after. */
  readonly before: Specials
  readonly after: Specials
}

export interface Specials {
  readonly ids: readonly number[]
  readonly typeIds: readonly number[]
}

/** A text that was encoded whole. */
export function encodedText(text: string, encoding: Encoding): EncodedText {
  return frame(text, encoding, encoding.offsets)
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
  return frame(words.join(delimiter), encoding, offsets)
}

function frame(text: string, encoding: Encoding, offsets: EncodedText['offsets']): EncodedText {
  const { ids, typeIds, tokens, wordIds, specialTokensMask } = encoding
  const first = specialTokensMask.indexOf(0)
  const from = first < 0 ? ids.length : first
  const to = specialTokensMask.lastIndexOf(0) + 1
  // A text without tokens: which of its special tokens stand before does not matter, it never reaches the model.
  const end = Math.max(from, to)
  return {
    text,
    ids: ids.slice(from, end),
    typeIds: typeIds.slice(from, end),
    pieces: tokens.slice(from, end),
    offsets: offsets.slice(from, end),
    wordIds: wordIds.slice(from, end),
    before: { ids: ids.slice(0, from), typeIds: typeIds.slice(0, from) },
    after: { ids: ids.slice(end), typeIds: typeIds.slice(end) },
  }
}
