/** The options of `bert-ner TEXT`. */
import type { Decoding } from '../../ner/decoding.ts'
import type { AggregationStrategy } from '../../ner/entity.ts'
import type { ModelFlags } from '../model-options.ts'

export const FORMATS = ['pretty', 'json', 'jsonl', 'conll', 'html', 'redacted'] as const
export type Format = (typeof FORMATS)[number]

/** The options as they are parsed: those with a default are always there. */
export interface NerFlags extends ModelFlags {
  file?: string[]
  lines?: true
  jsonl?: string
  aggregation: AggregationStrategy
  decoding?: Decoding
  threshold?: number
  stride?: number
  specialTokens?: 'parse' | 'literal'
  format?: Format
  onError?: 'fail' | 'skip' | 'record'
  fields?: string[]
  offsetUnit?: 'codepoint' | 'utf16'
  maxChars?: number
  resume?: string
}
