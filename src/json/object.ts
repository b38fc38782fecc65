/** Reads untrusted JSON with checks: each value has the expected type, or the error says where it does not. */
import { BackendError } from '../errors.ts'
import { decodeUtf8, guarded } from '../values.ts'

/** JSON text, its bytes in UTF-8, or the value that `JSON.parse` gave. */
export type JsonInput = string | Uint8Array | object

/** Makes the errors of the room that reads the JSON. */
export interface JsonErrors {
  /** Reports a wrong value. `found` is the value itself, not yet described in words. */
  wrongValue(subject: string, expected: string, found: unknown): Error
  notJson(subject: string, found: string, cause: unknown): Error
  notUtf8(subject: string, found: string, cause: unknown): Error
}

/** A JSON object, with its place in the file. It sees own keys only, so no name reaches a prototype. */
export class JsonObject {
  readonly path: string
  readonly #value: object
  readonly #errors: JsonErrors

  constructor(value: unknown, path: string, errors: JsonErrors) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw errors.wrongValue(path, 'an object', value)
    }
    this.#value = value
    this.#errors = errors
    this.path = path
  }

  get(key: string): unknown {
    return Object.hasOwn(this.#value, key) ? (this.#value as Record<string, unknown>)[key] : undefined
  }

  /** Whether there is a value other than null. */
  has(key: string): boolean {
    return this.get(key) !== undefined && this.get(key) !== null
  }

  entries(): [string, unknown][] {
    return Object.entries(this.#value)
  }

  object(key: string): JsonObject {
    return this.inner(this.get(key), key)
  }

  /** A value found under `key`, as an object with its place. */
  inner(value: unknown, key: string): JsonObject {
    return new JsonObject(value, this.at(key), this.#errors)
  }

  list(key: string): unknown[] {
    const value = this.get(key)
    if (!Array.isArray(value)) throw this.wrong(key, 'a list', value)
    return Array.from<unknown>(value) // a list that the caller parsed may have holes, which map() would skip
  }

  string(key: string, otherwise?: string): string {
    const value = this.get(key) ?? otherwise
    if (typeof value !== 'string') throw this.wrong(key, 'a string', value)
    return value
  }

  boolean(key: string, otherwise?: boolean): boolean {
    const value = this.get(key) ?? otherwise
    if (typeof value !== 'boolean') throw this.wrong(key, 'true or false', value)
    return value
  }

  integer(key: string, max: number, otherwise?: number): number {
    const value = this.get(key) ?? otherwise
    if (!isIndex(value, max)) throw this.wrong(key, `a whole number from 0 to ${max}`, value)
    return value
  }

  wrong(key: string, expected: string, found: unknown): Error {
    return this.#errors.wrongValue(this.at(key), expected, found)
  }

  at(key: string): string {
    return `${this.path}: ${key}`
  }
}

export function isIndex(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
}

export function isJsonText(input: JsonInput): input is string | Uint8Array {
  return typeof input === 'string' || ArrayBuffer.isView(input)
}

/** Parses the input, if it is not parsed yet. */
export function readJson(input: JsonInput, subject: string, errors: JsonErrors): JsonObject {
  if (!isJsonText(input)) return new JsonObject(plain(input, subject, errors), subject, errors)
  const text = readText(input, subject, errors)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const found = text === '' ? 'nothing' : cause instanceof Error ? cause.message : 'something else'
    throw errors.notJson(subject, found, cause)
  }
  return new JsonObject(value, subject, errors)
}

/** Copies an object as plain data: one that the caller parsed may be a proxy, or have getters. */
function plain(input: object, subject: string, errors: JsonErrors): unknown {
  return guarded(
    () => {
      const json = JSON.stringify(input) as string | undefined
      return json === undefined ? undefined : (JSON.parse(json) as unknown)
    },
    () => errors.wrongValue(subject, 'an object of JSON', input),
  )
}

/**
 * Gives text as it is, or decodes it from UTF-8. A byte order mark is dropped.
 *
 * @throws BackendError `BACKEND_UNAVAILABLE` if nothing decodes here: that is no fault of the file
 */
export function readText(input: string | ArrayBufferView, subject: string, errors: JsonErrors): string {
  if (typeof input === 'string') return input.charCodeAt(0) === 0xfeff ? input.slice(1) : input
  if (!ArrayBuffer.isView(input)) throw errors.wrongValue(subject, 'text, or its bytes', input)
  if (typeof (globalThis as { TextDecoder?: unknown }).TextDecoder !== 'function') throw noDecoder()
  return decodeUtf8(input, (found, cause) => errors.notUtf8(subject, found, cause))
}

function noDecoder(): BackendError {
  return new BackendError({
    code: 'BACKEND_UNAVAILABLE',
    subject: 'TextDecoder',
    expected: 'an engine that has it, as Node and every browser do',
    found: 'none',
    nextStep: "Under Jest, take testEnvironment 'node', or set globalThis.TextDecoder to that of node:util before.",
  })
}
