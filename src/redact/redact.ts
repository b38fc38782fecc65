/** Entities out of a text: each is replaced by its label and a number, by a mask, or by what a function says. */
import type { Entity } from '../ner/entity.ts'
import { checkNames, OFFSET_UNIT, type Known, type OffsetUnit } from '../ner/options.ts'
import { Ledger } from './ledger.ts'
import type { NameRecord } from './mapping.ts'
import { shownLabel } from './names.ts'
import { placeholder } from './placeholders.ts'
import { stretches } from './spans.ts'
import { mask } from './styles.ts'

/** Gives the text for an entity's place. `number` counts the different names of its label, from 1. */
export type Replacement<E extends Entity = Entity> = (entity: E, surface: string, number: number) => string

export interface RedactOptions<E extends Entity = Entity> {
  /**
   * `label` (default): `[PER_1]`, with the same number for the same name throughout the text, and none that a placeholder in
   * the text has. `mask`: a █ for each character. Or a function.
   */
  readonly style?: 'label' | 'mask' | Replacement<E>
  /** The unit of the entities' offsets. Default `utf16`. */
  readonly offsetUnit?: OffsetUnit
}

const STYLES = ['label', 'mask']

const OPTIONS: Known<RedactOptions> = {
  style: [
    `one of ${STYLES.join(', ')}, or a function`,
    value => typeof value === 'function' || STYLES.includes(value as string),
  ],
  offsetUnit: OFFSET_UNIT,
}

/**
 * The text with its entities replaced. Ask the pipeline for groups (any `aggregation_strategy` but `none`): tokens would
 * be replaced one by one. Overlapping entities are replaced as one. For many texts with one numbering, and to put the names
 * back, there is `createRedactor`.
 *
 * @throws OptionError `OPTION_ENTITIES` for entities of another text, `OPTION_VALUE` or `OPTION_UNKNOWN` for an option that
 *   does not exist
 */
export function redact<E extends Entity>(text: string, entities: readonly E[], options: RedactOptions<E> = {}): string {
  return redactWith(new Ledger([], false), text, entities, options)
}

/** The same with the numbers of a ledger, which goes from text to text. */
export function redactWith<E extends Entity>(
  ledger: Ledger,
  text: string,
  entities: readonly E[],
  options: RedactOptions<E> = {},
): string {
  const { style = 'label', offsetUnit = 'utf16' } = checkNames<RedactOptions<E>>(options, OPTIONS)
  const parts = stretches(text, entities, offsetUnit)
  for (const { entity, label } of parts) if (entity) ledger.addLabel(label)
  ledger.reserveAll(text)
  return parts
    .map(({ text: surface, entity, label }) => {
      if (!entity) return surface
      const { number, replacement } = nameOf(ledger, label, surface)
      if (typeof style === 'function') return style(entity, surface, number)
      return style === 'mask' ? mask(surface) : replacement
    })
    .join('')
}

function nameOf(ledger: Ledger, label: string, surface: string): NameRecord {
  const known = ledger.find(label, surface)
  if (known) return known
  const number = ledger.nextNumber(label)
  const name = { label, number, name: surface, replacement: placeholder(shownLabel(label), number) }
  ledger.add(name, true)
  return name
}
