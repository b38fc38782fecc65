/** The pipeline that users call. It loads a tokenizer and a model, and finds the entities of texts. */
import { OptionError } from '../errors.ts'
import { BertForTokenClassification } from '../layers/token-classifier.ts'
import type { HubOptions } from '../source/hub/options.ts'
import { withProgress, type FileProgress } from '../source/progress.ts'
import { sourceFromBytes, type ModelSource } from '../source/source.ts'
import { Tokenizer } from '../tokenizer/tokenizer.ts'
import { EntityReader } from './entities.ts'
import { checkFit } from './fit.ts'
import type { AggregationStrategy, Entity, EntityOf } from './entity.ts'
import {
  checkCallOptions,
  checkPipelineOptions,
  checkTask,
  wrong,
  type CallOptions,
  type PipelineOptions,
  type ProgressEvent,
  type Task,
} from './options.ts'
import { stream, type Input, type Texts } from './stream.ts'
import { Tagger } from './tagger.ts'
import { guarded, kindOf, show, UNREADABLE } from '../values.ts'

/** The files of a model: a source, or its bytes by file name. */
export type ModelFiles = ModelSource | Readonly<Record<string, Uint8Array>>

/** `D`: the aggregation strategy of calls that name none. */
export interface NerPipeline<D extends AggregationStrategy = 'none'> {
  /**
   * Finds the entities of a text, ordered by position. Every text that fits into memory has an answer, even an empty or odd one.
   *
   * @throws (rejects with) OptionError `OPTION_VALUE` or `OPTION_UNKNOWN` if the text or an option is not valid;
   *   `signal.reason`; BackendError `BACKEND_DISPOSED`, or the backend's own failure; ConfigError `CONFIG_WINDOW` if
   *   the model sees too few tokens for any text
   */
  <S extends AggregationStrategy = D>(text: string, options?: CallOptions<S>): Promise<EntityOf<S>[]>
  /** Gives one list of entities per text. With `is_split_into_words`, a list of words is one text, with a list of one result. */
  <S extends AggregationStrategy = D>(
    texts: readonly string[] | readonly (readonly string[])[],
    options?: CallOptions<S>,
  ): Promise<EntityOf<S>[][]>
  /**
   * Yields results in the order of the texts. Memory does not grow with the number of texts. With `is_split_into_words`,
   * each item is a list of words. An error, from a call or from the source of the texts, is thrown after all results before
   * it. An aborted `signal` ends the stream at the next result.
   */
  stream<S extends AggregationStrategy = D>(
    texts: Texts,
    options?: CallOptions<S>,
  ): AsyncGenerator<EntityOf<S>[], void, undefined>
  /**
   * Frees the weights, once the current forward pass has ended. The memory returned to the system depends on the backend:
   * simd gives back all of its memory, naive leaves it to the garbage collector, tfjs frees every tensor but never shrinks
   * its heap. Later calls reject with `BACKEND_DISPOSED`.
   */
  dispose(): Promise<void>
  /** Text → ids and offsets, and `explain`. */
  readonly tokenizer: Tokenizer
  /** Ids → logits, for users who want more than entities. The pipeline's `dispose()` disposes of it too. */
  readonly model: BertForTokenClassification
}

/**
 * Loads a model for token classification, from its files. Entries that know names of the hub, or folders, have a `pipeline` around it.
 *
 * @param task `token-classification`, or `ner`, its other name
 * @param model a {@link ModelSource}, or the bytes of its files by name: config.json, model.safetensors, tokenizer files
 * @throws OptionError for a wrong option; SourceError, SafetensorsError, ConfigError, CheckpointError, TokenizerError if a
 *   file is missing or wrong; BackendError if the backend cannot run here
 */
export async function pipeline<D extends AggregationStrategy = 'none'>(
  task: Task,
  model: ModelFiles,
  options: PipelineOptions<D> = {},
): Promise<NerPipeline<D>> {
  checkTask(task)
  const { load, hub, call } = checkPipelineOptions(options)
  const { progress_callback: report, ...backend } = load
  checkNoRevision(hub)
  const files = sourceOf(model)
  const source = report ? withProgress(files, event => report(progressEvent(event))) : files
  const [tokenizer, loaded] = await loadBoth(source, backend)
  try {
    checkFit(tokenizer, loaded.config)
    report?.({ status: 'ready', task })
  } catch (error) {
    await loaded.dispose()
    throw error
  }
  return callable<D>(tokenizer, loaded, call)
}

/** Loads both at once: the tokenizer is parsed while the weights are read. */
async function loadBoth(
  source: ModelSource,
  options: PipelineOptions,
): Promise<[Tokenizer, BertForTokenClassification]> {
  const loading = BertForTokenClassification.load(source, options)
  const [tokenizer, model] = await Promise.allSettled([Tokenizer.fromSource(source), loading])
  if (model.status === 'rejected') throw model.reason
  if (tokenizer.status === 'fulfilled') return [tokenizer.value, model.value]
  await model.value.dispose()
  throw tokenizer.reason
}

