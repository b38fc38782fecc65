/** The tags of a CoNLL file → IOB2: which notation they are spelled in, which scheme they follow, and what does not fit. */
import { ConllError } from '../errors.ts'
import { quote } from '../values.ts'
import { lineOf, type ConllSentence } from './conll.ts'
import { joinTag, readSpelling, splitTag, type Spelling } from './notation.ts'
import { encodeTags, toIob2, typesOf, type Scheme } from './schemes.ts'

export interface DetectedScheme {
  readonly scheme: Scheme
  /** Tags that do not fit the scheme (in a sound file none), and the line of the first. */
  readonly misfits: number
  readonly firstMisfit: number | null
}

/** The tags of a file as IOB2, and how they were read. */
export interface GoldTags {
  readonly iob2: readonly (readonly string[])[]
  readonly scheme: DetectedScheme
  /** Tags that say nothing of entities, such as [PAD], on how many words, and the line of the first. */
  readonly blank: { readonly tags: readonly string[]; readonly words: number; readonly firstLine: number } | null
}

/** Reads all tags of a file. Throws {@link ConllError} as {@link detectScheme} does. */
export function readGold(sentences: readonly ConllSentence[], name: string, given?: Scheme): GoldTags {
  const { spelled, spelling } = spell(sentences, name)
  const isBlank = new Set(spelling.blank)
  let words = 0
  let firstLine = 0
  for (const sentence of spelling.blank.length > 0 ? sentences : []) {
    for (const [i, tag] of sentence.tags.entries()) {
      if (!isBlank.has(tag)) continue
      if (words === 0) firstLine = lineOf(sentence, i)
      words++
    }
  }
  return {
    iob2: spelled.map(({ tags }) => toIob2(tags)),
    scheme: schemeOf(spelled, spelling, name, given),
    blank: words === 0 ? null : { tags: spelling.blank, words, firstLine },
  }
}

/**
 * The scheme of a file, or how well its tags fit a `given` one. Detection goes by the letters if there are others than B and I;
 * else it takes the one of IOB1 and IOB2 that fewer tags contradict, IOB2 if neither is contradicted. Throws {@link ConllError}
 * with the line for a tag of no scheme, and for letters of two schemes.
 */
export function detectScheme(sentences: readonly ConllSentence[], name: string, given?: Scheme): DetectedScheme {
  const { spelled, spelling } = spell(sentences, name)
  return schemeOf(spelled, spelling, name, given)
}

/** The types that a file names. */
export function typesOfFile({ sentences }: { readonly sentences: readonly ConllSentence[] }): string[] {
  return typesOf(readSpelling(distinctTags(sentences)).meaning.values())
}

function distinctTags(sentences: readonly ConllSentence[]): Set<string> {
  const all = new Set<string>()
  for (const { tags } of sentences) for (const tag of tags) all.add(tag)
  return all
}

/** The sentences with tags in the notation `B-PER`. Throws for a tag that has no meaning in the notation of the file. */
function spell(
  sentences: readonly ConllSentence[],
  name: string,
): { spelled: readonly ConllSentence[]; spelling: Spelling } {
  const spelling = readSpelling(distinctTags(sentences))
  const { meaning } = spelling
  if (spelling.strange.length > 0) throw strangeTag(sentences, name, spelling)
  const isPlain = [...meaning].every(([tag, canonical]) => tag === canonical)
  if (isPlain) return { spelled: sentences, spelling }
  return { spelled: sentences.map(s => ({ ...s, tags: s.tags.map(tag => meaning.get(tag) ?? tag) })), spelling }
}

function schemeOf(
  sentences: readonly ConllSentence[],
  { notation }: Spelling,
  name: string,
  given?: Scheme,
): DetectedScheme {
  if (given !== undefined) return checkScheme(sentences, given)
  if (notation === 'types') return checkScheme(sentences, 'IO')
  const letters = firstLines(sentences)
  const first = (those: string): number => Math.min(...Array.from(those, letter => letters.get(letter) ?? Infinity))
  const es = first('ESMW')
  const lu = first('LU')
  if (es < Infinity && lu < Infinity) throw mixedSchemes(name, es, lu)
  if (first('MW') < Infinity) return checkScheme(sentences, 'BMES')
  if (es < Infinity) return checkScheme(sentences, 'BIOES')
  if (lu < Infinity) return checkScheme(sentences, 'BILOU')
  const iob1 = checkScheme(sentences, 'IOB1')
  const iob2 = checkScheme(sentences, 'IOB2')
  return iob1.misfits < iob2.misfits ? iob1 : iob2
}

