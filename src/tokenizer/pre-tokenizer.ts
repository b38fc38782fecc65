/**
 * BertPreTokenizer: normalized text → words. White space splits and is dropped; each punctuation character is a word by
 * itself. After google-research/bert, `whitespace_tokenize` and `_run_split_on_punc`.
 *
 *     "O'Neill's  U.N." → O ' Neill ' s U . N .
 *
 * QUIRK: U+000B, U+000C and U+0085 are white space here, but control characters to clean_text. It drops them first, so
 * the words around them join.
 */
import type { AlignedText } from './aligned-text.ts'
import { loadFlags, PUNCTUATION, WHITESPACE } from './unicode.ts'

/** Splits `text.units[start..end)` into words, and gives two bounds for each: `[start₀, end₀, start₁, end₁, …]`. */
export function preTokenize(text: AlignedText, start = 0, end = text.length): number[] {
  const flags = loadFlags()
  const { units } = text
  const bounds: number[] = []
  let wordStart = start
  for (let i = start; i < end; i++) {
    const unit = units[i]!
    const isPair = (unit & 0xfc00) === 0xd800
    const flag = flags[isPair ? text.codePointAt(i) : unit]! & (WHITESPACE | PUNCTUATION)
    const next = isPair ? i + 2 : i + 1
    if (flag !== 0) {
      if (wordStart < i) bounds.push(wordStart, i)
      if (flag & PUNCTUATION) bounds.push(i, next)
      wordStart = next
    }
    i = next - 1
  }
  if (wordStart < end) bounds.push(wordStart, end)
  return bounds
}
