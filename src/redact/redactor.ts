/**
 * Names out of texts, and back into what comes of them. A redactor's memory lives as long as it does: the same name has the
 * same placeholder in every text.
 *
 *     text ─ patterns, finders, model ─► finds ─ claims ─► names ─ ledger ─► numbers ─ style ─► text with placeholders
 *     answer with placeholders ─ restorer, over the same ledger ─► answer with names
 */
import { wrong } from '../ner/options.ts'
import { show } from '../values.ts'
import { checkRedactorOptions, type EntitySource, type RedactorOptions } from './options.ts'
import { Session } from './session.ts'
import type { Redactor } from './session-types.ts'

/**
 * A session over a pipeline.
 *
 * @param ner any pipeline; null for patterns and finders alone, or to restore only
 * @throws OptionError `OPTION_UNKNOWN` or `OPTION_VALUE` for an option that cannot be, a missing or short `key` too
 */
export function createRedactor(ner: EntitySource | null, options: RedactorOptions = {}): Redactor {
  if (typeof ner !== 'function' && (ner as unknown) !== null) {
    throw wrong('ner', 'a pipeline, or null', show(ner), "Pass await pipeline('token-classification').")
  }
  const session = new Session(ner, checkRedactorOptions(options))
  return {
    redact: (text, options) => session.redact(text, options),
    stream: (texts, options) => session.stream(texts, options),
    restore: (value, options) => session.restore(value, options),
    restoreStream: options => session.restoreStream(options),
    export: () => session.export(),
    import: mapping => session.import(mapping),
    clear: () => session.clear(),
  }
}
