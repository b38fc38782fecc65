/**
 * Groups tokens into entities, as transformers' token-classification pipeline does.
 *
 *   none     every token by itself, with its best label
 *   simple   neighbouring tokens of one type become one entity; `B-` always begins another
 *   first    the same, over words: a word takes the label of its first token
 *   average  the same, over words: a word takes the best label of its tokens' mean probabilities
 *   max      the same, over words: a word takes the label of its most certain token
 *
 * All tokens are grouped, `O` too, and only then are `ignoreLabels` removed. So two entities of one type with an
 * ignored label between them stay two.
 */
import { SequenceDecoder, type Transitions } from './decoding.ts'
import type { AggregationStrategy, Entity, LabelScore } from './entity.ts'
import { argmax } from './softmax.ts'
import type { Tag } from './tags.ts'
import type { PieceRules, Token } from './tokens.ts'

/** A model's labels; both lists are indexed by label id. */
export interface LabelSet {
  readonly names: readonly string[]
  readonly tags: readonly Tag[]
}

export interface AggregationOptions {
  readonly strategy: AggregationStrategy
  /** Labels (`none`) or groups (every other strategy) to leave out. */
  readonly ignoreLabels: ReadonlySet<string>
  /** The number of labels listed with each entity; 0: none. */
  readonly topK: number
  /** The allowed transitions between labels. If left out, each token or word takes its likeliest label. */
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
  options: AggregationOptions,
): Entity[] {
  const aggregator = new Aggregator(labels, rules, options)
  aggregator.add(tokens)
  return aggregator.end()
}

/** Does {@link aggregate} for tokens that arrive in order, a few at a time. It holds only the group that is not complete yet. */
export class Aggregator {
  readonly #labels: LabelSet
  readonly #rules: PieceRules
  readonly #options: AggregationOptions
  readonly #entities: Entity[] = []
  /** The word that the next token may continue. */
  #word: [Token, ...Token[]] | undefined
  #group: [Choice, ...Choice[]] | undefined
  #last: Tag | undefined
  /** Chooses labels by their context. */
  readonly #decoder: SequenceDecoder | undefined
  #waiting: Choice[] = []

  constructor(labels: LabelSet, rules: PieceRules, options: AggregationOptions) {
    this.#labels = labels
    this.#rules = rules
    this.#options = options
    this.#decoder = options.transitions && new SequenceDecoder(options.transitions)
  }

  /** The number of entities so far. */
  get count(): number {
    return this.#entities.length
  }

  add(tokens: readonly Token[]): void {
    const { strategy } = this.#options
    for (const token of tokens) {
      if (strategy === 'none' || strategy === 'simple') this.#addUnit(choose(token))
      else this.#addToWord(token)
    }
    if (this.#decoder) this.#settle(this.#decoder.settled())
  }

  /** Finishes, and returns all entities. Nothing is added afterwards. */
  end(): Entity[] {
    this.#endWord()
    if (this.#decoder) this.#settle(this.#decoder.end())
    this.#endGroup()
    return this.#entities
  }

  /** Adds a token or a word. */
  #addUnit(choice: Choice): void {
    if (this.#decoder) {
      this.#decoder.add(choice.scores)
      this.#waiting.push(choice)
    } else {
      this.#addLabelled(choice)
    }
  }

  /** Gives the first of the waiting units their labels. */
  #settle(labels: ArrayLike<number>): void {
    for (let i = 0; i < labels.length; i++) this.#addLabelled({ ...this.#waiting[i]!, label: labels[i]! })
    if (labels.length > 0) this.#waiting = this.#waiting.slice(labels.length)
  }

  #addLabelled(choice: Choice): void {
    if (this.#options.strategy === 'none') this.#addToken(choice)
    else this.#addChoice(choice)
  }

  #addToken(choice: Choice): void {
    const entity = this.#labels.names[choice.label]!
    if (this.#options.ignoreLabels.has(entity)) return
    this.#entities.push(tokenEntity(choice, entity, this.#labels, this.#options.topK))
  }

  /** Adds a token to its word. The first token begins a word, whatever it is. */
  #addToWord(token: Token): void {
    if (this.#word && token.isSubword) {
      this.#word.push(token)
    } else {
      this.#endWord()
      this.#word = [token]
    }
  }

  #endWord(): void {
    const { strategy } = this.#options
    if (!this.#word || strategy === 'none' || strategy === 'simple') return
    this.#addUnit(chooseForWord(this.#word, strategy))
    this.#word = undefined
  }

  /** Adds a unit to its group: neighbours of one type are one group. For an ignored group, only its last label is kept. */
  #addChoice(choice: Choice): void {
    const tag = this.#labels.tags[choice.label]!
    const goesOn = this.#last !== undefined && !tag.begins && !this.#last.ends && tag.type === this.#last.type
    this.#last = tag
    if (goesOn) {
      this.#group?.push(choice)
      return
    }
    this.#endGroup()
    if (!this.#options.ignoreLabels.has(tag.group)) this.#group = [choice]
  }

  #endGroup(): void {
    const group = this.#group
    if (!group) return
    this.#group = undefined
    const { strategy, topK } = this.#options
    const word = (choice: Choice) => this.#rules.decodeTokens(choice.tokens.map(token => token.word))
    // Decodes words one by one and then once more together. The decoder's clean-up can differ from decoding all at once.
    const parts = strategy === 'simple' ? group.map(choice => choice.tokens[0].word) : group.map(word)
    this.#entities.push({
      entity_group: this.#labels.tags[group[0].label]!.group,
      score: mean(group.map(choice => choice.scores[choice.label]!)),
      word: this.#rules.decodeTokens(parts),
      start: group[0].tokens[0].start,
      end: group.at(-1)!.tokens.at(-1)!.end,
      ...(topK === 0 ? {} : { labels: best(groupScores(group, this.#labels.tags), topK) }),
    })
  }
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

/**
 * Scores a group under each type: the mean, over its units, of the type's likeliest label (`B-X` or `I-X`). So the group's
 * own type comes first, with its own score. The others are the scores that it would have as another type.
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

/** The best `k` labels. Labels of equal score stay in the model's order. */
function best(scores: LabelScore[], k: number): LabelScore[] {
  return scores.sort((a, b) => b.score - a.score).slice(0, k)
}

/** The mean in float32, like the scores. */
function mean(values: readonly number[]): number {
  return Math.fround(values.reduce((a, b) => a + b, 0) / values.length)
}
