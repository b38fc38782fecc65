/**
 * Tagging schemes: how the tags of single words say where a phrase begins and ends (Ramshaw and Marcus 1995;
 * Tjong Kim Sang and Veenstra 1999). Phrases "Ada Lovelace" and "Byron" side by side, both of type PER:
 *
 *             Ada     Lovelace  Byron   coughed
 *     IOB1    I-PER   I-PER     B-PER   O         B- only where a phrase follows one of its own type at once
 *     IOB2    B-PER   I-PER     B-PER   O         B- at every beginning
 *     BIOES   B-PER   E-PER     S-PER   O         E- at the end of a longer phrase, S- for a single word
 *     BILOU   B-PER   L-PER     U-PER   O         the same in other letters
 *
 * Everything is scored in IOB2. The conversion is as lenient as conlleval, so a broken tag loses nothing.
 */
import { ConllError } from '../errors.ts'
import type { ConllSentence } from './conll.ts'

export type Scheme = 'IOB1' | 'IOB2' | 'BIOES' | 'BILOU'
export const SCHEMES: readonly Scheme[] = ['IOB1', 'IOB2', 'BIOES', 'BILOU']

/** A tag in two parts. `O` has type `''`. */
export interface TagParts {
  readonly prefix: string
  readonly type: string
}

/** Splits at the first hyphen: `B-TV-SHOW` is `B` and `TV-SHOW`; without a hyphen all of it is prefix. */
export function splitTag(tag: string): TagParts {
  const hyphen = tag.indexOf('-')
  return hyphen === -1 ? { prefix: tag, type: '' } : { prefix: tag.slice(0, hyphen), type: tag.slice(hyphen + 1) }
}

export interface DetectedScheme {
  readonly scheme: Scheme
  /** Tags that do not fit the scheme (in a sound file none), and the line of the first. */
  readonly misfits: number
  readonly firstMisfit: number | null
}

/**
 * The scheme of a file, or how well its tags fit a `given` one. Detection goes by the letters where there are S, E, U
 * or L; else it takes the one of IOB1 and IOB2 that fewer tags contradict, IOB2 where neither is contradicted. Throws
 * {@link ConllError} with the line for a tag of no scheme, and for letters of two schemes.
 */
export function detectScheme(sentences: readonly ConllSentence[], name: string, given?: Scheme): DetectedScheme {
  const letters = firstLines(sentences, name)
  if (given !== undefined) return checkScheme(sentences, given)
  const es = Math.min(letters.get('E') ?? Infinity, letters.get('S') ?? Infinity)
  const lu = Math.min(letters.get('L') ?? Infinity, letters.get('U') ?? Infinity)
  if (es < Infinity && lu < Infinity) throw mixedSchemes(name, es, lu)
  if (es < Infinity) return checkScheme(sentences, 'BIOES')
  if (lu < Infinity) return checkScheme(sentences, 'BILOU')
  const iob1 = checkScheme(sentences, 'IOB1')
  const iob2 = checkScheme(sentences, 'IOB2')
  return iob1.misfits < iob2.misfits ? iob1 : iob2
}

/** The line on which each prefix stands first. Throws for a tag that no scheme has. */
function firstLines(sentences: readonly ConllSentence[], name: string): Map<string, number> {
  const letters = new Map<string, number>()
  for (const { tags, line } of sentences) {
    for (let i = 0; i < tags.length; i++) {
      const tag = tags[i] ?? 'O'
      if (tag === 'O') continue
      const { prefix, type } = splitTag(tag)
      if (type === '' || prefix.length !== 1 || !'BIESLU'.includes(prefix)) throw strangeTag(name, line + i, tag)
      if (!letters.has(prefix)) letters.set(prefix, line + i)
    }
  }
  return letters
}

/** Counts the tags that a scheme does not allow where they stand. */
function checkScheme(sentences: readonly ConllSentence[], scheme: Scheme): DetectedScheme {
  const fits = scheme === 'IOB1' || scheme === 'IOB2' ? fitsIob(scheme) : fitsLikeEncoded(scheme)
  let misfits = 0
  let firstMisfit: number | null = null
  for (const { tags, line } of sentences) {
    for (let i = 0; i < tags.length; i++) {
      if (tags[i] === 'O' || fits(tags, i)) continue
      misfits++
      firstMisfit ??= line + i
    }
  }
  return { scheme, misfits, firstMisfit }
}

