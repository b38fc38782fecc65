/**
 * `POST /redact` and `POST /restore`: names out of a text and back. Nothing is kept between requests: the mapping travels with
 * them, and holds every name.
 */
import type { Entity } from '../ner/entity.ts'
import { toCodePoints } from '../ner/offsets.ts'
import { checkCallOptions, wrong, type CallOptions } from '../ner/options.ts'
import type { EntitySource } from '../redact/options.ts'
import { createRedactor } from '../redact/redactor.ts'
import { kindOf } from '../values.ts'
import { checkNames, type Find } from './tagging.ts'

type Fields = Readonly<Record<string, unknown>>

/** A warning would show a placeholder on standard error, and a placeholder may be text. */
const onUnknown = (): void => undefined

export async function redaction(fields: Fields, find: Find, defaults: CallOptions): Promise<object> {
  checkNames(fields, ['inputs', 'mapping'])
  const redactor = createRedactor(sourceOf(find, defaults), { onUnknown })
  if (isGiven(fields.mapping)) redactor.import(fields.mapping)
  const { text, entities } = await redactor.redact(textOf(fields, 'inputs'))
  const placed = entities.map(entity => ({ ...entity }))
  toCodePoints(textOf(fields, 'inputs'), placed)
  return { text, entities: placed, mapping: redactor.export() }
}

export function restoring(fields: Fields): object {
  checkNames(fields, ['text', 'mapping'])
  const redactor = createRedactor(null, { onUnknown })
  redactor.import(fields.mapping)
  return { text: redactor.restore(textOf(fields, 'text')) }
}

function textOf(fields: Fields, name: string): string {
  const text = fields[name]
  if (typeof text === 'string') return text
  const found = typeof text === 'object' && text !== null ? kindOf(text) : typeof text
  throw wrong(name, 'a string', found, 'Pass one text in each request.')
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** The queue as a redactor asks for it: one text, and options of its own. */
function sourceOf(find: Find, defaults: CallOptions): EntitySource {
  const ask = async (text: string, options: CallOptions): Promise<readonly Entity[]> => {
    const [entities = []] = await find([text], checkCallOptions(defaults, options))
    return entities
  }
  const stream = async function* (texts: AsyncIterable<string>, options: CallOptions) {
    for await (const text of texts) yield await ask(text, options)
  }
  return Object.assign(ask, { stream })
}