/** The line on which each prefix stands first. */
function firstLines(sentences: readonly ConllSentence[]): Map<string, number> {
  const letters = new Map<string, number>()
  for (const sentence of sentences) {
    for (const [i, tag] of sentence.tags.entries()) {
      if (tag === 'O') continue
      const { prefix } = splitTag(tag)
      if (!letters.has(prefix)) letters.set(prefix, lineOf(sentence, i))
    }
  }
  return letters
}

/** Counts the tags that a scheme does not allow in their place. */
function checkScheme(sentences: readonly ConllSentence[], scheme: Scheme): DetectedScheme {
  const fits = scheme === 'IOB1' || scheme === 'IOB2' ? fitsIob(scheme) : fitsLikeEncoded(scheme)
  let misfits = 0
  let firstMisfit: number | null = null
  for (const sentence of sentences) {
    const { tags } = sentence
    for (let i = 0; i < tags.length; i++) {
      if (tags[i] === 'O' || fits(tags, i)) continue
      misfits++
      firstMisfit ??= lineOf(sentence, i)
    }
  }
  return { scheme, misfits, firstMisfit }
}

/** The two IOB schemes differ in one rule: if the type changes, IOB1 has I- and IOB2 has B-. */
function fitsIob(scheme: 'IOB1' | 'IOB2'): (tags: readonly string[], i: number) => boolean {
  return (tags, i) => {
    const { prefix, type } = splitTag(tags[i] ?? '')
    const before = tags[i - 1] ?? 'O'
    const begins = before === 'O' || type !== splitTag(before).type
    return begins ? prefix === (scheme === 'IOB1' ? 'I' : 'B') : prefix === 'I' || prefix === 'B'
  }
}

/** The others: what comes out if the phrases are written anew. M and I, S and W are two ways to write one thing. */
function fitsLikeEncoded(scheme: Scheme): (tags: readonly string[], i: number) => boolean {
  let last: readonly string[] = []
  let encoded: readonly string[] = []
  return (tags, i) => {
    if (tags !== last) [last, encoded] = [tags, encodeTags(toIob2(tags), scheme)]
    const { prefix, type } = splitTag(tags[i] ?? 'O')
    return encoded[i] === joinTag(scheme === 'BMES' && prefix === 'W' ? 'S' : prefix, type)
  }
}

function strangeTag(sentences: readonly ConllSentence[], name: string, { strange, notation }: Spelling): ConllError {
  const isStrange = new Set(strange)
  const sentence = sentences.find(({ tags }) => tags.some(tag => isStrange.has(tag)))
  const at = sentence?.tags.findIndex(tag => isStrange.has(tag)) ?? 0
  return new ConllError({
    code: 'CONLL_TAG_UNKNOWN',
    subject: `${name}, line ${sentence ? lineOf(sentence, at) : 0}`,
    expected:
      notation === 'types'
        ? 'O, or the name of a type, as in the other lines'
        : 'a tag of IOB1, IOB2, BIOES, BILOU or BMES, such as O, B-PER or I-PER, spelled as in the other lines',
    found: quote(sentence?.tags[at] ?? '', 60),
    nextStep:
      'The tag is the last column: take away columns after it, and write a prefix before each type, or before none.',
  })
}

function mixedSchemes(name: string, es: number, lu: number): ConllError {
  return new ConllError({
    code: 'CONLL_SCHEME_MIXED',
    subject: name,
    expected: 'tags of one scheme',
    found: `E, S, M or W of BIOES or BMES in line ${es}, and L or U of BILOU in line ${lu}`,
    nextStep: 'Say which is meant with --scheme, or mend the file.',
  })
}
