/**
 * The figures of the Python package seqeval 1.2.2, because many papers quote them and not conlleval's.
 *
 *     default          phrases begin and end by conlleval's rules, with S as a phrase of one word
 *     strict, IOB2     only B begins a phrase: I after O, or after another type, belongs to none
 *
 * An entity is (type, first word, last word); precision, recall and F1 are per type, then
 *
 *     micro       from the sums over all types (conlleval's overall figure)
 *     macro       the mean over the types, each counted alike
 *     weighted    the mean over the types, each counted by its support, the entities in the gold tags
 *
 * Quirks of the package are kept, since the point is to print its numbers: `get_entities` and `Token` split a tag each
 * in its own way. Reference: seqeval/metrics/sequence_labeling.py, seqeval/metrics/v1.py, seqeval/scheme.py.
 */
import { ConllError } from '../errors.ts'

export interface SeqevalScores {
  /** Fractions, 0 … 1; 0 if there is nothing to divide by. */
  readonly precision: number
  readonly recall: number
  readonly f1: number
  /** Entities in the gold tags. */
  readonly support: number
}

export interface SeqevalReport {
  /** By type, sorted by code unit: the types with an entity on either side. */
  readonly types: ReadonlyMap<string, SeqevalScores>
  readonly micro: SeqevalScores
  readonly macro: SeqevalScores
  readonly weighted: SeqevalScores
}

export type SeqevalMode = 'default' | 'strict'

/** `[type, first word, last word]`, words counted over all sentences. */
type Entity = readonly [type: string, first: number, last: number]

interface Counts {
  correct: number
  found: number
  support: number
}

/** Scores guesses. `gold[s]` and `guess[s]` have the same length. Strict throws for a prefix other than B, I and O. */
export function seqeval(
  gold: readonly (readonly string[])[],
  guess: readonly (readonly string[])[],
  mode: SeqevalMode,
): SeqevalReport {
  const entitiesOf = mode === 'strict' ? strictEntities : defaultEntities
  const counts = new Map<string, Counts>()
  const countsOf = (type: string): Counts => {
    let found = counts.get(type)
    if (found === undefined) counts.set(type, (found = { correct: 0, found: 0, support: 0 }))
    return found
  }
  const goldByLast = new Map<number, Entity>() // no two entities end at one word
  for (const entity of entitiesOf(gold)) {
    goldByLast.set(entity[2], entity)
    countsOf(entity[0]).support++
  }
  for (const [type, first, last] of entitiesOf(guess)) {
    const typeCounts = countsOf(type)
    typeCounts.found++
    const [goldType, goldFirst] = goldByLast.get(last) ?? []
    if (goldType === type && goldFirst === first) typeCounts.correct++
  }
  return report(counts)
}

/** get_entities of seqeval: all sentences as one sequence, an O after each. */
function defaultEntities(sentences: readonly (readonly string[])[]): Entity[] {
  const entities: Entity[] = []
  let lastPrefix = 'O'
  let lastType = ''
  let begin = 0
  let i = 0
  const step = (tag: string): void => {
    if (tag === 'O' && lastPrefix === 'O') {
      lastType = '_'
      i++
      return
    }
    const { prefix, type } = tag === 'O' ? OUTSIDE : splitAsSeqeval(tag)
    if (chunkEnds(lastPrefix, prefix, lastType, type)) entities.push([lastType, begin, i - 1])
    if (chunkBegins(lastPrefix, prefix, lastType, type)) begin = i
    lastPrefix = prefix
    lastType = type
    i++
  }
  for (const tags of sentences) {
    tags.forEach(step)
    step('O')
  }
  step('O')
  return entities
}

const OUTSIDE = { prefix: 'O', type: '_' }

/** The first character, and what comes after the first hyphen of the rest, or all of the rest. */
function splitAsSeqeval(tag: string): { prefix: string; type: string } {
  const prefix = firstCharacter(tag)
  const rest = tag.slice(prefix.length)
  const hyphen = rest.indexOf('-')
  return { prefix, type: (hyphen === -1 ? rest : rest.slice(hyphen + 1)) || '_' }
}

function chunkEnds(before: string, prefix: string, typeBefore: string, type: string): boolean {
  if (before === 'E' || before === 'S') return true
  if ((before === 'B' || before === 'I') && (prefix === 'B' || prefix === 'S' || prefix === 'O')) return true
  return before !== 'O' && before !== '.' && typeBefore !== type
}

function chunkBegins(before: string, prefix: string, typeBefore: string, type: string): boolean {
  if (prefix === 'B' || prefix === 'S') return true
  if ((before === 'E' || before === 'S' || before === 'O') && (prefix === 'E' || prefix === 'I')) return true
  return prefix !== 'O' && prefix !== '.' && typeBefore !== type
}

/** Tokens.entities of seqeval with scheme IOB2: B, and each I of its type that follows without a gap. */
function strictEntities(sentences: readonly (readonly string[])[]): Entity[] {
  const entities: Entity[] = []
  let i = 0
  for (const tags of sentences) {
    let open: string | null = null
    let begin = 0
    for (let t = 0; t <= tags.length; t++, i++) {
      const tag = tags[t] ?? 'O' // one more at the end
      if (tag === 'O' && open === null) continue
      const prefix = firstCharacter(tag)
      if (prefix !== 'O' && prefix !== 'I' && prefix !== 'B') throw notIob2(tag)
      const type = stripHyphens(tag.slice(1)) || '_'
      const continues = prefix === 'I' && open === type
      if (open !== null && !continues) entities.push([open, begin, i - 1])
      if (prefix === 'B') {
        open = type
        begin = i
      } else if (!continues) {
        open = null
      }
    }
  }
  return entities
}

function report(counts: ReadonlyMap<string, Counts>): SeqevalReport {
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, count]) => [type, scoresOf(count)] as const)
  const all: Counts = { correct: 0, found: 0, support: 0 }
  for (const count of counts.values()) {
    all.correct += count.correct
    all.found += count.found
    all.support += count.support
  }
  const mean = (weight: (scores: SeqevalScores) => number): SeqevalScores => {
    const total = rows.reduce((sum, [, row]) => sum + weight(row), 0)
    const over = (value: (scores: SeqevalScores) => number): number =>
      total === 0 ? 0 : rows.reduce((sum, [, row]) => sum + weight(row) * value(row), 0) / total
    return {
      precision: over(row => row.precision),
      recall: over(row => row.recall),
      f1: over(row => row.f1),
      support: all.support,
    }
  }
  return { types: new Map(rows), micro: scoresOf(all), macro: mean(() => 1), weighted: mean(row => row.support) }
}

function scoresOf({ correct, found, support }: Counts): SeqevalScores {
  const precision = found === 0 ? 0 : correct / found
  const recall = support === 0 ? 0 : correct / support
  const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
  return { precision, recall, f1, support }
}

function firstCharacter(tag: string): string {
  return tag === '' ? '' : String.fromCodePoint(tag.codePointAt(0) ?? 0)
}

function stripHyphens(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text[start] === '-') start++
  while (end > start && text[end - 1] === '-') end--
  return text.slice(start, end)
}

function notIob2(tag: string): ConllError {
  return new ConllError({
    code: 'CONLL_TAG_NOT_IOB2',
    subject: 'seqeval in strict mode',
    expected: 'tags that begin with B, I or O',
    found: JSON.stringify(tag.slice(0, 60)),
    nextStep: 'Convert the tags to IOB2 first.',
  })
}
