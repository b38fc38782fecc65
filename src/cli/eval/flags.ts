/** The options of `bert-ner eval`, and what the parts of a run hand to each other. */
import { SCHEMES, type Scheme } from '../../eval/schemes.ts'
import type { Evaluation } from '../../eval/evaluate.ts'
import { CONTEXTS, WORD_TAGS, type Context, type WordTag } from '../../eval/options.ts'
import type { ConllFile } from '../../eval/conll.ts'
import type { Decoding } from '../../ner/decoding.ts'
import type { ModelFlags } from '../model-options.ts'
import type { Tagger } from '../../ner/tagger.ts'

export { CONTEXTS, SCHEMES, WORD_TAGS }

/** The options as they are parsed: those with a default are always there. */
export interface EvalFlags extends ModelFlags {
  scheme?: Scheme
  modelScheme?: Scheme
  wordTag: WordTag
  decoding?: Decoding
  context: Context
  drop?: string[]
  lower?: true
  upper?: true
  maxLength?: number
  batchTokens?: number
  json?: true
  errors?: true
  writePredictions?: string
  expectF1?: number
  tolerance: number
  seed: number
  resamples: number
  predictions?: true
  raw?: true
  delimiter?: string
  outside?: string
}

export interface LoadedModel {
  readonly tagger: Tagger
  readonly folder: string
  /** SHA-256 of each file that decides on the answer; those that the model does not have are left out. */
  readonly files: Readonly<Record<string, string>>
  readonly backend: string
  dispose(): Promise<void>
}

/** Milliseconds. `wall` is all but loading: reading, tokenizing, the model, and the harness. */
export interface Timing {
  readonly load: number
  readonly wall: number
  readonly tokenizer: number
  readonly model: number
  /** Reading, aligning and scoring: what is neither tokenizer nor model. */
  readonly harness: number
}

/** All that a report is made of. */
export interface Outcome {
  readonly path: string
  readonly file: ConllFile
  readonly model: Omit<LoadedModel, 'dispose'>
  readonly evaluation: Evaluation
  readonly timing: Timing
  readonly flags: EvalFlags
}
