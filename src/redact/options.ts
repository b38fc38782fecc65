/** The options of a redactor, checked where they come in. */
import type { CallOptions } from '../ner/options.ts'
import { checkNames, wrong, type Known } from '../ner/options.ts'
import type { Entity } from '../ner/entity.ts'
import { show, tagOf } from '../values.ts'
import { checkKey } from './hash.ts'
import { PATTERNS, type PatternName } from './patterns/patterns.ts'
import type { OnUnknown } from './restore.ts'
import type { RestoreOptions, RunOptions } from './session-types.ts'
import { STYLE_NAMES, type NameReplacement, type StyleName } from './styles.ts'

/** A part of a text that a finder found: `[start, end)` in UTF-16 units. */
export interface FoundSpan {
  readonly label: string
  readonly start: number
  readonly end: number
}

export type Finder = (text: string) => readonly FoundSpan[] | Promise<readonly FoundSpan[]>

/** The part of a pipeline that a redactor uses: any `NerPipeline`, also one that runs in a worker. It is asked for groups. */
export interface EntitySource {
  (text: string, options: CallOptions): Promise<readonly Entity[]>
  stream(texts: AsyncIterable<string>, options: CallOptions): AsyncIterable<readonly Entity[]>
}

export interface RedactorOptions {
  /** The types to replace, also those of patterns and finders. Default: all. */
  readonly only?: readonly string[]
  /** Types to leave. Not together with `only`. */
  readonly except?: readonly string[]
  /** Entities of the model that score below it are left. 0 … 1, default 0: the less certain ones are names, too. */
  readonly threshold?: number
  /**
   * `label` (default): `[PER_1]`. `surrogate`: another name of the same shape. Both, and a function, can be restored.
   * `mask`: █ for each character. `hash`: `[PER_5e884898da28]`, with `key`.
   */
  readonly style?: StyleName | NameReplacement
  /** The secret of style `hash`, 16 bytes or more. */
  readonly key?: string | Uint8Array
  /** Forms to find, such as e-mail addresses: names of `PATTERNS`. Default: none. */
  readonly patterns?: readonly PatternName[]
  /** Your own finders; what they find goes before what the model says. */
  readonly finders?: readonly Finder[]
  /** Ada, ADA and ada are one name. Default false. */
  readonly ignoreCase?: boolean
  /** A name that was found once is replaced wherever it stands as a word of its own. Default true. */
  readonly repeats?: boolean
  /** Is told of a placeholder that stands for no name. Default: a warning, once for each. */
  readonly onUnknown?: OnUnknown
}

export type CheckedRedactorOptions = Required<Omit<RedactorOptions, 'only' | 'except' | 'key' | 'onUnknown'>> & {
  readonly isWanted: (label: string) => boolean
  readonly key: string | Uint8Array | undefined
  readonly onUnknown: OnUnknown | undefined
}

/** Types of the models that most people have. Texts may hold placeholders of other sessions with them. */
export const EXPECTED_LABELS = ['PER', 'ORG', 'LOC', 'MISC', 'PERSON', ...PATTERNS]

const isBoolean = (value: unknown) => typeof value === 'boolean'
const isFunction = (value: unknown) => typeof value === 'function'
const isListOf = (check: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(check)
const TYPES = ["a list of types, such as ['PER']", isListOf(value => typeof value === 'string')] as const

const OPTIONS: Known<RedactorOptions> = {
  only: TYPES,
  except: TYPES,
  threshold: ['a number from 0 to 1', value => typeof value === 'number' && value >= 0 && value <= 1],
  style: [
    `one of ${STYLE_NAMES.join(', ')}, or a function`,
    value => isFunction(value) || STYLE_NAMES.includes(value as StyleName),
  ],
  key: ['', () => true], // checked apart: messages show values, and this one is a secret
  patterns: [`a list of ${PATTERNS.join(', ')}`, isListOf(value => PATTERNS.includes(value as PatternName))],
  finders: ['a list of functions', isListOf(isFunction)],
  ignoreCase: ['true or false', isBoolean],
  repeats: ['true or false', isBoolean],
  onUnknown: ['a function', isFunction],
}

const RUN_OPTIONS: Known<RunOptions> = { signal: ['', () => true] } // The pipeline checks it.
const RESTORE_OPTIONS: Known<RestoreOptions> = { json: ['true or false', isBoolean] }

export function checkRunOptions(options: RunOptions): RunOptions {
  return checkNames(options, RUN_OPTIONS)
}

export function checkRestoreOptions(options: RestoreOptions): RestoreOptions {
  return checkNames(options, RESTORE_OPTIONS)
}

/** @throws OptionError `OPTION_UNKNOWN` for a name that does not exist, `OPTION_VALUE` for a value that cannot be */
export function checkRedactorOptions(options: RedactorOptions): CheckedRedactorOptions {
  const given = checkNames(options, OPTIONS)
  const { only, except, style = 'label', key } = given
  if (key !== undefined && !isKey(key)) {
    throw wrong('key', 'a string or a Uint8Array', 'another value', 'Leave it out, but with style hash.')
  }
  if (only && except) throw wrong('except', 'only or except', 'both', 'Leave one of them out.')
  if (key !== undefined && style !== 'hash') {
    throw wrong('key', "style 'hash' beside it", `style ${show(style)}`, 'Leave it out, or ask for hashes.')
  }
  const listed = new Set((only ?? except ?? []).map(upper))
  return {
    isWanted: only ? label => listed.has(upper(label)) : label => !listed.has(upper(label)),
    threshold: given.threshold ?? 0,
    style,
    key: style === 'hash' ? checkKey(key) : undefined,
    patterns: given.patterns ?? [],
    finders: given.finders ?? [],
    ignoreCase: given.ignoreCase ?? false,
    repeats: given.repeats ?? true,
    onUnknown: given.onUnknown,
  }
}

function isKey(key: unknown): boolean {
  return typeof key === 'string' || (tagOf(key) === 'Uint8Array' && ArrayBuffer.isView(key))
}

function upper(label: string): string {
  return label.toUpperCase()
}
