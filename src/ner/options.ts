/** Defines and checks the pipeline's options. If transformers has an option, we use its name and default. */
import { OptionError } from '../errors.ts'
import type { BackendOptions } from '../kernels/options.ts'
import type { DownloadEvent } from '../source/hub/model.ts'
import type { HubOptions } from '../source/hub/options.ts'
import { guarded, show, UNREADABLE } from '../values.ts'
import { DECODINGS, type Decoding } from './decoding.ts'
import { AGGREGATION_STRATEGIES, type AggregationStrategy } from './entity.ts'

export const OFFSET_UNITS = ['utf16', 'codepoint'] as const
export type OffsetUnit = (typeof OFFSET_UNITS)[number]

/** Options of one call. */
export interface CallOptions<S extends AggregationStrategy = AggregationStrategy> {
  /** How to group tokens into entities. Default `none`: every token by itself. */
  readonly aggregation_strategy?: S
  /** Labels (`none`) or types (all other strategies) to leave out, after grouping. Default `['O']`. */
  readonly ignore_labels?: readonly string[]
  /**
   * The number of tokens that neighbouring windows of a long text share. Entities found twice then follow transformers'
   * rule. If left out, windows share 64 tokens, and each token takes its label from the window that shows more context.
   */
  readonly stride?: number
  /** Whether the input is a list of words, or a list of such lists. Default false. */
  readonly is_split_into_words?: boolean
  /** Joins the words of an input with `is_split_into_words`; offsets count in the joined text. Default `' '`. */
  readonly delimiter?: string
  /** The most windows in one forward pass. Never changes an answer. Default: as many as are worth it. */
  readonly batch_size?: number
  /** Lists the best `top_k` labels of each entity, with their scores. Default 0: none. */
  readonly top_k?: number
  /** Leaves out entities that score below it, as the last step. 0 … 1, default 0. */
  readonly threshold?: number
  /**
   * How to choose labels. `argmax`: each token or word takes its likeliest. `constrained`: all take the likeliest sequence
   * that the labels' scheme allows. Scores are the chosen labels' probabilities either way. Default: config.json's, else `argmax`.
   */
  readonly decoding?: Decoding
  /** Stops between batches: the call rejects with `signal.reason`. */
  readonly signal?: AbortSignal
  /**
   * How to read a special token typed in the text, such as `[SEP]`. `parse`: it becomes that token, and no entity extends
   * over it. `literal`: it is text like any other; use this for text from people you do not know. Default: the tokenizer's
   * setting, which is usually `parse`.
   */
  readonly specialTokens?: 'parse' | 'literal'
  /** The unit of `start` and `end`: `utf16` (default; as `text.slice` takes them) or `codepoint` (as Python counts). */
  readonly offsetUnit?: OffsetUnit
}

/** Reports how far loading has come; of a model of the hub also how far its files have been fetched. */
export type ProgressEvent =
  | DownloadEvent
  | { readonly status: 'initiate' | 'done'; readonly file: string }
  /** `progress` in percent; `loaded` and `total` in bytes. */
  | {
      readonly status: 'progress'
      readonly file: string
      readonly progress: number
      readonly loaded: number
      readonly total: number
    }
  | { readonly status: 'ready'; readonly task: Task }

const TASKS = ['token-classification', 'ner'] as const
export type Task = (typeof TASKS)[number]

/** @throws OptionError `OPTION_VALUE` */
export function checkTask(task: Task): void {
  if (!TASKS.includes(task)) {
    throw wrong('task', `one of ${TASKS.join(', ')}`, show(task), "Use 'token-classification'.")
  }
}

/** Options of {@link pipeline}. It also takes the options of a call, as defaults for its calls. */
export interface PipelineOptions<S extends AggregationStrategy = AggregationStrategy>
  extends BackendOptions, HubOptions, Omit<CallOptions<S>, 'signal'> {
  readonly progress_callback?: (event: ProgressEvent) => void
}

type Optional = 'stride' | 'batch_size' | 'signal' | 'ignore_labels' | 'decoding' | 'specialTokens'
type Checked = Required<Omit<CallOptions, Optional>> & {
  readonly decoding: Decoding | undefined
  readonly ignore_labels: ReadonlySet<string>
  readonly stride: number | undefined
  readonly batch_size: number | undefined
  readonly signal: AbortSignal | undefined
  readonly specialTokens: 'parse' | 'literal' | undefined
}
/** Options of a call, all checked and all present. */
export type { Checked as CheckedOptions }

type Check = (value: unknown) => boolean
const isBoolean: Check = value => typeof value === 'boolean'
const isString: Check = value => typeof value === 'string'
const isStrings: Check = value => Array.isArray(value) && value.every(isString)
const isOneOf =
  (values: readonly unknown[]): Check =>
  value =>
    values.includes(value)
const isWhole =
  (min: number): Check =>
  value =>
    Number.isSafeInteger(value) && (value as number) >= min
/** Checks a signal by its methods. It may come from another realm, or from a library with its own class. */
const isSignal: Check = value =>
  typeof value === 'object' &&
  value !== null &&
  'aborted' in value &&
  ['throwIfAborted', 'addEventListener', 'removeEventListener'].every(
    name => typeof (value as Record<string, unknown>)[name] === 'function',
  )

/** A check for each option of an interface. If one is missing, the code does not compile. */
export type Known<O> = { readonly [name in keyof Required<O>]: readonly [expected: string, Check] }

export const OFFSET_UNIT = [oneOf(OFFSET_UNITS), isOneOf(OFFSET_UNITS)] as const

const SPECIAL_TOKENS = ['parse', 'literal']

