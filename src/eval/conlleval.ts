/**
 * conlleval: the scorer of the CoNLL shared tasks, with its counting, its lines and its spacing.
 *
 * Two columns of tags, gold and guess, are walked once, in step. A phrase of the guess is correct if both sides
 * begin it together with one type, end it together, and never disagree in type between:
 *
 *     gold    B-PER I-PER O  B-LOC O        phrases 2
 *     guess   B-PER I-PER O  B-ORG O        found   2     correct 1 (the person)
 *
 *     precision = correct / found     recall = correct / phrases     FB1 = 2·P·R / (P + R)
 *
 * It forgives: I-PER after O begins a phrase as well as B-PER does. (seqeval's strict mode does not: seqeval.ts.)
 * Reference: the evaluation program of Tjong Kim Sang and Buchholz 2000, "Introduction to the CoNLL-2000 shared task".
 */
import { splitTag, type TagParts } from './notation.ts'

/** Phrases of one type, or of all. */
export interface PhraseCounts {
  gold: number
  found: number
  correct: number
}

export interface ConllevalCounts {
  /** Words, without boundaries. */
  readonly tokens: number
  /** Words whose whole tag is right. */
  readonly correctTokens: number
  readonly total: Readonly<PhraseCounts>
  /** By type, in no particular order. */
  readonly types: ReadonlyMap<string, Readonly<PhraseCounts>>
}

/** In percent, unrounded; 0 if there is nothing to divide by. */
export interface Scores {
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

const OUTSIDE: TagParts = { prefix: 'O', type: '' }

/**
 * Does a phrase begin at `tag`, after `before`? The script's list of pairs, gaps included: B after E, or after a prefix that
 * it does not know (S, U, L), goes on with a phrase of its type.
 */
export function phraseBegins(before: TagParts, tag: TagParts): boolean {
  const was = before.prefix
  if (tag.prefix === '[' || tag.prefix === ']') return true
  if (tag.prefix === 'B' && (was === 'B' || was === 'I' || was === 'O')) return true
  if ((tag.prefix === 'I' || tag.prefix === 'E') && (was === 'E' || was === 'O')) return true
  return tag.prefix !== 'O' && tag.prefix !== '.' && tag.type !== before.type
}

/** Does a phrase end at `tag`, before `after`? */
export function phraseEnds(tag: TagParts, after: TagParts): boolean {
  const next = after.prefix
  if (tag.prefix === '[' || tag.prefix === ']') return true
  if ((tag.prefix === 'B' || tag.prefix === 'I') && (next === 'B' || next === 'O')) return true
  if (tag.prefix === 'E' && (next === 'E' || next === 'I' || next === 'O')) return true
  return tag.prefix !== 'O' && tag.prefix !== '.' && tag.type !== after.type
}

/** Counts while it is fed one word after another. A boundary is a word outside of all phrases that is not counted. */
export class Conlleval {
  #tokens = 0
  #correctTokens = 0
  readonly #total: PhraseCounts = { gold: 0, found: 0, correct: 0 }
  readonly #types = new Map<string, PhraseCounts>()
  readonly #tags = new Map<string, TagParts>([['O', OUTSIDE]])
  #lastGold = OUTSIDE
  #lastGuess = OUTSIDE
  /** Both sides are inside one phrase, and so far they agree. */
  #agreeing = false

  /** The next word's tags. */
  add(gold: string, guess: string): void {
    this.#tokens++
    if (gold === 'O' && guess === 'O' && this.#lastGold === OUTSIDE && this.#lastGuess === OUTSIDE && !this.#agreeing) {
      this.#correctTokens++ // most words: nothing begins, nothing ends
      return
    }
    const goldParts = this.#split(gold)
    const guessParts = this.#split(guess)
    this.#step(goldParts, guessParts)
    if (goldParts.prefix === guessParts.prefix && goldParts.type === guessParts.type) this.#correctTokens++
  }

  /** The end of a sentence, or of a document. */
  boundary(): void {
    this.#step(OUTSIDE, OUTSIDE)
  }

