/**
 * The word-case rule, `"token_type_rule": "word-case"`: the type id of a piece is its word's letter case. A model sets it
 * in tokenizer_config.json. A lower-cased vocabulary spends no pieces on spellings that differ in case alone; with this
 * rule, its model still sees the strongest sign of a name in English.
 *
 *     0  none    special and added tokens; words without a cased letter      [CLS] 1996 . 北
 *     1  lower   no upper-case letter                                        the 90s p
 *     2  Title   one upper-case letter, and it is the first cased one        Berlin I 3M Élan
 *     3  UPPER   two or more upper-case letters and no lower-case one        UN BERLIN USA1
 *     4  mixed   all else                                                    iPhone McDonald PCs
 *
 * A word is one word of the pre-tokenizer ("well-known" is three), also in `encodeWords`. So raw and pre-split text get
 * the same types. Its letters are those of the original text, from the start of its first piece to the end of its last,
 * before anything is lower-cased or stripped. Each letter is judged alone. It is upper-case if its full lower-case mapping
 * is another string. It is lower-case if it is not upper-case and its full upper-case mapping is another string. U+0345,
 * the one combining mark with a mapping, is neither. Mappings do not depend on the user's language.
 *
 * Type ids of the template (0 and 1 for a pair of texts) are replaced. The model needs `type_vocab_size: 5`.
 */
import { endOfCharacter } from './aligned-text.ts'
import { letterCase } from './unicode.ts'

export const WORD_CASE = { none: 0, lower: 1, title: 2, upper: 3, mixed: 4 } as const

/** The number of type ids that the rule gives. */
export const WORD_CASE_TYPES = 5

/** The letter case of `text.slice(start, end)`, one word of the original text. */
export function wordCase(text: string, start = 0, end = text.length): number {
  let upper = 0
  let lower = 0
  let firstIsUpper = false
  for (let i = start; i < end; i = endOfCharacter(text, i)) {
    const letter = letterCase(text.codePointAt(i) ?? 0)
    if (letter === 1) {
      if (upper + lower === 0) firstIsUpper = true
      upper++
    } else if (letter === 2) {
      lower++
    }
  }
  if (upper + lower === 0) return WORD_CASE.none
  if (upper === 0) return WORD_CASE.lower
  if (upper === 1 && firstIsUpper) return WORD_CASE.title
  return lower === 0 ? WORD_CASE.upper : WORD_CASE.mixed
}
