/**
 * Sorts a model's mistakes by kind. Phrases that are equal on both sides are right; the others are paired if they
 * overlap, the most alike first, and each pair or lone phrase is one error:
 *
 *     wrong type        gold [PER Jordan]             guess [LOC Jordan]
 *     wrong boundary    gold [ORG Bank of England]    guess [ORG Bank] of [LOC England]    (the LOC is invented)
 *     missed            gold [PER Mira] slept         guess Mira slept
 *     invented          gold the River rose           guess the [LOC River] rose
 *
 * A pair that differs in both type and boundary counts as a wrong type.
 */
import { splitTag } from './notation.ts'
import { phrasesOf, typesOf, type Phrase } from './schemes.ts'

export const ERROR_KINDS = ['missed', 'invented', 'wrong type', 'wrong boundary'] as const
export type ErrorKind = (typeof ERROR_KINDS)[number]

export interface PhraseError {
  readonly kind: ErrorKind
  /** null: invented */
  readonly gold: Phrase | null
  /** null: missed */
  readonly guess: Phrase | null
}

/** The errors of one sentence, in the order of its words. Tags in any scheme. */
export function phraseErrors(gold: readonly string[], guess: readonly string[]): PhraseError[] {
  const [goldPhrases, guessPhrases] = [phrasesOf(gold), phrasesOf(guess)]
  const goldKeys = new Set(goldPhrases.map(key))
  const guessKeys = new Set(guessPhrases.map(key))
  const goldLeft = new Set(goldPhrases.filter(phrase => !guessKeys.has(key(phrase))))
  const guessLeft = new Set(guessPhrases.filter(phrase => !goldKeys.has(key(phrase))))
  const errors: PhraseError[] = []
  for (const { a, b } of overlapping(goldLeft, guessLeft)) {
    if (!goldLeft.has(a) || !guessLeft.has(b)) continue
    goldLeft.delete(a)
    guessLeft.delete(b)
    errors.push({ kind: a.type === b.type ? 'wrong boundary' : 'wrong type', gold: a, guess: b })
  }
  for (const phrase of goldLeft) errors.push({ kind: 'missed', gold: phrase, guess: null })
  for (const phrase of guessLeft) errors.push({ kind: 'invented', gold: null, guess: phrase })
  const start = ({ gold: a, guess: b }: PhraseError): number => Math.min(a?.start ?? Infinity, b?.start ?? Infinity)
  return errors.sort((a, b) => start(a) - start(b))
}

/** All pairs that share a word: those of one span first, then those of one type, then by how many words they share. */
function overlapping(gold: Iterable<Phrase>, guess: ReadonlySet<Phrase>): { a: Phrase; b: Phrase; rank: number }[] {
  const pairs: { a: Phrase; b: Phrase; rank: number }[] = []
  for (const a of gold) {
    for (const b of guess) {
      const shared = Math.min(a.end, b.end) - Math.max(a.start, b.start)
      if (shared <= 0) continue
      const sameSpan = a.start === b.start && a.end === b.end
      pairs.push({ a, b, rank: (sameSpan ? 2e6 : 0) + (a.type === b.type ? 1e6 : 0) + Math.min(shared, 1e5) })
    }
  }
  return pairs.sort((x, y) => y.rank - x.rank)
}

function key({ type, start, end }: Phrase): string {
  return `${start} ${end} ${type}`
}

/** Words by type: `counts[g][p]` words have type `types[g]` in the gold tags and `types[p]` in the guess. */
export interface Confusion {
  /** Sorted, `O` first. */
  readonly types: readonly string[]
  readonly counts: readonly (readonly number[])[]
}

/** Counts every word once. `gold[s]` and `guess[s]` have the same length. */
export function confusion(gold: readonly (readonly string[])[], guess: readonly (readonly string[])[]): Confusion {
  const byTag = new Map<string, Map<string, number>>() // gold tag → guessed tag → words
  let outside = 0 // most words are O on both sides: they need no look-up
  for (const [s, tags] of gold.entries()) {
    const guesses = guess[s] ?? []
    for (let i = 0; i < tags.length; i++) {
      const tag = tags[i] ?? 'O'
      const guessed = guesses[i] ?? 'O'
      if (tag === 'O' && guessed === 'O') {
        outside++
        continue
      }
      let row = byTag.get(tag)
      if (row === undefined) byTag.set(tag, (row = new Map<string, number>()))
      row.set(guessed, (row.get(guessed) ?? 0) + 1)
    }
  }
  const pairs = [...byTag].flatMap(([tag, row]) => [...row].map(([guessed, n]) => ({ tag, guessed, n })))
  const types = ['O', ...typesOf(pairs.flatMap(({ tag, guessed }) => [tag, guessed]))]
  const counts = types.map((_, r) => types.map((__, c) => (r + c === 0 ? outside : 0)))
  const index = (tag: string): number => (tag === 'O' ? 0 : types.lastIndexOf(splitTag(tag).type))
  for (const { tag, guessed, n } of pairs) {
    const row = counts[index(tag)] ?? []
    row[index(guessed)] = (row[index(guessed)] ?? 0) + n
  }
  return { types, counts }
}
