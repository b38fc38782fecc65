/**
 * The operators of Presidio's anonymizer, with its defaults and its checks: replace, redact, mask, hash.
 *
 * Reference: presidio-anonymizer 2.2.366, operators/.
 */
import { show } from '../values.ts'
import { refused } from './refused.ts'

/** What stands in the text instead of an entity. */
export type Operate = (surface: string, type: string) => string | Promise<string>

export interface Operator {
  readonly name: string
  readonly operate: Operate
}

type Params = Readonly<Record<string, unknown>>

const SHORTEST_SALT = 16
const SALT = 32
const HASHES: ReadonlyMap<unknown, string> = new Map([
  ['sha256', 'SHA-256'],
  ['sha512', 'SHA-512'],
])

/** @throws ServeError `SERVE_ANONYMIZE` for an operator or a parameter that cannot be */
export function operatorOf(config: unknown): Operator {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw refused('anonymizers', 'an object with a type for each entity type', show(config))
  }
  const params = config as Params
  const name = params.type
  switch (name) {
    case 'replace':
      return { name, operate: replace(params) }
    case 'redact':
      return { name, operate: () => '' }
    case 'mask':
      return { name, operate: mask(params) }
    case 'hash':
      return { name, operate: hash(params) }
    default:
      throw refused('anonymizers, type', 'replace, redact, mask or hash', show(name))
  }
}

/** An empty value counts as none, as in Python. */
function replace({ new_value: value }: Params): Operate {
  if (isFalsy(value)) return (_, type) => `<${type}>`
  if (typeof value !== 'string') throw refused('new_value', 'a string', show(value))
  return () => value
}

function mask({ masking_char: char, chars_to_mask: count, from_end: fromEnd }: Params): Operate {
  if (typeof char !== 'string' || Array.from(char).length > 1) throw refused('masking_char', 'a character', show(char))
  if (!Number.isSafeInteger(count)) throw refused('chars_to_mask', 'a whole number', show(count))
  if (typeof fromEnd !== 'boolean') throw refused('from_end', 'true or false', show(fromEnd))
  return surface => {
    const letters = Array.from(surface)
    const masked = Math.max(0, Math.min(letters.length, count as number))
    const marks = char.repeat(masked)
    const kept = letters.length - masked
    return fromEnd ? letters.slice(0, kept).join('') + marks : marks + letters.slice(masked).join('')
  }
}

/** The digest of the text followed by a salt. Without a salt of the request, each entity has a random one, so no two are alike. */
function hash({ hash_type: type = 'sha256', salt }: Params): Operate {
  const algorithm = HASHES.get(type)
  if (algorithm === undefined) throw refused('hash_type', 'sha256 or sha512', show(type))
  const given = salt === undefined ? undefined : saltOf(salt)
  return async surface => {
    const own = given ?? globalThis.crypto.getRandomValues(new Uint8Array(SALT))
    const text = new TextEncoder().encode(surface)
    const salted = new Uint8Array(text.length + own.length)
    salted.set(text)
    salted.set(own, text.length)
    const digest = new Uint8Array(await globalThis.crypto.subtle.digest(algorithm, salted))
    return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('')
  }
}

function saltOf(salt: unknown): Uint8Array {
  const bytes = typeof salt === 'string' ? new TextEncoder().encode(salt) : new Uint8Array()
  if (bytes.length >= SHORTEST_SALT) return bytes
  throw refused('salt', `a string of at least ${SHORTEST_SALT} bytes`, `${bytes.length} bytes`)
}

function isFalsy(value: unknown): boolean {
  return !value || (typeof value === 'object' && Object.keys(value).length === 0)
}
