/**
 * The messages between a pipeline's caller and the worker that computes. Each call has a number; the worker answers it once, with a
 * value or with an error. A stream is a call for each handful of results, and asks back for its texts.
 */
import * as errors from '../errors.ts'
import type { RemoteModel } from '../source/fetched.ts'

/** A message channel, as both sides see it: a Worker, its own scope, or Node's threads. */
export interface Port {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void
}

/** A model on its way to the worker. */
export type ModelMessage =
  /** The model of the package, where it has one by itself (Node). */
  | { readonly kind: 'default' }
  /** A folder, or a name of the hub. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'files'; readonly files: Readonly<Record<string, Uint8Array>> }
  | { readonly kind: 'remote'; readonly remote: RemoteModel }
  /** A source of the caller's: the worker asks back for its files. */
  | { readonly kind: 'asked' }

/** Caller → worker. */
export type Call =
  | {
      readonly call: 'load'
      readonly task: unknown
      readonly model: ModelMessage
      readonly options: object
      readonly reports: boolean
    }
  | { readonly call: 'run'; readonly input: unknown; readonly options: object }
  | { readonly call: 'stream'; readonly stream: number; readonly options: object }
  | { readonly call: 'next' | 'leave'; readonly stream: number }
  | { readonly call: 'explain' | 'encode'; readonly text: unknown; readonly options: object }
  | { readonly call: 'trace'; readonly input: unknown }
  | {
      readonly call: 'attention'
      readonly trace: number
      readonly layer: unknown
      readonly head: unknown
      readonly sequence: unknown
    }
  | { readonly call: 'dispose' }

export type ToWorker =
  | (Call & { readonly id: number })
  | { readonly abort: number }
  /** The answer to a question. */
  | { readonly reply: number; readonly value?: unknown; readonly error?: ErrorMessage }

/** A question of the worker to its caller. */
export type Question =
  | { readonly ask: 'texts'; readonly stream: number }
  | { readonly ask: 'open'; readonly name: string }
  | { readonly ask: 'read'; readonly file: number; readonly offset: number; readonly length: number }
  | { readonly ask: 'close'; readonly file: number }

export type FromWorker =
  | { readonly id: number; readonly value?: unknown; readonly error?: ErrorMessage }
  | { readonly progress: unknown }
  | (Question & { readonly question: number })

/** Texts of a stream: some of them, and whether there are more. */
export interface SomeTexts {
  readonly texts: readonly unknown[]
  readonly done: boolean
}

/** An error on its way: its class by name, and its fields. */
export interface ErrorMessage {
  readonly name: string
  readonly message: string
  readonly stack?: string | undefined
  /** Of an error that is none of ours. */
  readonly code?: string
  readonly details?: errors.ErrorDetails | undefined
}

export function errorMessage(error: unknown): ErrorMessage {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack } = error
  if (!(error instanceof errors.BertNerError)) return { name, message, stack, ...codeField(error) }
  const { code, subject, expected, found, nextStep } = error as errors.BertNerError
  return { name, message, stack, details: { code, subject, expected, found, nextStep } }
}

function codeField(error: Error): { readonly code?: string } {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? { code } : {}
}

/** The class of each code, by its first word: a minified class has lost its name. */
type ErrorClass = new (details: errors.ErrorDetails<never>) => Error
const CLASSES = new Map<string, ErrorClass>([
  ['SAFETENSORS', errors.SafetensorsError],
  ['TOKENIZER', errors.TokenizerError],
  ['CONFIG', errors.ConfigError],
  ['CHECKPOINT', errors.CheckpointError],
  ['OPTION', errors.OptionError],
  ['SOURCE', errors.SourceError],
  ['BACKEND', errors.BackendError],
  ['REDACT', errors.RedactError],
])

/** The error that was sent, of the class that it had. */
export function errorOf({ name, message, stack, code, details }: ErrorMessage): Error {
  const error = details ? made(details) : new Error(message)
  if (!details) error.name = name
  if (code !== undefined) Object.assign(error, { code })
  if (stack !== undefined) error.stack = stack
  return error
}

function made(details: errors.ErrorDetails): Error {
  const known = CLASSES.get(details.code.split('_', 1).join())
  return known ? new known(details as errors.ErrorDetails<never>) : new errors.BertNerError(details)
}
