/** Checks that every room shares: values that may be anything, from any realm, and bytes that should be text. */

import { escapeControls, escapeJson } from './escape.ts'

/** Characters of a value in a message, at most. */
const SHOWN = 60

/**
 * Describes any value, short enough for a message, whatever it is: also proxies and objects without a prototype. A list shows
 * its items, an object only its kind: it may hold a whole model.
 */
export function show(value: unknown): string {
  if (!isList(value)) return showOne(value)
  const text = `[${value.slice(0, 30).map(showOne).join(', ')}]`
  return text.length > SHOWN ? `${text.slice(0, SHOWN - 3)}…` : text
}

function showOne(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return quote(value, SHOWN)
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  return typeof value === 'object' ? kindOf(value) : `a ${typeof value}`
}

/** `an Object`, `a Uint8Array`, `a Map`: what kind of object a value is, in whichever realm it was made. */
export function kindOf(value: unknown): string {
  const tag = escapeControls(tagOf(value).slice(0, SHOWN)) // a class may call itself anything
  return `${'AEIO'.includes(tag.charAt(0)) ? 'an' : 'a'} ${tag}`
}

/**
 * `Object`, `Uint8Array`, `Map`: the built-in name of a value's kind. Holds across realms (iframe, vm, worker), as
 * `instanceof` does not; `Object` for what refuses to be looked at.
 */
export function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice('[object '.length, -1)
  } catch {
    return 'Object' // a revoked proxy, a getter that throws
  }
}

/** A string out of a file, quoted, escaped and short enough for a message. `limit` in UTF-16 units. */
export function quote(text: string, limit = 80): string {
  return escapeJson(JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text))
}

function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false // a revoked proxy
  }
}

/** The `code` of whatever was thrown, also of an error from another realm; undefined if it has none. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (typeof error === 'object' && error !== null ? error : {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/**
 * Decodes UTF-8 strictly. `fail` makes the error for bytes that are no UTF-8, or more than a string can hold: `found` says
 * which. A byte order mark is dropped unless `keepMark`.
 */
export function decodeUtf8(
  bytes: ArrayBufferView,
  fail: (found: string, cause: unknown, isTooLong: boolean) => Error,
  keepMark = false,
): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: keepMark })
  // Browsers refuse to decode shared memory in place.
  const own = tagOf(bytes.buffer) === 'SharedArrayBuffer' ? copy(bytes) : bytes
  try {
    return decoder.decode(own)
  } catch (cause) {
    const isTooLong = (cause as Error).name !== 'TypeError'
    const found = isTooLong ? `${bytes.byteLength} bytes, more than a string can hold` : 'bytes that are not'
    throw fail(found, cause, isTooLong)
  }
}

function copy({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength).slice()
}
