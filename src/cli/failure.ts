/** One readable line for whatever went wrong, with what to do next. */
import { BertNerError } from '../errors.ts'
import { escapeControls } from './escape.ts'

const FILE_SYSTEM: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or folder. Check the path.'],
  ['EISDIR', 'this is a folder. Name a file in it.'],
  ['ENOTDIR', 'a part of this path is a file, not a folder. Check the path.'],
  ['EACCES', 'permission denied. Check who may read it.'],
  ['EPERM', 'the system does not allow this. Check who may change it.'],
  ['ENOSPC', 'the disk is full. Make room and run it again.'],
  ['EMFILE', 'too many open files. Raise the limit (ulimit -n) or name fewer files.'],
])

/** One line, without control characters. With BERT_NER_DEBUG set: the stack, for a report of a bug. */
export function describeFailure(error: unknown): string {
  if (process.env.BERT_NER_DEBUG && error instanceof Error) return error.stack ?? error.message
  return escapeControls(describe(error))
}

function describe(error: unknown): string {
  if (error instanceof BertNerError) return error.message
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>
  const message = typeof fields.message === 'string' ? fields.message : String(error)
  // Errors that crossed a worker or a realm keep their fields, not their class.
  if (typeof fields.nextStep === 'string') return message
  const reason = typeof fields.code === 'string' ? FILE_SYSTEM.get(fields.code) : undefined
  // Of a path that is empty or that the system did not say, the message is all there is.
  if (reason !== undefined)
    return `${typeof fields.path === 'string' && fields.path !== '' ? fields.path : message}: ${reason}`
  return `unexpected: ${message}. This is a bug: set BERT_NER_DEBUG=1, run it again and report what it prints.`
}
