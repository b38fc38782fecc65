/**
 * Tokens → entities, with the answers of transformers' token-classification pipeline.
 *
 *   none     every token by itself, with its best label
 *   simple   neighbouring tokens of one type become one entity; `B-` always begins another
 *   first    the same over words: a word has the label of its first token
 *   average  …, a word has the best label of its tokens' mean probabilities
 *   max      …, a word has the label of its most certain token
 *
 * Grouping runs over all tokens, `O` too, and only then are `ignoreLabels` taken out: two entities of a type with an
 * ignored label between them stay two.
 */
import { constrained, type Transitions } from './decoding.ts'
import type { AggregationStrategy, Entity, LabelScore } from './entity.ts'
import { argmax } from './softmax.ts'
import type { Tag } from './tags.ts'
import type { PieceRules, Token } from './tokens.ts'

/** A model's labels. Both by label id. */
export interface LabelSet {
  readonly names: readonly string[]
  readonly tags: readonly Tag[]
}

export interface AggregationOptions {
  readonly strategy: AggregationStrategy
  /** Labels (`none`) or groups (every other strategy) that are left out. */
  readonly ignoreLabels: ReadonlySet<string>
  /** How many labels each entity carries beside its own; 0: none are listed. */
  readonly topK: number
  /** The steps between labels that are allowed. Left out: each token or word takes its likeliest label. */
  readonly transitions?: Transitions
}

/** A token, or a word of several tokens, and the label chosen for it. */
interface Choice {
  readonly label: number
  readonly scores: Float32Array // [L]
  readonly tokens: readonly [Token, ...Token[]]
}

export function aggregate(
  tokens: readonly Token[],
  labels: LabelSet,
  rules: PieceRules,
  { strategy, ignoreLabels, topK, transitions }: AggregationOptions,
): Entity[] {
  if (strategy === 'none') {
    return decode(tokens.map(choose), transitions).flatMap(choice => {
      const entity = labels.names[choice.label]!
      return ignoreLabels.has(entity) ? [] : [tokenEntity(choice, entity, labels, topK)]
    })
  }
  const units = strategy === 'simple' ? tokens.map(choose) : words(tokens).map(word => chooseForWord(word, strategy))
  const choices = decode(units, transitions)
  return groups(choices, labels.tags).flatMap(group => {
    const name = labels.tags[group[0].label]!.group
    if (ignoreLabels.has(name)) return []
    const word = (choice: Choice) => rules.decodeTokens(choice.tokens.map(token => token.word))
    // Words are decoded one by one and then once more together: the decoder's cleaning can differ from doing it at once.
    const parts = strategy === 'simple' ? group.map(choice => choice.tokens[0].word) : group.map(word)
    return [
      {
        entity_group: name,
        score: mean(group.map(choice => choice.scores[choice.label]!)),
        word: rules.decodeTokens(parts),
        start: group[0].tokens[0].start,
        end: group.at(-1)!.tokens.at(-1)!.end,
        ...(topK === 0 ? {} : { labels: best(groupScores(group, labels.tags), topK) }),
      },
    ]
  })
}

function tokenEntity(choice: Choice, entity: string, { names }: LabelSet, topK: number): Entity {
  const [{ index, word, start, end }] = choice.tokens
  const score = choice.scores[choice.label]!
  if (topK === 0) return { entity, score, index, word, start, end }
  const scores = names.map((label, l) => ({ label, score: choice.scores[l]! }))
  return { entity, score, index, word, start, end, labels: best(scores, topK) }
}

function choose(token: Token): Choice {
  return { label: argmax(token.scores), scores: token.scores, tokens: [token] }
}

/** The same tokens or words with the labels of the likeliest allowed sequence. */
function decode(choices: readonly Choice[], transitions: Transitions | undefined): readonly Choice[] {
  if (!transitions) return choices
  const labels = constrained(
    choices.map(choice => choice.scores),
    transitions,
  )
  return choices.map((choice, i) => ({ ...choice, label: labels[i]! }))
}

/** Tokens by word. The first token begins one, whatever it is. */
function words(tokens: readonly Token[]): [Token, ...Token[]][] {
  const words: [Token, ...Token[]][] = []
  for (const token of tokens) {
    const word = words.at(-1)
    if (word && token.isSubword) word.push(token)
    else words.push([token])
  }
  return words
}

function chooseForWord(tokens: readonly [Token, ...Token[]], strategy: 'first' | 'average' | 'max'): Choice {
  let scores = tokens[0].scores
  if (strategy === 'max') {
    let max = -Infinity
    for (const token of tokens) {
      const score = token.scores[argmax(token.scores)]!
      if (score > max) [max, scores] = [score, token.scores]
    }
  }
  if (strategy === 'average' && tokens.length > 1) {
    scores = scores.map((_, l) => mean(tokens.map(token => token.scores[l]!)))
  }
  return { label: argmax(scores), scores, tokens }
}

/** Neighbours of one type. */
function groups(choices: readonly Choice[], tags: readonly Tag[]): [Choice, ...Choice[]][] {
  const groups: [Choice, ...Choice[]][] = []
  let last: Tag | undefined
  for (const choice of choices) {
    const tag = tags[choice.label]
    const group = groups.at(-1)
    if (group && tag && !tag.begins && !last?.ends && tag.type === last?.type) group.push(choice)
    else groups.push([choice])
    last = tag
  }
  return groups
}

/**
 * For each type the mean, over the group, of the probability of its likeliest label (`B-X` or `I-X`). So the group itself
 * comes first, with its own score, and the others say what it would have scored under another name.
 */
function groupScores(group: readonly Choice[], tags: readonly Tag[]): LabelScore[] {
  const byGroup = new Map<string, number[]>()
  for (const [at, { scores }] of group.entries()) {
    for (const [l, tag] of tags.entries()) {
      const values = byGroup.get(tag.group) ?? []
      values[at] = Math.max(values[at] ?? 0, scores[l]!)
      byGroup.set(tag.group, values)
    }
  }
  return [...byGroup].map(([label, values]) => ({ label, score: mean(values) }))
}

/** Labels of equal score stay in the model's order. */
function best(scores: LabelScore[], k: number): LabelScore[] {
  return scores.sort((a, b) => b.score - a.score).slice(0, k)
}

/** In float32, as the scores are. */
function mean(values: readonly number[]): number {
  return Math.fround(values.reduce((a, b) => a + b, 0) / values.length)
}
