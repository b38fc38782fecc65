/** Entities laid over their text, for what shows or replaces them. */
import { endOfCharacter } from './characters.ts'
import { OptionError } from '../errors.ts'
import { labelOf, type Entity, type EntityGroup, type TokenEntity } from '../ner/entity.ts'
import { wrong, type OffsetUnit } from '../ner/options.ts'
import { guarded, show, UNREADABLE } from '../values.ts'

/** A stretch of text; with `entity`, one that it names. */
export interface Stretch<E extends Entity = Entity> {
  readonly text: string
  readonly entity?: E
  /** The entity's label, `''` outside of entities. */
  readonly label: string
}

/**
 * The whole text, cut at the borders of its entities, in order. Where entities overlap, the one that begins first (of
 * these, the longest) keeps its name and takes in the other: nothing that an entity covers is ever left outside. Marks and
 * joiners of its last letter are an entity's too, although its offsets, which are Python's, end before them.
 *
 * @throws OptionError `OPTION_ENTITIES` for what is no entity, or not one of this text
 */
export function stretches<E extends Entity>(
  text: string,
  entities: readonly E[],
  unit: OffsetUnit = 'utf16',
): Stretch<E>[] {
  if (typeof text !== 'string')
    throw wrong('text', 'a string', show(text), 'Pass the text that the entities came from.')
  const list: unknown = entities
  guarded(
    () => {
      if (!Array.isArray(list)) {
        throw wrong('entities', 'a list', show(entities), 'Pass what the pipeline gave for this text.')
      }
      for (const entity of entities) checkEntity(entity)
    },
    () => wrong('entities', 'entities', UNREADABLE, 'Pass what the pipeline gave for this text.'),
  )
  const found: Stretch<E>[] = []
  const place = unit === 'utf16' ? (offset: number) => offset : utf16Places(text)
  let at = 0
  const sorted = merged(entities)
  for (const [i, { entity, start, end }] of sorted.entries()) {
    const [from, named] = [place(start) ?? -1, place(end) ?? -1]
    if (!(from >= at && named >= from && named <= text.length)) throw wrongPlace(entity, text)
    const next = sorted[i + 1]
    const to = named === from ? from : endOfCharacter(text, named, next ? (place(next.start) ?? named) : text.length)
    if (from > at) found.push({ text: text.slice(at, from), label: '' })
    if (to > from) found.push({ text: text.slice(from, to), entity, label: labelOf(entity) })
    at = to
  }
  if (at < text.length) found.push({ text: text.slice(at), label: '' })
  return found
}

interface Merged<E> {
  readonly entity: E
  readonly start: number
  end: number
}

function merged<E extends Entity>(entities: readonly E[]): Merged<E>[] {
  const result: Merged<E>[] = []
  for (const entity of [...entities].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const { start, end } = entity
    const last = result.at(-1)
    if (last && start < last.end) last.end = Math.max(last.end, end)
    else result.push({ entity, start, end })
  }
  return result
}

/** Code point offset → UTF-16 offset. */
function utf16Places(text: string): (offset: number) => number | undefined {
  const places: number[] = []
  let at = 0
  for (const char of text) {
    places.push(at)
    at += char.length
  }
  places.push(at)
  return offset => places[offset]
}

/**
 * Entities are checked as {@link stretches} checks them, in UTF-16 units.
 *
 * @throws OptionError `OPTION_ENTITIES` for what is no entity, or not one of this text
 */
export function checkPlaces(text: string, entities: readonly Entity[]): void {
  const list: unknown = entities
  const notAList = (found: string) => wrong('entities', 'a list', found, 'Correct what the pipeline gives.')
  guarded(
    () => {
      if (!Array.isArray(list)) throw notAList(show(entities))
      for (const entity of entities) {
        checkEntity(entity)
        const { start, end } = entity
        if (!(start >= 0 && end >= start && end <= text.length)) throw wrongPlace(entity, text)
      }
    },
    () => notAList(UNREADABLE),
  )
}

/** Refuses values that are no entities, such as those of a file, or of a call with a list of texts. */
function checkEntity(entity: unknown): void {
  const {
    start,
    end,
    entity_group,
    entity: label = entity_group,
  } = (entity ?? {}) as Partial<TokenEntity & EntityGroup>
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && typeof label === 'string') return
  throw new OptionError({
    code: 'OPTION_ENTITIES',
    subject: 'entities',
    expected: 'objects with entity_group or entity, and whole numbers start and end',
    found: show(entity),
    nextStep: 'Pass what the pipeline gave for this one text; for a list of texts it gives a list for each.',
  })
}

function wrongPlace(entity: Entity, text: string): OptionError {
  return new OptionError({
    code: 'OPTION_ENTITIES',
    subject: `entity ${labelOf(entity)} at ${entity.start} … ${entity.end}`,
    expected: `a place in a text of ${text.length} UTF-16 units`,
    found: 'one that is not in it',
    nextStep: 'Pass the very text that these entities came from, and the offsetUnit that they were asked with.',
  })
}