  /** Phrases of all types up to here. */
  soFar(): Readonly<PhraseCounts> {
    return { ...this.#total }
  }

  /** Call at the end, once. */
  finish(): ConllevalCounts {
    if (this.#agreeing) this.#countCorrect()
    return { tokens: this.#tokens, correctTokens: this.#correctTokens, total: this.#total, types: this.#types }
  }

  #step(gold: TagParts, guess: TagParts): void {
    if (this.#agreeing) {
      const goldEnds = phraseEnds(this.#lastGold, gold)
      const guessEnds = phraseEnds(this.#lastGuess, guess)
      if (goldEnds && guessEnds) {
        this.#countCorrect()
        this.#agreeing = false
      } else if (goldEnds !== guessEnds || gold.type !== guess.type) {
        this.#agreeing = false
      }
    }
    const goldBegins = phraseBegins(this.#lastGold, gold)
    const guessBegins = phraseBegins(this.#lastGuess, guess)
    if (goldBegins && guessBegins && gold.type === guess.type) this.#agreeing = true
    if (goldBegins) this.#count(gold.type, 'gold')
    if (guessBegins) this.#count(guess.type, 'found')
    this.#lastGold = gold
    this.#lastGuess = guess
  }

  #countCorrect(): void {
    this.#count(this.#lastGold.type, 'correct')
  }

  #count(type: string, what: keyof PhraseCounts): void {
    let counts = this.#types.get(type)
    if (counts === undefined) this.#types.set(type, (counts = { gold: 0, found: 0, correct: 0 }))
    counts[what]++
    this.#total[what]++
  }

  #split(tag: string): TagParts {
    let parts = this.#tags.get(tag)
    if (parts === undefined) this.#tags.set(tag, (parts = splitAsScript(tag)))
    return parts
  }
}

/** To the script's language "0" is as good as nothing: B-0 has no type. */
function splitAsScript(tag: string): TagParts {
  const parts = splitTag(tag)
  return parts.type === '0' ? { ...parts, type: '' } : parts
}

/**
 * Counts over whole sentences, each closed by a boundary, and sentence by sentence. `gold[s]` and `guess[s]` have the
 * same length.
 */
export function conlleval(
  gold: readonly (readonly string[])[],
  guess: readonly (readonly string[])[],
): ConllevalCounts & { readonly sentences: readonly Readonly<PhraseCounts>[] } {
  const counter = new Conlleval()
  let before: Readonly<PhraseCounts> = { gold: 0, found: 0, correct: 0 }
  const sentences = gold.map((tags, s) => {
    const guesses = guess[s] ?? []
    for (let i = 0; i < tags.length; i++) counter.add(tags[i] ?? 'O', guesses[i] ?? 'O')
    counter.boundary()
    const after = counter.soFar()
    const counts = {
      gold: after.gold - before.gold,
      found: after.found - before.found,
      correct: after.correct - before.correct,
    }
    before = after
    return counts
  })
  return { ...counter.finish(), sentences }
}

export function scores({ gold, found, correct }: Readonly<PhraseCounts>): Scores {
  const precision = found > 0 ? (100 * correct) / found : 0
  const recall = gold > 0 ? (100 * correct) / gold : 0
  const f1 = precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0
  return { precision, recall, f1 }
}

/** Words whose tag is right, in percent. */
export function accuracy({ tokens, correctTokens }: ConllevalCounts): number {
  return tokens > 0 ? (100 * correctTokens) / tokens : 0
}

/** conlleval's report, to the byte, with a newline after each line. Types are sorted by code unit. */
export function formatConlleval(counts: ConllevalCounts): string {
  const { tokens, total, types } = counts
  let text = `processed ${tokens} tokens with ${total.gold} phrases; `
  text += `found: ${total.found} phrases; correct: ${total.correct}.\n`
  if (tokens === 0) return text
  text += `accuracy: ${fixed2(accuracy(counts))}%; ${formatScores(total)}\n`
  for (const [type, typeCounts] of sortedTypes(types)) {
    const line = `${type.padStart(17)}: ${formatScores(typeCounts)}  ${typeCounts.found}\n`
    // The script lists the types of both sides and drops repetitions, but does not see that of an empty name.
    text += type === '' && typeCounts.gold > 0 && typeCounts.found > 0 ? line + line : line
  }
  return text
}

/** Types that were found or are in the gold tags, in the order of their code units. */
export function sortedTypes<T>(types: ReadonlyMap<string, T>): [string, T][] {
  return [...types].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

function formatScores(counts: Readonly<PhraseCounts>): string {
  const { precision, recall, f1 } = scores(counts)
  return `precision: ${fixed2(precision)}%; recall: ${fixed2(recall)}%; FB1: ${fixed2(f1)}`
}

/**
 * `%6.2f` as C writes it: two decimals, rounded from the exact binary value, ties to the even digit, padded to six
 * characters. `toFixed` rounds from the exact value too, but takes ties up: 3.125 is 3.12 in C and 3.13 there. With two
 * decimals only the odd multiples of 1/8 are ties. For 0 ≤ value < 1e15.
 */
export function fixed2(value: number): string {
  const tie = Math.abs((value * 8) % 2) === 1
  if (!tie) return value.toFixed(2).padStart(6)
  const below = Math.floor(value * 100) // the tie lies half-way between two hundredths
  return ((below % 2 === 0 ? below : below + 1) / 100).toFixed(2).padStart(6)
}
