/**
 * From a CoNLL file and a model to everything that can be said of how good the model is on it.
 *
 * All is scored in IOB2: the gold tags are converted from the file's scheme, the model's labels by their letters, each
 * by itself, so that a broken guess stays broken. A model that was trained on IOB1 says I- at the beginning of a phrase; that
 * is noticed, or given, and read as what it means.
 */
import { ConllError } from '../errors.ts'
import type { ConllFile } from './conll.ts'
import { readGold, type DetectedScheme } from './gold.ts'
import { Labels } from './labels.ts'
import { splitTag } from './notation.ts'
import { firstBroken, typesOf, type Scheme } from './schemes.ts'
import type { Tagger } from '../ner/tagger.ts'
import { tagWords, type TagOptions, type TagResult } from './word-tags.ts'
import { bootstrap, type Confidence } from './bootstrap.ts'
import { conlleval, type ConllevalCounts } from './conlleval.ts'
import { confusion, phraseErrors, type Confusion, type PhraseError } from './phrase-errors.ts'
import type { Context } from './options.ts'
import { seqeval, type SeqevalReport } from './seqeval.ts'

export interface EvaluateOptions extends TagOptions {
  /** The words that a word can see: its sentence alone (default), or the sentences around it in its document. */
  readonly context?: Context
  /** The file's scheme; detected if it is not given. */
  readonly scheme?: Scheme
  /** Letter case of the words as the model sees them. */
  readonly letterCase?: 'lower' | 'upper'
  /** Types that are left out of gold tags and guesses alike. */
  readonly drop?: readonly string[]
  readonly seed?: number
  readonly resamples?: number
}

export interface SentenceErrors {
  /** Index of the sentence in the file. */
  readonly sentence: number
  readonly errors: readonly PhraseError[]
}

/** The scores of two columns of tags, however they came about. */
export interface TagScores {
  readonly conlleval: ConllevalCounts
  /** null in a mode that does not know these tags. */
  readonly seqeval: { readonly default: SeqevalReport; readonly strict: SeqevalReport | null }
  readonly confidence: Confidence
  readonly confusion: Confusion
  /** Wrong sentences only. */
  readonly errors: readonly SentenceErrors[]
  /** Sentences in which a phrase begins with I- and not B-: what the strict mode leaves out. */
  readonly brokenGuesses: readonly number[]
}

export interface Evaluation extends TagScores {
  readonly scheme: DetectedScheme
  readonly modelScheme: Scheme
  /** Both in IOB2. */
  readonly gold: readonly (readonly string[])[]
  readonly guess: readonly (readonly string[])[]
  readonly run: Omit<TagResult, 'tags'>
  readonly notes: readonly string[]
}

/** Tags the file's words with the model and scores the result. `name` is the file's, for messages. */
export async function evaluateFile(
  tagger: Tagger,
  file: ConllFile,
  name: string,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const labels = new Labels(tagger.labels)
  const { gold, scheme, notes } = prepareGold(file, name, labels, options)

  const sentences = file.sentences.map(({ words }) => inCase(words, options.letterCase))
  const texts = options.context === 'document' ? joinDocuments(file, sentences) : sentences
  const { tags, ...run } = await tagWords(tagger, texts, {
    ...options,
    ...(options.context === 'document' ? { sentences: sentencesByDocument(file) } : {}),
  })
  const raw = options.context === 'document' ? splitDocuments(tags.flat(), sentences) : tags
  if (labels.blank.length > 0) notes.push(blankGuesses(labels, raw))

  const modelScheme = options.modelScheme ?? labels.schemeOf(raw)
  const drop = new Set(options.drop)
  const guess = raw.map(tags => without(drop, labels.toIob2(tags, modelScheme)))
  return { ...scoreTags(gold, guess, options), scheme, modelScheme, gold, guess, run, notes }
}

/**
 * The gold tags in IOB2, checked against the model's labels. Cheap, so that each of several files can be checked before the first
 * one is run. Throws as {@link readGold} and {@link checkTypes} do.
 */
export function prepareGold(
  file: ConllFile,
  name: string,
  labels: Labels,
  options: Pick<EvaluateOptions, 'scheme' | 'drop'>,
): { gold: readonly (readonly string[])[]; scheme: DetectedScheme; notes: string[] } {
  const { iob2, scheme, blank } = readGold(file.sentences, name, options.scheme)
  const drop = new Set(options.drop)
  const gold = iob2.map(tags => without(drop, tags))
  const notes = checkTypes(typesOf(new Set(gold.flatMap(distinct))), labels, name, drop)
  if (blank)
    notes.push(`${some(blank.tags)} on ${many(blank.words, 'word')}, first in line ${blank.firstLine}: read as O`)
  return { gold, scheme, notes }
}

