/** All that is to be replaced in a text, each with its place: by forms, by the model, and by names that came before. */
import { OptionError } from '../errors.ts'
import type { EntityGroup } from '../ner/entity.ts'
import { guarded, show, UNREADABLE } from '../values.ts'
import { isSpaceAt } from './characters.ts'
import {
  byPlace,
  claim,
  namesOf,
  wholeCharacters,
  withoutOverlaps,
  type Find,
  type Origin,
  type Range,
} from './claims.ts'
import type { CheckedRedactorOptions, FoundSpan } from './options.ts'
import { findPatterns } from './patterns/patterns.ts'

export interface OriginFind extends Find {
  readonly source: Origin
}

/** Everything that patterns and finders find, of the types that are wanted. */
export async function findForms(text: string, options: CheckedRedactorOptions): Promise<OriginFind[]> {
  const { patterns, finders, isWanted } = options
  const found = findPatterns(text, patterns).map(span => findOf(text, span, 'pattern'))
  for (const finder of finders) {
    const spans: unknown = await finder(text)
    const checked = guarded(
      () => checkSpans(text, spans),
      () => wrongSpan('what a finder gives', 'a list of spans', UNREADABLE),
    )
    for (const span of checked) found.push(findOf(text, span, 'finder'))
  }
  return withoutOverlaps(found.filter(({ entity }) => isWanted(entity.entity_group)))
}

/** The finds of a text: forms before entities, and neither within `kept`, the placeholders that it has. */
export function findNames(
  text: string,
  entities: readonly EntityGroup[],
  forms: readonly OriginFind[],
  kept: readonly Range[],
): OriginFind[] {
  const model = entities
    .flatMap(entity => paragraphs(text, entity))
    .map((entity): OriginFind => ({ ...rangeOf(entity), entity, source: 'model' }))
  const free = claim(kept, forms)
  const taken = [...kept, ...free].sort(byPlace)
  const found = [...free, ...claim(taken, withoutOverlaps(model))].sort(byPlace)
  return namesOf(text, claim(kept, wholeCharacters(text, found)))
}

/** An entity without what lies between two paragraphs: to a model, a blank line is a space. */
function paragraphs(text: string, entity: EntityGroup): EntityGroup[] {
  const parts: EntityGroup[] = []
  let { start } = entity
  for (let at = start; at < entity.end; at++) {
    if (!isSpaceAt(text, at)) continue
    const from = at
    let breaks = 0
    for (; at < entity.end && isSpaceAt(text, at); at++) if (text.charAt(at) === '\n') breaks++
    if (breaks < 2) continue
    if (from > start) parts.push({ ...entity, start, end: from })
    start = at
  }
  if (start < entity.end) parts.push({ ...entity, start })
  return parts
}

function rangeOf({ start, end }: Range): Range {
  return { start, end }
}

function findOf(text: string, { label, start, end }: FoundSpan, source: Origin): OriginFind {
  const entity = { entity_group: label, score: 1, word: text.slice(start, end), start, end }
  return { start, end, entity, source }
}

function checkSpans(text: string, spans: unknown): FoundSpan[] {
  if (!Array.isArray(spans)) throw wrongSpan('what a finder gives', 'a list', typeof spans)
  return Array.from(spans as unknown[], span => checkSpan(text, span))
}

function checkSpan(text: string, span: unknown): FoundSpan {
  const isObject = typeof span === 'object' && span !== null
  const { label, start, end } = (isObject ? span : {}) as Partial<FoundSpan>
  const isPlace = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start! >= 0 && end! <= text.length
  if (typeof label !== 'string' || !isPlace || start! >= end!) {
    const expected = `label, a string, and start < end, UTF-16 offsets in a text of ${text.length}`
    throw wrongSpan(
      'span of a finder',
      expected,
      isObject ? `${show(label)}, ${show(start)}, ${show(end)}` : show(span),
    )
  }
  return { label, start: start!, end: end! }
}

function wrongSpan(subject: string, expected: string, found: string): OptionError {
  const nextStep = 'Correct the finder.'
  return new OptionError({ code: 'OPTION_FINDER', subject, expected, found, nextStep })
}
