/** The pipeline's results: the fields of transformers' token-classification pipeline, with its names. */

/** The ways to group tokens into entities: see aggregate.ts. */
export const AGGREGATION_STRATEGIES = ['none', 'simple', 'first', 'average', 'max'] as const
export type AggregationStrategy = (typeof AGGREGATION_STRATEGIES)[number]

export interface LabelScore {
  label: string
  /** 0 … 1 */
  score: number
}

interface Span {
  /** The label's probability, 0 … 1. For a group, it is the mean over its tokens or words. */
  score: number
  /**
   * The pieces as the tokenizer decodes them, lower-cased and without accents if the vocabulary is. The original text is
   * `text.slice(start, end)`.
   */
  word: string
  /** `[start, end)` in the text, in UTF-16 units unless `offsetUnit: 'codepoint'` was asked for. */
  start: number
  end: number
  /** The best labels, best first. Only if `top_k` was asked for. */
  labels?: LabelScore[]
}

/** One token, as `aggregation_strategy: 'none'` gives it. */
export interface TokenEntity extends Span {
  /** The label as the model has it: `B-PER`. */
  entity: string
  /** Position of the token in the encoded text, special tokens included: after `[CLS]`, the first token is 1. */
  index: number
}

/** Neighbouring tokens of one type, as every other strategy gives them. */
export interface EntityGroup extends Span {
  /** The type: `PER`. */
  entity_group: string
}

export type Entity = TokenEntity | EntityGroup

/** The kind of entity that a strategy gives. */
export type EntityOf<S extends AggregationStrategy> = S extends 'none' ? TokenEntity : EntityGroup

/** The label of an entity: `B-PER` for a token, `PER` for a group. */
export function labelOf(entity: Entity): string {
  return 'entity' in entity ? entity.entity : entity.entity_group
}
