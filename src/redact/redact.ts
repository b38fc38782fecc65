/** Entities out of a text: each is replaced by its label and a number, by a mask, or by what a function says. */
import type { Entity } from '../ner/entity.ts'
import { checkNames, OFFSET_UNIT, type Known, type OffsetUnit } from '../ner/options.ts'
import { escapeControls } from '../escape.ts'
import { stretches } from './spans.ts'

/** What is put in an entity's place. `number` counts the different surfaces of its label, from 1. */
export type Replacement<E extends Entity = Entity> = (entity: E, surface: string, number: number) => string

export interface RedactOptions<E extends Entity = Entity> {
  /**
   * `label` (default): `[PER_1]`, with the same number for the same surface throughout the text. `mask`: a █ for each
   * character. Or a function.
   */
  readonly style?: 'label' | 'mask' | Replacement<E>
  /** What the entities' offsets count. Default `utf16`. */
  readonly offsetUnit?: OffsetUnit
}

const STYLES = new Map<string, (label: string, surface: string, number: number) => string>([
  ['label', (label, _, number) => `[${escapeControls(label)}_${number}]`],
  ['mask', (_, surface) => Array.from(surface, char => (isSpace(char) ? char : '█')).join('')],
])

const OPTIONS: Known<RedactOptions> = {
  style: [
    `one of ${[...STYLES.keys()].join(', ')}, or a function`,
    value => typeof value === 'function' || STYLES.has(value as string),
  ],
  offsetUnit: OFFSET_UNIT,
}

/**
 * The text with its entities replaced. Ask the pipeline for groups (any `aggregation_strategy` but `none`): tokens would
 * be replaced one by one. Overlapping entities are replaced as one.
 *
 * @throws OptionError `OPTION_ENTITIES` for entities of another text, `OPTION_VALUE` or `OPTION_UNKNOWN` for an option that
 *   does not exist
 */
export function redact<E extends Entity>(text: string, entities: readonly E[], options: RedactOptions<E> = {}): string {
  const { style = 'label', offsetUnit = 'utf16' } = checkNames<RedactOptions<E>>(options, OPTIONS)
  const named = typeof style === 'function' ? undefined : STYLES.get(style)
  const numbers = new Map<string, Map<string, number>>()
  return stretches(text, entities, offsetUnit)
    .map(({ text: surface, entity, label }) => {
      if (!entity) return surface
      const known = numbers.get(label) ?? new Map<string, number>()
      numbers.set(label, known)
      const number = known.get(surface) ?? known.size + 1
      known.set(surface, number)
      return typeof style === 'function' ? style(entity, surface, number) : (named?.(label, surface, number) ?? '')
    })
    .join('')
}

/** What a mask leaves as it is, so that lines and words keep their places. */
function isSpace(char: string): boolean {
  return char.trim() === ''
}
