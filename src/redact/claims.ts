/** Which find has which part of a text: what has a form goes before the model, the model before names that come again. */
import type { EntityGroup } from '../ner/entity.ts'
import { endOfCharacter, isWordAt, isWordBefore } from './characters.ts'
import { nameIn } from './names.ts'

/** A part of a text: `[start, end)` in UTF-16 units. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** Who found an entity. */
export type Origin = 'model' | 'pattern' | 'finder' | 'repeat'

/** Something found in a text. */
export interface Find extends Range {
  readonly entity: EntityGroup
}

/**
 * Adds finds to those that already have their places. Both lists are sorted and free of overlaps, and so is the result. Of a
 * find that is covered in part, the other parts stay: no letter and no digit that was found is left in the text.
 */
export function claim<T extends Range>(taken: readonly Range[], finds: readonly T[]): T[] {
  const free: T[] = []
  let i = 0
  for (const find of finds) {
    while (i < taken.length && taken[i]!.end <= find.start) i++
    let { start } = find
    let j = i
    for (; j < taken.length && taken[j]!.start < find.end; j++) {
      if (taken[j]!.start > start) free.push({ ...find, start, end: taken[j]!.start })
      start = Math.max(start, taken[j]!.end)
    }
    if (start < find.end) free.push({ ...find, start })
  }
  return free
}

export function byPlace(a: Range, b: Range): number {
  return a.start - b.start || b.end - a.end
}

/** Sorted, and each without what an earlier one, or a longer one of the same start, covers. */
export function withoutOverlaps<T extends Range>(finds: readonly T[]): T[] {
  const result: T[] = []
  let end = 0
  for (const find of [...finds].sort(byPlace)) {
    if (find.end <= end) continue
    result.push(find.start >= end ? find : { ...find, start: end })
    end = find.end
  }
  return result
}

/** Whole characters at both ends. `limit`: where the next find begins. */
export function wholeCharacters<T extends Range>(text: string, finds: readonly T[]): T[] {
  return finds.map((find, i) => {
    const start = isSecondHalf(text, find.start) ? find.start - 1 : find.start
    return { ...find, start, end: endOfCharacter(text, find.end, finds[i + 1]?.start ?? text.length) }
  })
}

function isSecondHalf(text: string, at: number): boolean {
  return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff
}

/**
 * The names of finds, without possessives and spaces around them. Of a find that was cut, punctuation at the cut is none of
 * it.
 */
export function namesOf<T extends Find>(text: string, finds: readonly T[]): T[] {
  return finds.flatMap(find => {
    let { start, end } = find
    if (start > find.entity.start) while (start < end && !isWordAt(text, start)) start++
    if (end < find.entity.end) while (start < end && !isWordBefore(text, end)) end--
    const name = nameIn(text, start, end)
    return name ? [{ ...find, start: name[0], end: name[1] }] : []
  })
}
