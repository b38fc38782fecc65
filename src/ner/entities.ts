/** Logits of a text → its entities: softmax, tokens, aggregation, threshold, in that order. */
import type { Tokenizer } from '../tokenizer/tokenizer.ts'
import { aggregate, type LabelSet } from './aggregate.ts'
import { transitionsOf, type Transitions } from './decoding.ts'
import type { EncodedText } from './encoded-text.ts'
import type { Entity } from './entity.ts'
import { toCodePoints } from './offsets.ts'
import type { CheckedOptions } from './options.ts'
import { resolveOverlaps } from './overlap.ts'
import type { Prepared, Tagger } from './tagger.ts'
import { readTags } from './tags.ts'
import { gatherTokens, type PieceRules, type Token } from './tokens.ts'
import type { Window } from './windows.ts'

export class EntityReader {
  readonly #tagger: Tagger
  readonly #labels: LabelSet
  readonly #transitions: Transitions
  readonly #rules: PieceRules
  /** Special tokens before a text: the first token's index. */
  readonly #firstIndex: number

  constructor(tokenizer: Tokenizer, tagger: Tagger) {
    this.#tagger = tagger
    this.#labels = { names: tagger.labels, tags: readTags(tagger.labels) }
    this.#transitions = transitionsOf(tagger.labels)
    this.#rules = {
      unkId: tokenizer.unkToken?.id,
      continuingSubwordPrefix: tokenizer.continuingSubwordPrefix,
      decodeTokens: tokens => tokenizer.decodeTokens(tokens),
    }
    this.#firstIndex = tokenizer.around.before.ids.length
  }

  /** Entities of a text whose jobs have their logits. */
  read(prepared: Prepared, options: CheckedOptions): Entity[] {
    const { encoded, jobs } = prepared
    let entities: Entity[]
    if (options.stride === undefined || jobs.length <= 1) {
      entities = this.#entities(encoded, [0, encoded.ids.length], this.#tagger.logits(prepared), options)
    } else {
      const found = jobs.flatMap(job => this.#entities(encoded, job.window, job.logits, options))
      entities = resolveOverlaps(encoded.text, found)
    }
    const kept = entities.filter(({ score }) => score >= options.threshold)
    if (options.offsetUnit === 'codepoint') toCodePoints(encoded.text, kept)
    return kept
  }

  #entities(encoded: EncodedText, range: Window, logits: Float32Array, options: CheckedOptions): Entity[] {
    const probabilities = this.#tagger.probabilities(logits)
    const tokens: Token[] = gatherTokens(encoded, range, probabilities, this.#rules, this.#firstIndex)
    return aggregate(tokens, this.#labels, this.#rules, {
      strategy: options.aggregation_strategy,
      ignoreLabels: options.ignore_labels,
      topK: options.top_k,
      ...((options.decoding ?? this.#tagger.decoding.decoding) === 'constrained'
        ? { transitions: this.#transitions }
        : {}),
    })
  }
}
