/** The methods of a redactor, and their answers. */
import type { Origin, Range } from './claims.ts'
import type { Mapping } from './mapping.ts'

/** A place of the text that was replaced. Its offsets are those of the text that came in, in UTF-16 units. */
export interface RedactedEntity extends Range {
  readonly entity_group: string
  /** The model's probability; 1 for a pattern, a finder or a repeat. */
  readonly score: number
  readonly source: Origin
  /** The text that stands there now. */
  readonly replacement: string
}

export interface Redacted {
  readonly text: string
  readonly entities: readonly RedactedEntity[]
  /** Placeholder → name, for this text; empty if nothing can be restored. `export()` has the whole session. */
  readonly mapping: Readonly<Record<string, string>>
}

export interface RestoreOptions {
  /** The text is JSON, such as the arguments of a tool: names are put into its strings, escaped. Default false. */
  readonly json?: boolean
}

export interface RunOptions {
  /** Stops the pipeline: the call rejects with `signal.reason`. */
  readonly signal?: AbortSignal
}

export interface Redactor {
  /**
   * The text without its names.
   *
   * @throws (rejects with) what the pipeline or a finder failed with; OptionError `OPTION_VALUE` for what is no string,
   *   `OPTION_FINDER` for a finder's spans that are none
   */
  redact(text: string, options?: RunOptions): Promise<Redacted>
  /** The same for texts one after the other, in batches of the pipeline. */
  stream(
    texts: Iterable<string> | AsyncIterable<string>,
    options?: RunOptions,
  ): AsyncGenerator<Redacted, void, undefined>
  /**
   * The text with its names. Of lists and objects, such as the parsed arguments of a tool, a copy with every string
   * restored.
   *
   * @throws RedactError `REDACT_ONE_WAY` for the styles mask and hash, `REDACT_DEPTH` for what has no end
   */
  restore<T>(value: T, options?: RestoreOptions): T
  /** The same for a text in chunks, cut anywhere. Holds back 64 UTF-16 units at most. */
  restoreStream(options?: RestoreOptions): TransformStream<string, string>
  /** All names of the session as plain JSON. Keep it as safe as the texts. */
  export(): Mapping
  /**
   * Takes up what `export` gave.
   *
   * @throws RedactError `REDACT_MAPPING` for anything else, `REDACT_MAPPING_CONFLICT` if a placeholder stands for another name here
   */
  import(mapping: unknown): void
  /** Forgets every name and number. */
  clear(): void
}
