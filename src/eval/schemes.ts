/**
 * Tagging schemes: how the tags of single words say where a phrase begins and ends (Ramshaw and Marcus 1995;
 * Tjong Kim Sang and Veenstra 1999). Phrases "Ada Lovelace" and "Byron" side by side, both of type PER:
 *
 *             Ada     Lovelace  Byron   coughed
 *     IOB1    I-PER   I-PER     B-PER   O         B- only if a phrase follows one of its own type at once
 *     IOB2    B-PER   I-PER     B-PER   O         B- at every beginning
 *     BIOES   B-PER   E-PER     S-PER   O         E- at the end of a longer phrase, S- for a single word
 *     BILOU   B-PER   L-PER     U-PER   O         the same in other letters
 *     BMES    B-PER   E-PER     S-PER   O         BIOES with M- for I- (BMEWO: and W- for S-)
 *     IO      PER     PER       PER     O         no letters: neighbours of one type are one phrase
 *
 * Everything is scored in IOB2. The conversion is as lenient as conlleval, so a broken tag loses nothing.
 */
import { joinTag, splitTag } from './notation.ts'

export type Scheme = 'IOB1' | 'IOB2' | 'BIOES' | 'BILOU' | 'BMES' | 'IO'
export const SCHEMES: readonly Scheme[] = ['IOB1', 'IOB2', 'BIOES', 'BILOU', 'BMES', 'IO']

/**
 * Any scheme's tags as IOB2, read as conlleval reads them, with S, U and W as phrases of one word, L as E and M as I: a phrase
 * begins at B, S, U, W, after an end, after O, and wherever the type changes.
 */
export function toIob2(tags: readonly string[]): string[] {
  let open: string | null = null // type of the phrase that the next word may continue
  return tags.map(tag => {
    if (tag === 'O') {
      open = null
      return 'O'
    }
    const { prefix, type } = splitTag(tag)
    const begins = isOneOf('BSUW', prefix) || open !== type
    open = isOneOf('ELSUW', prefix) ? null : type
    return joinTag(begins ? 'B' : 'I', type)
  })
}

function isOneOf(letters: string, prefix: string): boolean {
  return prefix.length === 1 && letters.includes(prefix)
}

/** Each tag by itself as IOB2: S, U and W are B; E, L and M are I. Keeps a guess as broken as the model made it. */
export function prefixToIob2(tag: string): string {
  if (tag === 'O') return tag
  const { prefix, type } = splitTag(tag)
  if (isOneOf('SUW', prefix)) return joinTag('B', type)
  if (isOneOf('ELM', prefix)) return joinTag('I', type)
  return tag
}

/** The letters of a word alone, of a first, a last and a middle one. */
const LETTERS = { BIOES: 'SBEI', BILOU: 'UBLI', BMES: 'SBEM' } as const

/** Well-formed IOB2 tags in another scheme. IO cannot tell neighbours of one type apart. */
export function encodeTags(iob2: readonly string[], scheme: Scheme): string[] {
  return iob2.map((tag, i) => {
    if (tag === 'O' || scheme === 'IOB2') return tag
    const { prefix, type } = splitTag(tag)
    if (scheme === 'IO') return joinTag('I', type)
    const begins = prefix === 'B'
    if (scheme === 'IOB1') {
      const before = iob2[i - 1] ?? 'O'
      return joinTag(begins && before !== 'O' && splitTag(before).type === type ? 'B' : 'I', type)
    }
    const ends = iob2[i + 1] !== joinTag('I', type)
    return joinTag(LETTERS[scheme].charAt(begins ? (ends ? 0 : 1) : ends ? 2 : 3), type)
  })
}

/** Index of the first IOB2 tag that begins a phrase with I- and not B-; −1 if there is none. */
export function firstBroken(tags: readonly string[]): number {
  return tags.findIndex((tag, i) => {
    const before = tags[i - 1] ?? 'O'
    return (tag === 'I' || tag.startsWith('I-')) && (before === 'O' || splitTag(before).type !== splitTag(tag).type)
  })
}

/** A phrase of one sentence: words `[start, end)`. */
export interface Phrase {
  readonly type: string
  readonly start: number
  readonly end: number
}

/** The phrases of a sentence in any scheme, read as {@link toIob2} reads them. */
export function phrasesOf(tags: readonly string[]): Phrase[] {
  const phrases: { type: string; start: number; end: number }[] = []
  for (const [i, tag] of toIob2(tags).entries()) {
    if (tag === 'O') continue
    const { prefix, type } = splitTag(tag)
    if (prefix === 'B') phrases.push({ type, start: i, end: i + 1 })
    else phrases[phrases.length - 1] = { type, start: phrases.at(-1)?.start ?? i, end: i + 1 }
  }
  return phrases
}

/** The types that tags name, sorted. */
export function typesOf(tags: Iterable<string>): string[] {
  const types = new Set<string>()
  for (const tag of tags) {
    if (tag !== 'O') types.add(splitTag(tag).type)
  }
  return [...types].sort()
}
