/** What comes out: the fields of transformers' token-classification pipeline, with its names. */

/** How tokens become entities: see aggregate.ts. */
export const AGGREGATION_STRATEGIES = ['none', 'simple', 'first', 'average', 'max'] as const
export type AggregationStrategy = (typeof AGGREGATION_STRATEGIES)[number]

export interface LabelScore {
  label: string
  /** 0 … 1 */
  score: number
}

interface Span {
  /** Probability of the label, 0 … 1; of a group, the mean over its tokens or words. */
  score: number
  /**
   * The pieces as the tokenizer decodes them: lower-cased and without accents where the vocabulary is. The text itself is
   * `text.slice(start, end)`.
   */
  word: string
  /** `[start, end)` in the text, in UTF-16 units unless `offsetUnit: 'codepoint'` was asked for. */
  start: number
  end: number
  /** Where `top_k` was asked for: the best labels, best first. */
  labels?: LabelScore[]
}

/** One token: what `aggregation_strategy: 'none'` gives. */
export interface TokenEntity extends Span {
  /** The label as the model has it: `B-PER`. */
  entity: string
  /** Place of the token in the encoded text, special tokens counted: the first is 1 behind `[CLS]`. */
  index: number
}

/** Neighbouring tokens of one type: what every other strategy gives. */
export interface EntityGroup extends Span {
  /** The type: `PER`. */
  entity_group: string
}

export type Entity = TokenEntity | EntityGroup

/** The kind of entity that a strategy gives. */
export type EntityOf<S extends AggregationStrategy> = S extends 'none' ? TokenEntity : EntityGroup

/** `B-PER` of a token, `PER` of a group. */
export function labelOf(entity: Entity): string {
  return 'entity' in entity ? entity.entity : entity.entity_group
}