/** The two IOB schemes differ in one rule: where the type changes, IOB1 has I- and IOB2 has B-. */
function fitsIob(scheme: 'IOB1' | 'IOB2'): (tags: readonly string[], i: number) => boolean {
  return (tags, i) => {
    const tag = tags[i] ?? ''
    const begins = tag.slice(2) !== (tags[i - 1] ?? 'O').slice(2)
    const letter = begins ? (scheme === 'IOB1' ? 'I' : 'B') : ''
    return letter === '' ? tag.startsWith('I') || tag.startsWith('B') : tag.startsWith(letter)
  }
}

/** The others: what comes out when the phrases are written anew. */
function fitsLikeEncoded(scheme: Scheme): (tags: readonly string[], i: number) => boolean {
  let last: readonly string[] = []
  let encoded: readonly string[] = []
  return (tags, i) => {
    if (tags !== last) [last, encoded] = [tags, encodeTags(toIob2(tags), scheme)]
    return tags[i] === encoded[i]
  }
}

/**
 * Any scheme's tags as IOB2, read as conlleval reads them, with S and U as phrases of one word and L as E: a phrase
 * begins at B, S, U, after an end, after O, and wherever the type changes.
 */
export function toIob2(tags: readonly string[]): string[] {
  let open = '' // type of the phrase that the next word may continue; '' for none
  return tags.map(tag => {
    if (tag === 'O') {
      open = ''
      return 'O'
    }
    const { prefix, type } = splitTag(tag)
    const begins = prefix === 'B' || prefix === 'S' || prefix === 'U' || open !== type
    open = prefix === 'E' || prefix === 'L' || prefix === 'S' || prefix === 'U' ? '' : type
    return `${begins ? 'B' : 'I'}-${type}`
  })
}

/** Each tag by itself as IOB2: S and U are B, E and L are I. Keeps a guess as broken as the model made it. */
export function prefixToIob2(tag: string): string {
  if (tag === 'O') return tag
  const { prefix, type } = splitTag(tag)
  if (prefix === 'S' || prefix === 'U') return `B-${type}`
  if (prefix === 'E' || prefix === 'L') return `I-${type}`
  return tag
}

/** Well-formed IOB2 tags in another scheme. */
export function encodeTags(iob2: readonly string[], scheme: Scheme): string[] {
  return iob2.map((tag, i) => {
    if (tag === 'O' || scheme === 'IOB2') return tag
    const { prefix, type } = splitTag(tag)
    const begins = prefix === 'B'
    if (scheme === 'IOB1') {
      const before = splitTag(iob2[i - 1] ?? 'O').type
      return `${begins && before === type ? 'B' : 'I'}-${type}`
    }
    const ends = iob2[i + 1] !== `I-${type}`
    const letters = scheme === 'BIOES' ? 'SBEI' : 'UBLI'
    return `${letters[begins ? (ends ? 0 : 1) : ends ? 2 : 3] ?? ''}-${type}`
  })
}

/** Index of the first IOB2 tag that begins a phrase with I- and not B-; −1 where there is none. */
export function firstBroken(tags: readonly string[]): number {
  return tags.findIndex((tag, i) => {
    const before = tags[i - 1] ?? 'O'
    return tag.startsWith('I-') && (before === 'O' || splitTag(before).type !== splitTag(tag).type)
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

function strangeTag(name: string, line: number, tag: string): ConllError {
  return new ConllError({
    code: 'CONLL_TAG_UNKNOWN',
    subject: `${name}, line ${line}`,
    expected: 'a tag of IOB1, IOB2, BIOES or BILOU, such as O, B-PER or I-PER',
    found: JSON.stringify(tag.slice(0, 60)),
    nextStep: 'The tag is the last column: take away columns after it, and write a prefix before each type.',
  })
}

function mixedSchemes(name: string, es: number, lu: number): ConllError {
  return new ConllError({
    code: 'CONLL_SCHEME_MIXED',
    subject: name,
    expected: 'tags of one scheme',
    found: `E or S of BIOES in line ${es}, and L or U of BILOU in line ${lu}`,
    nextStep: 'Say which is meant with --scheme, or mend the file.',
  })
}
