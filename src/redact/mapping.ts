/** A session's names as plain JSON, and its check: a mapping comes out of a file or a data base. */
import { RedactError } from '../errors.ts'
import { show } from '../values.ts'

export const FORMAT = 'bert-ner mapping'
export const VERSION = 1

/** One name, and what stands for it. */
export interface NameRecord {
  readonly label: string
  /** From 1, within its label. */
  readonly number: number
  /** The spelling that was met first. */
  readonly name: string
  readonly replacement: string
}

/** All that a session remembers. It holds every name in clear: keep it as safe as the texts themselves. */
export interface Mapping {
  readonly format: typeof FORMAT
  readonly version: typeof VERSION
  readonly names: readonly NameRecord[]
  /** Placeholders that texts had of their own, which are never given out. */
  readonly reserved: readonly string[]
}

/**
 * The mapping that a value is.
 *
 * @throws RedactError `REDACT_MAPPING` for anything else. The message shows no name.
 */
export function checkMapping(value: unknown): Mapping {
  const { format, version, names, reserved } = fieldsOf(value)
  if (format !== FORMAT) throw notAMapping('another value')
  if (version !== VERSION) throw wrong('mapping, version', String(VERSION), show(version))
  if (!Array.isArray(names)) throw wrong('mapping, names', 'a list', 'another value')
  if (!isStrings(reserved)) throw wrong('mapping, reserved', 'a list of strings', 'another value')
  return { format: FORMAT, version: VERSION, names: Array.from(names, checkName), reserved }
}

function checkName(value: unknown, i: number): NameRecord {
  const { label, number, name, replacement } = fieldsOf(value)
  const isWhole = Number.isSafeInteger(number) && (number as number) >= 1
  if (!isWhole || !isStrings([label, name, replacement]) || name === '' || replacement === '') {
    throw wrong(
      `mapping, names[${i}]`,
      'label, name and replacement as strings, and number as a whole number from 1',
      'something else',
    )
  }
  return { label: label as string, number: number as number, name: name as string, replacement: replacement as string }
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function fieldsOf(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? value : {}
}

/** A value that is no mapping at all. */
export function notAMapping(found: string): RedactError {
  return wrong('mapping', `an object with format ${show(FORMAT)}`, found)
}

function wrong(subject: string, expected: string, found: string): RedactError {
  const nextStep = 'Pass what export() gave, as it was.'
  return new RedactError({ code: 'REDACT_MAPPING', subject, expected, found, nextStep })
}
