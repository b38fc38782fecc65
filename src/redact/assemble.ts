/** A text put together again, with what stands for its names in their places. */
import { isWordAt, isWordBefore } from './characters.ts'
import type { Range } from './claims.ts'
import type { OriginFind } from './find.ts'
import type { NameRecord } from './mapping.ts'
import { shownLabel } from './names.ts'
import { placeholder } from './placeholders.ts'
import type { Redacted, RedactedEntity } from './session-types.ts'
import type { Style } from './styles.ts'

/** `finds`: by place, none overlapping. A surrogate that would run into a letter beside it gives way to a placeholder. */
export function assemble(
  text: string,
  finds: readonly OriginFind[],
  nameOf: (find: OriginFind, surface: string) => NameRecord,
  style: Style,
): Redacted {
  const entities: RedactedEntity[] = []
  const mapping = new Map<string, string>()
  let redacted = ''
  let at = 0
  for (const find of finds) {
    const { start, end, source, entity } = find
    redacted += text.slice(at, start)
    const surface = text.slice(start, end)
    const known = nameOf(find, surface)
    const { name } = known
    const isGlued = style.isWord === true && (isWordBefore(redacted, redacted.length) || isWordAt(text, end))
    const stands = isGlued ? placeholder(shownLabel(known.label), known.number) : known.replacement
    const replacement = style.atPlace?.(surface) ?? stands
    if (style.isReversible) mapping.set(replacement, name)
    entities.push({ entity_group: entity.entity_group, score: entity.score, source, start, end, replacement })
    redacted += replacement
    at = end
  }
  return { text: redacted + text.slice(at), entities, mapping: Object.fromEntries(mapping) }
}

/** The text outside of finds, with a line break in the place of each. */
export function outside(text: string, finds: readonly Range[]): string {
  let rest = ''
  let at = 0
  for (const { start, end } of finds) {
    rest += `${text.slice(at, start)}\n`
    at = end
  }
  return rest + text.slice(at)
}
