/**
 * Entities of overlapping windows → entities of the text, by the rule of the reference: of neighbours that overlap, the
 * longer stays, of two as long the one with the higher score. `stride` asks for it; without `stride` windows are put
 * together before there are entities (see windows.ts), and nothing has to be dropped.
 */
import { codePoints } from './offsets.ts'

interface Span {
  readonly start: number
  readonly end: number
  readonly score: number
}

/** The entities of all windows, window by window → by start. Lengths are counted in code points, as there. */
export function resolveOverlaps<E extends Span>(text: string, entities: readonly E[]): E[] {
  const sorted = [...entities].sort((a, b) => a.start - b.start)
  const kept: E[] = []
  let [previous] = sorted
  if (!previous) return kept
  // The first is compared with itself. An entity of no length does not overlap itself, and so is kept twice: as there.
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
