/**
 * Every failure that this library reports is a {@link BertNerError}: one class per room, one `code` per cause.
 * Test by `code`, never by `instanceof`: errors cross worker and realm boundaries as plain objects.
 */

import { escapeControls } from './escape.ts'

/** A failure in five parts, so that no message leaves its reader without a next step. */
export interface ErrorDetails<Code extends string = string> {
  /** Stable identifier of the cause, e.g. `SAFETENSORS_HEADER_TOO_LARGE`. Part of the public API. */
  readonly code: Code
  /** The thing that is wrong: a file, a tensor's name, an option. */
  readonly subject: string
  readonly expected: string
  readonly found: string
  /** The way out, in one sentence. */
  readonly nextStep: string
  readonly cause?: unknown
}

export class BertNerError<Code extends string = string> extends Error {
  readonly code: Code
  readonly subject: string
  readonly expected: string
  readonly found: string
  readonly nextStep: string

  constructor(details: ErrorDetails<Code>) {
    const { code, cause } = details
    const subject = shown(details.subject)
    const expected = shown(details.expected)
    const found = shown(details.found)
    const nextStep = shown(details.nextStep)
    super(`${subject}: expected ${expected}, found ${found}. ${nextStep}`, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.subject = subject
    this.expected = expected
    this.found = found
    this.nextStep = nextStep
  }
}

/** Characters of one part of a message, at most: a name out of a file may be as long as the file. */
const LONGEST_PART = 1000

/** A part of a message on one line, whatever names it holds. */
function shown(part: string): string {
  return escapeControls(part.length > LONGEST_PART ? `${part.slice(0, LONGEST_PART)}…` : part)
}

/** Bytes that are not a safetensors file, or a request that cannot be written as one. */
export class SafetensorsError extends BertNerError<`SAFETENSORS_${string}`> {}
/** tokenizer.json, vocab.txt or tokenizer_config.json that cannot be used, or input that is no text. */
export class TokenizerError extends BertNerError<`TOKENIZER_${string}`> {}
/** config.json with missing, unknown or out-of-range values. */
export class ConfigError extends BertNerError<`CONFIG_${string}`> {}
/** Weights that do not fit the configuration: missing, unexpected or wrongly shaped keys. */
export class CheckpointError extends BertNerError<`CHECKPOINT_${string}`> {}
/** An argument of the public API that is not what the documentation says. */
export class OptionError extends BertNerError<`OPTION_${string}`> {}
/** A file of a model that is not there or cannot be read. */
export class SourceError extends BertNerError<`SOURCE_${string}`> {}
/** A PyTorch file that is not read, or weights that cannot be stored as asked. */
export class ConvertError extends BertNerError<`CONVERT_${string}`> {}
/** A backend that is not available, or failed while computing. */
export class BackendError extends BertNerError<`BACKEND_${string}`> {}
/** A CoNLL file, or a file of predictions, that cannot be read. */
export class ConllError extends BertNerError<`CONLL_${string}`> {}
/** Names that cannot be put back, or a mapping that is none. Its messages show no name. */
export class RedactError extends BertNerError<`REDACT_${string}`> {}
/** A request that the HTTP service refuses, or cannot answer in time. */
export class ServeError extends BertNerError<`SERVE_${string}`> {}