const DEFAULTS: Known<Omit<CallOptions, 'signal'>> = {
  aggregation_strategy: [oneOf(AGGREGATION_STRATEGIES), isOneOf(AGGREGATION_STRATEGIES)],
  ignore_labels: ["a list of labels, such as ['O']", isStrings],
  stride: ['a whole number of tokens, 0 or more', isWhole(0)],
  is_split_into_words: ['true or false', isBoolean],
  delimiter: ['a string', isString],
  batch_size: ['a whole number, 1 or more', isWhole(1)],
  top_k: ['a whole number, 0 or more', isWhole(0)],
  threshold: ['a number from 0 to 1', value => typeof value === 'number' && value >= 0 && value <= 1],
  decoding: [oneOf(DECODINGS), isOneOf(DECODINGS)],
  specialTokens: [oneOf(SPECIAL_TOKENS), isOneOf(SPECIAL_TOKENS)],
  offsetUnit: OFFSET_UNIT,
}
const CALL_OPTIONS: Known<CallOptions> = { ...DEFAULTS, signal: ['an AbortSignal', isSignal] }

const isText: Check = value => typeof value === 'string' && value !== ''
const isFunction: Check = value => typeof value === 'function'

const HUB_OPTIONS: Known<HubOptions> = {
  revision: ['a branch, a tag or a commit', isText],
  cache_dir: ['a folder', isText],
  local_files_only: ['true or false', isBoolean],
  token: ['a token of the hub, or false', value => isText(value) || value === false],
  force_download: ['true or false', isBoolean],
  fetch: ['a function', isFunction],
}

const CHECKED_BY_BACKEND = ['', () => true] as const
const LOAD_OPTIONS: Known<Omit<PipelineOptions, keyof CallOptions | keyof HubOptions>> = {
  backend: CHECKED_BY_BACKEND,
  device: CHECKED_BY_BACKEND,
  dtype: CHECKED_BY_BACKEND,
  threads: CHECKED_BY_BACKEND,
  turbo: ['true or false', isBoolean],
  wasm: CHECKED_BY_BACKEND,
  progress_callback: ['a function', isFunction],
}

const PIPELINE_OPTIONS: Known<PipelineOptions> = { ...LOAD_OPTIONS, ...HUB_OPTIONS, ...DEFAULTS }

/**
 * Checks the options of a call and fills in the pipeline's defaults.
 *
 * @throws OptionError `OPTION_UNKNOWN` for a name that does not exist, `OPTION_VALUE` for a value that is not allowed
 */
export function checkCallOptions(defaults: CallOptions, options: CallOptions): Checked {
  const given = { ...defaults, ...checkNames(options, CALL_OPTIONS) }
  if (given.delimiter !== undefined && !given.is_split_into_words) {
    throw wrong('delimiter', 'is_split_into_words: true beside it', 'a text that is not split', 'Leave it out.')
  }
  return {
    aggregation_strategy: given.aggregation_strategy ?? 'none',
    ignore_labels: new Set(given.ignore_labels ?? ['O']),
    stride: given.stride,
    is_split_into_words: given.is_split_into_words ?? false,
    delimiter: given.delimiter ?? ' ',
    batch_size: given.batch_size,
    top_k: given.top_k ?? 0,
    threshold: given.threshold ?? 0,
    decoding: given.decoding,
    signal: given.signal,
    specialTokens: given.specialTokens,
    offsetUnit: given.offsetUnit ?? 'utf16',
  }
}

export interface SplitOptions {
  readonly load: Omit<PipelineOptions, keyof CallOptions | keyof HubOptions>
  readonly hub: HubOptions
  readonly call: CallOptions
}

/**
 * Splits the options of {@link pipeline}: those for loading, for the hub, and the defaults of its calls.
 *
 * @throws OptionError as {@link checkCallOptions}
 */
export function checkPipelineOptions(options: PipelineOptions): SplitOptions {
  const checked = Object.entries(checkNames(options, PIPELINE_OPTIONS))
  const among = (known: object) => Object.fromEntries(checked.filter(([name]) => Object.hasOwn(known, name)))
  const call = among(CALL_OPTIONS)
  checkCallOptions({}, call)
  return { load: among(LOAD_OPTIONS), hub: among(HUB_OPTIONS), call }
}

/** Gives the options that were set, after checking their names. `undefined` counts as left out. */
export function checkNames<O extends object>(options: O, known: Known<O>): O {
  return guarded(
    () => check(options, known),
    () => wrong('options', 'an object of options', UNREADABLE, 'Pass options by name: { name: value }.'),
  )
}

function check<O extends object>(options: O, known: Known<O>): O {
  if (typeof options !== 'object' || (options as O | null) === null || Array.isArray(options)) {
    throw wrong('options', 'an object', show(options), 'Pass options by name: { name: value }.')
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    if (!Object.hasOwn(known, name)) {
      throw new OptionError({
        code: 'OPTION_UNKNOWN',
        subject: `option ${show(name)}`,
        expected: `one of ${Object.keys(known).join(', ')}`,
        found: 'another name',
        nextStep: 'Check its spelling, or leave it out.',
      })
    }
    const [expected, check] = known[name as keyof O]
    if (!check(value)) throw wrong(name, expected, show(value), 'Correct it, or leave it out for the default.')
  }
  return Object.fromEntries(given) as O
}

function oneOf(values: readonly string[]): string {
  return `one of ${values.join(', ')}`
}

/** The error for an option whose value is not allowed. */
export function wrong(name: string, expected: string, found: string, nextStep: string): OptionError {
  return new OptionError({ code: 'OPTION_VALUE', subject: name, expected, found, nextStep })
}