function without(drop: ReadonlySet<string>, tags: readonly string[]): readonly string[] {
  return drop.size === 0 ? tags : tags.map(tag => (tag !== 'O' && drop.has(splitTag(tag).type) ? 'O' : tag))
}

function blankGuesses({ blank }: Labels, guess: readonly (readonly string[])[]): string {
  const isBlank = new Set(blank)
  const words = guess.reduce((sum, tags) => sum + tags.filter(tag => isBlank.has(tag)).length, 0)
  return `labels of the model without a type, read as O: ${some(blank)}; guessed for ${many(words, 'word')}`
}

function many(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** Everything that two columns of tags tell. `gold[s]` and `guess[s]` have the same length. */
export function scoreTags(
  gold: readonly (readonly string[])[],
  guess: readonly (readonly string[])[],
  options: { readonly seed?: number; readonly resamples?: number; readonly counts?: ConllevalCounts } = {},
): TagScores {
  const { sentences, ...counts } = conlleval(gold, guess)
  const errors: SentenceErrors[] = []
  for (const [s, { gold: phrases, found, correct }] of sentences.entries()) {
    if (phrases === correct && found === correct) continue
    errors.push({ sentence: s, errors: phraseErrors(gold[s] ?? [], guess[s] ?? []) })
  }
  return {
    conlleval: options.counts ?? counts,
    seqeval: { default: seqeval(gold, guess, 'default'), strict: strictOrNull(gold, guess) },
    confidence: bootstrap(sentences, options),
    confusion: confusion(gold, guess),
    errors,
    brokenGuesses: [...guess.keys()].filter(s => firstBroken(guess[s] ?? []) !== -1),
  }
}

function strictOrNull(gold: readonly (readonly string[])[], guess: readonly (readonly string[])[]) {
  const known = (tag: string): boolean => tag.startsWith('O') || tag.startsWith('B') || tag.startsWith('I')
  const all = (column: readonly (readonly string[])[]): boolean => column.every(tags => tags.every(known))
  return all(gold) && all(guess) ? seqeval(gold, guess, 'strict') : null
}

/**
 * Types are matched by name. Every type of the file has to be one of the model's; what the model knows beyond them is noted, for
 * each such guess counts as wrong. Types in `drop` count on neither side.
 *
 * @throws ConllError `CONLL_TYPES_DIFFER` with both lists
 */
export function checkTypes(
  fileTypes: readonly string[],
  { types }: Labels,
  name: string,
  drop: ReadonlySet<string> = new Set(),
): string[] {
  const modelTypes = types.filter(type => !drop.has(type))
  if (fileTypes.some(type => !modelTypes.includes(type))) {
    throw new ConllError({
      code: 'CONLL_TYPES_DIFFER',
      subject: name,
      expected: `the types of the model (${some(modelTypes)})`,
      found: `the types of the file (${some(fileTypes)})`,
      nextStep:
        'Rename the types in the file, or id2label in config.json, leave types out with --drop, or choose a model that knows them.',
    })
  }
  const more = modelTypes.filter(type => !fileTypes.includes(type))
  if (more.length === 0) return []
  return [`the model also knows ${some(more)}, which the file does not have: each such guess counts as wrong`]
}

/** The first names, and how many more there are. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 30).map(name => (name === '' ? '(one without a name)' : name))
  const more = names.length - shown.length
  return `${shown.join(', ') || 'none'}${more > 0 ? ` and ${more} more` : ''}`
}

/** Without repetitions, which nearly all of a sentence's tags are. */
function distinct(tags: readonly string[]): string[] {
  return [...new Set(tags)]
}

/** The words of each document as one text. */
function joinDocuments(file: ConllFile, sentences: readonly (readonly string[])[]): string[][] {
  const documents = Array.from({ length: file.documents }, (): string[] => [])
  for (const [s, { document }] of file.sentences.entries()) {
    for (const word of sentences[s] ?? []) documents[document]?.push(word)
  }
  return documents
}

/** How many words each sentence of each document has. */
function sentencesByDocument({ sentences, documents }: ConllFile): number[][] {
  const lengths = Array.from({ length: documents }, (): number[] => [])
  for (const { document, words } of sentences) lengths[document]?.push(words.length)
  return lengths
}

/** The tags of all words in a row, by sentence again. */
function splitDocuments(tags: readonly string[], sentences: readonly (readonly string[])[]): string[][] {
  let from = 0
  return sentences.map(({ length }) => tags.slice(from, (from += length)))
}

function inCase(words: readonly string[], letterCase: 'lower' | 'upper' | undefined): readonly string[] {
  if (letterCase === undefined) return words
  return words.map(word => (letterCase === 'lower' ? word.toLowerCase() : word.toUpperCase()))
}
