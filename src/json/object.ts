/** Checked reading of tokenizer.json and tokenizer_config.json: every value is of its type, or the error says where not. */
import { TokenizerError } from '../errors.ts'

/** JSON text, its bytes in UTF-8, or what `JSON.parse` made of it. */
export type JsonInput = string | Uint8Array | object

/** An object of JSON, with its place in the file. Only own keys are seen, so that no name reaches a prototype. */
export class JsonObject {
  readonly path: string
  private readonly value: object

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongValue(path, 'an object', value)
    this.value = value
    this.path = path
  }

  get(key: string): unknown {
    return Object.hasOwn(this.value, key) ? (this.value as Record<string, unknown>)[key] : undefined
  }

  /** Whether there is a value other than null. */
  has(key: string): boolean {
    return this.get(key) !== undefined && this.get(key) !== null
  }

  entries(): [string, unknown][] {
    return Object.entries(this.value)
  }

  object(key: string): JsonObject {
    return new JsonObject(this.get(key), this.at(key))
  }

  list(key: string): unknown[] {
    const value = this.get(key)
    if (!Array.isArray(value)) throw wrongValue(this.at(key), 'a list', value)
    return Array.from<unknown>(value) // an object that was given may have holes, which map() would pass over
  }

  string(key: string, otherwise?: string): string {
    const value = this.get(key) ?? otherwise
    if (typeof value !== 'string') throw wrongValue(this.at(key), 'a string', value)
    return value
  }

  boolean(key: string, otherwise?: boolean): boolean {
    const value = this.get(key) ?? otherwise
    if (typeof value !== 'boolean') throw wrongValue(this.at(key), 'true or false', value)
    return value
  }

  integer(key: string, max: number, otherwise?: number): number {
    const value = this.get(key) ?? otherwise
    if (!isIndex(value, max)) throw wrongValue(this.at(key), `a whole number from 0 to ${max}`, value)
    return value
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

/** Parses where there is something to parse. */
export function readJson(input: JsonInput, subject: string): JsonObject {
  if (!isJsonText(input)) return new JsonObject(input, subject)
  const text = readText(input, subject)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new TokenizerError({
      code: 'TOKENIZER_NOT_JSON',
      subject,
      expected: 'JSON',
      found: text === '' ? 'nothing' : cause instanceof Error ? cause.message : 'something else',
      nextStep: 'A download may have broken off, or saved an error page: fetch the file again.',
      cause,
    })
  }
  return new JsonObject(value, subject)
}

/** Text as it is, or decoded from UTF-8; a byte order mark is dropped. */
export function readText(input: string | ArrayBufferView, subject: string): string {
  if (typeof input === 'string') return input.charCodeAt(0) === 0xfeff ? input.slice(1) : input
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(input)
  } catch (cause) {
    throw new TokenizerError({
      code: 'TOKENIZER_NOT_UTF8',
      subject,
      expected: 'text in UTF-8',
      found: 'bytes that are not',
      nextStep: 'The file is compressed, of another encoding, or damaged: fetch it again.',
      cause,
    })
  }
}

export function wrongValue(subject: string, expected: string, found: unknown): TokenizerError {
  return new TokenizerError({
    code: 'TOKENIZER_VALUE',
    subject,
    expected,
    found: show(found),
    nextStep: 'Compare the file with the one that the model was published with.',
  })
}

export function unsupported(subject: string, expected: string, found: unknown): TokenizerError {
  return new TokenizerError({
    code: 'TOKENIZER_UNSUPPORTED',
    subject,
    expected,
    found: show(found),
    nextStep: 'Only tokenizers of BERT (WordPiece) are implemented: choose a model that has one.',
  })
}

/** A short description of any value. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return value === null ? 'null' : `a ${typeof value}`
}