function callable<D extends AggregationStrategy>(
  tokenizer: Tokenizer,
  model: BertForTokenClassification,
  defaults: CallOptions,
): NerPipeline<D> {
  const tagger = new Tagger(tokenizer, model)
  const reader = new EntityReader(tokenizer, tagger)
  const answer = async (input: string | readonly Input[], options: CallOptions = {}) => {
    const checked = checkCallOptions(defaults, options)
    const { inputs, single } = guarded(() => listOf(input, checked.is_split_into_words), UNREADABLE_TEXT)
    const results: Entity[][] = []
    for await (const entities of stream(tagger, reader, inputs, checked)) results.push(entities)
    return single ? results[0] : results
  }
  const methods = {
    stream: (texts: Texts, options: CallOptions = {}) =>
      stream(
        tagger,
        reader,
        guarded(() => iterable(texts), UNREADABLE_TEXT),
        checkCallOptions(defaults, options),
      ),
    dispose: async () => {
      await tagger.close()
      await model.dispose()
    },
    tokenizer,
    model,
  }
  const ner = Object.assign(answer, methods) as unknown as NerPipeline<D>
  PARTS.set(ner, { tagger, reader, defaults })
  return ner
}

/** What a pipeline is made of. The HTTP service packs the texts of many requests into one forward pass, each with its own options. */
export interface PipelineParts {
  readonly tagger: Tagger
  readonly reader: EntityReader
  /** The options of calls that name none. */
  readonly defaults: CallOptions
}

const PARTS = new WeakMap<object, PipelineParts>()

/** The parts of a pipeline that this module made, or undefined for anything else. */
export function partsOf(ner: NerPipeline<AggregationStrategy>): PipelineParts | undefined {
  return PARTS.get(ner)
}

const UNREADABLE_TEXT = () => wrong('text', 'a string or a list', UNREADABLE, 'Pass strings.')

/** Lists the inputs as transformers does. A flat list of words is one text, and its result a list of one. */
function listOf(input: unknown, split: boolean): { inputs: readonly Input[]; single: boolean } {
  if (typeof input === 'string' && !split) return { inputs: [input], single: true }
  if (!Array.isArray(input)) {
    const expected = split ? 'a list of words, or a list of such lists' : 'a string, or a list of strings'
    throw wrong('text', expected, show(input), 'Use stream(texts) for what comes one by one.')
  }
  const flat = split && !(input.length > 0 && input.every(Array.isArray))
  return { inputs: flat ? [input as string[]] : (input as Input[]), single: false }
}

function iterable(texts: Texts): Texts {
  if (typeof texts === 'object' && (texts as unknown) !== null) {
    const { [Symbol.asyncIterator]: soon, [Symbol.iterator]: now } = texts as Partial<
      Iterable<Input> & AsyncIterable<Input>
    >
    if (typeof (soon ?? now) === 'function') return texts
  }
  throw wrong('texts', 'an iterable or async iterable of texts', show(texts), 'For one text, call the pipeline itself.')
}

/** A file that was fetched has been reported, each byte of it: reading it again is no news, and is not reported. */
export function newsOf(report: (event: ProgressEvent) => void, fetched: ReadonlySet<string>): typeof report {
  return event => {
    if (!('file' in event && fetched.has(event.file))) report(event)
  }
}

export function checkNoRevision({ revision }: HubOptions): void {
  if (revision === undefined) return
  throw new OptionError({
    code: 'OPTION_REVISION',
    subject: 'revision',
    expected: 'none, for the model was given as its files',
    found: revision,
    nextStep: 'Leave it out, or name a model of the hub, owner/name.',
  })
}

function sourceOf(model: unknown): ModelSource {
  return guarded(
    () => readSource(model),
    () => notAModel(UNREADABLE),
  )
}

function readSource(model: unknown): ModelSource {
  if (typeof model === 'object' && model !== null) {
    if ('open' in model && typeof model.open === 'function') return model as ModelSource
    const files = Object.entries(model)
    if (files.length > 0 && kindOf(model) === 'an Object') {
      for (const [name, bytes] of files) if (kindOf(bytes) !== 'a Uint8Array') throw notBytes(name, bytes)
      return sourceFromBytes(model as Record<string, Uint8Array>)
    }
  }
  throw notAModel(show(model))
}

function notAModel(found: string): OptionError {
  return new OptionError({
    code: 'OPTION_MODEL',
    subject: 'model',
    expected: 'the files of a model: a source, or a record of bytes by file name',
    found,
    nextStep:
      "Pass sourceFromUrl(address), or { 'config.json': bytes, … }; in pages, Deno, Bun and Node a name, owner/name, does as well.",
  })
}

function notBytes(name: string, found: unknown): OptionError {
  return new OptionError({
    code: 'OPTION_MODEL',
    subject: `model, file ${show(name)}`,
    expected: 'its bytes, as a Uint8Array',
    found: show(found),
    nextStep: 'Take the whole file as it is: new Uint8Array(await response.arrayBuffer()).',
  })
}

function progressEvent({ status, file, loaded, total }: FileProgress): ProgressEvent {
  if (status !== 'progress') return { status, file }
  return { status, file, progress: total === 0 ? 100 : (100 * loaded) / total, loaded, total }
}
