/**
 * `POST /analyze`: Presidio's analyzer (presidio-analyzer 2.2, its REST API) with this model behind it. Types have Presidio's
 * names. Forms, such as e-mail addresses, are looked for if they are asked for by name. Whatever cannot be found here and was
 * asked for is refused: an empty answer would look like a text without secrets.
 */
import type { Entity } from '../ner/entity.ts'
import { labelOf } from '../ner/entity.ts'
import { toCodePoints } from '../ner/offsets.ts'
import { checkCallOptions, wrong, type CallOptions } from '../ner/options.ts'
import { readTags } from '../ner/tags.ts'
import { findPatterns, type PatternName } from '../redact/patterns/patterns.ts'
import { show } from '../values.ts'
import { serveError } from './errors.ts'
import { isTexts, type Find } from './tagging.ts'

type Fields = Readonly<Record<string, unknown>>

/** A result of the analyzer, its fields in the order in which Presidio prints them. Offsets are code points. */
export interface AnalyzerResult {
  readonly analysis_explanation: null
  end: number
  readonly entity_type: string
  readonly score: number
  start: number
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['PER', 'PERSON'],
  ['LOC', 'LOCATION'],
  ['ORG', 'ORGANIZATION'],
  ['MISC', 'NRP'],
])
/** Nationalities, religions and politics: the model's MISC is wider, so it is given only to those who ask. */
const ONLY_IF_ASKED = 'NRP'

const FORMS: ReadonlyMap<string, PatternName> = new Map([
  ['EMAIL_ADDRESS', 'EMAIL'],
  ['URL', 'URL'],
  ['IP_ADDRESS', 'IP'],
  ['CREDIT_CARD', 'CARD'],
  ['IBAN_CODE', 'IBAN'],
  ['PHONE_NUMBER', 'PHONE'],
  ['US_SSN', 'SSN'],
  ['MAC_ADDRESS', 'MAC'],
  ['DATE_TIME', 'DATE'],
])

export async function analyzing(
  fields: Fields,
  find: Find,
  defaults: CallOptions,
  labels: readonly string[],
): Promise<AnalyzerResult[] | AnalyzerResult[][]> {
  const { text } = fields
  const texts = typeof text === 'string' ? [text] : text
  if (!isTexts(texts)) throw wrong('text', 'a string, or a list of strings', show(text), 'Pass texts.')
  checkLanguage(fields.language)
  refuseOthers(fields)
  const threshold = fields.score_threshold ?? 0
  const wanted = wantedTypes(fields.entities, labels)
  const names = [...FORMS].flatMap(([type, name]) => (wanted.has(type) ? [name] : []))
  const options: CallOptions = {
    aggregation_strategy: 'first',
    specialTokens: 'literal', // A text that says [SEP] must not change what the model sees.
    is_split_into_words: false,
    threshold: threshold as number,
    ignore_labels: ['O'],
    top_k: 0,
    offsetUnit: 'utf16',
  }
  const found = await find(texts, checkCallOptions(defaults, options))
  const results = texts.map((one, i) => resultsOf(one, found[i] ?? [], names, wanted))
  return typeof text === 'string' ? (results[0] ?? []) : results
}

function resultsOf(
  text: string,
  entities: readonly Entity[],
  names: readonly PatternName[],
  wanted: ReadonlySet<string>,
): AnalyzerResult[] {
  const forms = names.length === 0 ? [] : findPatterns(text, names)
  const results = [
    ...entities.map(entity => resultOf(typeOf(labelOf(entity)), entity.start, entity.end, entity.score)),
    ...forms.map(({ label, start, end }) => resultOf(typeOfForm(label), start, end, 1)),
  ].filter(({ entity_type }) => wanted.has(entity_type))
  results.sort((a, b) => a.start - b.start || b.end - a.end)
  toCodePoints(text, results)
  return results
}

function resultOf(entity_type: string, start: number, end: number, score: number): AnalyzerResult {
  return { analysis_explanation: null, end, entity_type, score, start }
}

function typeOf(label: string): string {
  return TYPES.get(label) ?? label
}

function typeOfForm(name: PatternName): string {
  for (const [type, form] of FORMS) if (form === name) return type
  return name
}

function checkLanguage(language: unknown): void {
  if (language === 'en') return
  throw serveError('SERVE_LANGUAGE', 'language', '"en"', show(language), 'Send English text, and say so.')
}

/** Fields that would change the answer, and cannot here. Others of Presidio's (`correlation_id`, `context`) do not matter. */
function refuseOthers(fields: Fields): void {
  for (const name of ['ad_hoc_recognizers', 'allow_list']) {
    const value = fields[name]
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue
    const nextStep = "Leave it out, or ask Presidio's own analyzer."
    throw serveError('SERVE_UNSUPPORTED', name, 'nothing', show(value), nextStep)
  }
}

/** The types to look for. An empty list means all, as in Presidio. */
function wantedTypes(entities: unknown, labels: readonly string[]): ReadonlySet<string> {
  const own = new Set(readTags(labels).flatMap(({ group }) => (group === 'O' ? [] : [typeOf(group)])))
  if (entities === undefined || entities === null || (Array.isArray(entities) && entities.length === 0)) {
    own.delete(ONLY_IF_ASKED)
    return own
  }
  if (!isTexts(entities)) throw wrong('entities', 'a list of types', show(entities), 'Leave it out for all.')
  const unknown = entities.filter(type => !own.has(type) && !FORMS.has(type))
  if (unknown.length > 0) {
    const known = [...own, ...FORMS.keys()].join(', ')
    throw serveError('SERVE_ENTITIES', 'entities', `some of ${known}`, show(unknown), 'Leave these out.')
  }
  return new Set(entities)
}
