/** `POST /`: the texts of a request, and the entities that transformers' pipeline gives for them. */
import type { Entity } from '../ner/entity.ts'
import { checkCallOptions, OFFSET_UNIT, wrong, type CallOptions, type CheckedOptions } from '../ner/options.ts'
import { OptionError } from '../errors.ts'
import { show } from '../values.ts'

/** Finds the entities of texts, as a queue does. */
export type Find = (texts: readonly string[], options: CheckedOptions) => Promise<Entity[][]>

type Fields = Readonly<Record<string, unknown>>

/** `options` is what older clients of the hub send beside the parameters: how to wait and to cache, which does not matter here. */
const FIELDS = ['inputs', 'parameters', 'options']
const PARAMETERS = ['aggregation_strategy', 'ignore_labels', 'stride', 'threshold', 'top_k', 'offset_unit']

export async function tagging(fields: Fields, find: Find, defaults: CallOptions): Promise<Entity[] | Entity[][]> {
  checkNames(fields, FIELDS)
  const { inputs } = fields
  const texts = typeof inputs === 'string' ? [inputs] : inputs
  if (!isTexts(texts)) throw wrong('inputs', 'a string, or a list of strings', show(inputs), 'Pass texts.')
  const results = await find(texts, optionsOf(fields.parameters, defaults))
  return typeof inputs === 'string' ? (results[0] ?? []) : results
}

export function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

/** The parameters as options of a call. null stands for what was left out, as Python's clients send it. */
function optionsOf(parameters: unknown, defaults: CallOptions): CheckedOptions {
  const given = parameters ?? {}
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw wrong('parameters', 'an object', show(given), 'Pass parameters by name: {"threshold": 0.5}.')
  }
  checkNames(given as Fields, PARAMETERS)
  const present = Object.entries(given).filter(([, value]) => value !== null)
  const { offset_unit: offsetUnit = 'codepoint', ...options } = Object.fromEntries(present) as Fields
  const [expected, isUnit] = OFFSET_UNIT
  if (!isUnit(offsetUnit)) throw wrong('offset_unit', expected, show(offsetUnit), 'Leave it out for code points.')
  const simple = { aggregation_strategy: 'simple', ...options, offsetUnit } as CallOptions
  return checkCallOptions({ ...defaults, is_split_into_words: false }, simple)
}

/** @throws OptionError `OPTION_UNKNOWN` */
export function checkNames(fields: Fields, known: readonly string[]): void {
  for (const name of Object.keys(fields)) {
    if (known.includes(name)) continue
    throw new OptionError({
      code: 'OPTION_UNKNOWN',
      subject: `field ${show(name)}`,
      expected: `one of ${known.join(', ')}`,
      found: 'another name',
      nextStep: 'Check its spelling, or leave it out.',
    })
  }
}
