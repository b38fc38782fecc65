/** Checks that every room shares, for values of any kind, from any realm, and for bytes that should be text. */

import { escapeControls, escapeJson } from './escape.ts'

/** The most characters of a value that a message shows. */
const SHOWN = 60

/**
 * Describes any value briefly enough for a message, even a proxy or an object without a prototype. A list shows its items.
 * An object shows only its kind, since it may hold a whole model.
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

/** Names the kind of a value, with its article: `an Object`, `a Uint8Array`, `a Map`. It works across realms. */
export function kindOf(value: unknown): string {
  const tag = escapeControls(tagOf(value).slice(0, SHOWN)) // a class can choose any name
  return `${'AEIO'.includes(tag.charAt(0)) ? 'an' : 'a'} ${tag}`
}

/**
 * The built-in name of a value's kind: `Object`, `Uint8Array`, `Map`. It works across realms (iframe, vm, worker), unlike
 * `instanceof`. A value that cannot be inspected counts as `Object`.
 */
export function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice('[object '.length, -1)
  } catch {
    return 'Object' // a revoked proxy, a getter that throws
  }
}

/** Quotes and escapes a string from a file, and shortens it for a message. `limit` in UTF-16 units. */
export function quote(text: string, limit = 80): string {
  return escapeJson(JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text))
}

/**
 * Inspects a value of any kind, and turns a failure to do so into the error of `fail`. Inspection fails on a revoked proxy, a
 * getter that throws, or a value that the engine cannot convert. Errors of this library pass through unchanged.
 */
export function guarded<T>(look: () => T, fail: (cause: unknown) => Error): T {
  try {
    return look()
  } catch (cause) {
    throw isTold(cause) ? cause : fail(cause)
  }
}

/** Whether an error is one of this library's, from any realm. */
function isTold(error: unknown): boolean {
  try {
    return typeof (error as { readonly nextStep?: unknown } | null | undefined)?.nextStep === 'string'
  } catch {
    return false
  }
}

/** Describes, in an error, a value that {@link guarded} could not inspect. */
export const UNREADABLE = 'something that cannot be read'

function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false // a revoked proxy
  }
}

/** The `code` of any thrown value, even an error from another realm; undefined if it has none. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (typeof error === 'object' && error !== null ? error : {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** The bytes of chunks that have `size` bytes together. A single one is not copied. */
export function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1 && chunks[0]) return chunks[0]
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}

/** Why a request failed, in the words of the network: fetch itself says only that it did. */
export function reasonOf(error: unknown): string {
  type Told = { readonly code?: unknown; readonly message?: unknown } | null | undefined
  const { cause, message } = Object(error) as { readonly cause?: Told; readonly message?: unknown }
  const said = cause?.code ?? cause?.message ?? message
  return typeof said === 'string' && said !== '' ? said : 'a connection that failed'
}

/**
 * Decodes UTF-8 strictly. `fail` makes the error if the bytes are not UTF-8, or too many for a string; `found` says
 * which. A byte order mark is dropped unless `keepMark` is set.
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
