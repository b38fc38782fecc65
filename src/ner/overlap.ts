/**
 * Merges the entities of overlapping windows, by the reference's rule. If two neighbours overlap, the longer stays; if
 * they are equally long, the one with the higher score. `stride` asks for this rule. Without `stride`, windows are joined
 * before entities are formed (see windows.ts), and nothing has to be dropped.
 */
import { codePoints } from './offsets.ts'

interface Span {
  readonly start: number
  readonly end: number
  readonly score: number
}

/** Entities of all windows, window by window → entities by start. Lengths count code points, as in the reference. */
export function resolveOverlaps<E extends Span>(text: string, entities: readonly E[]): E[] {
  const sorted = [...entities].sort((a, b) => a.start - b.start)
  const kept: E[] = []
  let [previous] = sorted
  if (!previous) return kept
  // Compares the first with itself. An empty entity does not overlap itself, so it is kept twice, as in the reference.
  for (const entity of sorted) {
    if (entity.start >= previous.start && entity.start < previous.end) {
      const longer = lengthOf(text, entity) - lengthOf(text, previous)
      if (longer > 0 || (longer === 0 && entity.score > previous.score)) previous = entity
    } else {
      kept.push(previous)
      previous = entity
    }
  }
  kept.push(previous)
  return kept
}

function lengthOf(text: string, { start, end }: Span): number {
  return codePoints(text, start, end)
}
