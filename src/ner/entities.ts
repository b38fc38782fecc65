/**
 * Turns the logits of a text into its entities, in four steps: softmax, tokens, aggregation, threshold. It goes window by
 * window, so even for a long text it holds only the entities and the current window.
 */
import { checkEntityCount } from '../limits.ts'
import type { Tokenizer } from '../tokenizer/tokenizer.ts'
import { aggregate, Aggregator, type AggregationOptions, type LabelSet } from './aggregate.ts'
import type { Job } from './batches.ts'
import { transitionsOf, type Transitions } from './decoding.ts'
import type { Entity } from './entity.ts'
import { toCodePoints } from './offsets.ts'
import type { CheckedOptions } from './options.ts'
import { resolveOverlaps } from './overlap.ts'
import type { Prepared, Tagger } from './tagger.ts'
import { readTags } from './tags.ts'
import { gatherTokens, type PieceRules, type Token } from './tokens.ts'
import { handOver, type Window } from './windows.ts'

/** Reads one text. */
export interface TextReader {
  /** Reads the next window, whose job holds its logits. `w`: the window's number. */
  read(job: Job, w: number): void
  /** Finishes, and returns all entities of the text. */
  end(): Entity[]
}

export class EntityReader {
  readonly #tagger: Tagger
  readonly #labels: LabelSet
  readonly #transitions: Transitions
  readonly #rules: PieceRules
  /** The index of a text's first token: the number of special tokens before it. */
  readonly #firstIndex: number

  constructor(tokenizer: Tokenizer, tagger: Tagger) {
    this.#tagger = tagger
    this.#labels = { names: tagger.labels, tags: readTags(tagger.labels) }
    this.#transitions = transitionsOf(tagger.labels)
    this.#rules = {
      unkId: tokenizer.unkToken?.id,
      continuingSubwordPrefix: tokenizer.continuingSubwordPrefix,
      pieceOf: id => tokenizer.idToToken(id) ?? '',
      decodeTokens: tokens => tokenizer.decodeTokens(tokens),
    }
    this.#firstIndex = tokenizer.around.before.ids.length
  }

  /** Begins a text. Its windows must be read in order. */
  begin(prepared: Prepared, options: CheckedOptions): TextReader {
    const { text } = prepared.encoded
    const isJoined = options.stride === undefined || prepared.jobs.length <= 1
    const how = this.#how(options)
    const reader = isJoined ? this.#joined(prepared, how) : this.#apart(prepared, how)
    return {
      read: (job, w) => {
        reader.read(job, w)
      },
      end: () => {
        const kept = reader.end().filter(({ score }) => score >= options.threshold)
        if (options.offsetUnit === 'codepoint') toCodePoints(text, kept)
        return kept
      },
    }
  }

  #how(options: CheckedOptions): AggregationOptions {
    const isConstrained = (options.decoding ?? this.#tagger.decoding.decoding) === 'constrained'
    return {
      strategy: options.aggregation_strategy,
      ignoreLabels: options.ignore_labels,
      topK: options.top_k,
      ...(isConstrained ? { transitions: this.#transitions } : {}),
    }
  }

  /** Joins the windows: each token's logits come from the window that shows more of its context. */
  #joined({ encoded, jobs }: Prepared, how: AggregationOptions): TextReader {
    const aggregator = new Aggregator(this.#labels, this.#rules, how)
    const taken = handOver(
      jobs.map(job => job.window),
      encoded.wordIds,
    )
    return {
      read: (job, w) => {
        const window = taken[w]!
        aggregator.add(this.#tokens(job, window, this.#firstIndex + window[0]))
        checkEntityCount(aggregator.count, encoded.text.length)
      },
      end: () => aggregator.end(),
    }
  }

  /** Finds entities in each window by itself. If two overlap, one stays, by transformers' rule. */
  #apart({ encoded }: Prepared, how: AggregationOptions): TextReader {
    const found: Entity[] = []
    return {
      read: job => {
        const tokens = this.#tokens(job, job.window, this.#firstIndex)
        for (const entity of aggregate(tokens, this.#labels, this.#rules, how)) found.push(entity)
        checkEntityCount(found.length, encoded.text.length)
      },
      end: () => resolveOverlaps(encoded.text, found),
    }
  }

  /** The tokens `[from, to)` of a window's text. */
  #tokens({ encoded, window, logits }: Job, [from, to]: Window, firstIndex: number): Token[] {
    const L = this.#labels.names.length
    const probabilities = this.#tagger.probabilities(logits.subarray((from - window[0]) * L, (to - window[0]) * L))
    return gatherTokens(encoded, [from, to], probabilities, this.#rules, firstIndex)
  }
}
