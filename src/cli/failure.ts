/** One readable line for whatever went wrong, with what to do next. */
import { escapeControls } from '../escape.ts'
import { BertNerError } from '../errors.ts'

const SYSTEM: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or folder. Check the path.'],
  ['EISDIR', 'this is a folder. Name a file in it.'],
  ['ENOTDIR', 'a part of this path is a file, not a folder. Check the path.'],
  ['EACCES', 'permission denied. Check who may read it.'],
  ['EPERM', 'the system does not allow this. Check who may change it.'],
  ['EROFS', 'the disk is read-only. Name a folder on another one.'],
  ['ENOSPC', 'the disk is full. Make room and run it again.'],
  ['EDQUOT', 'your share of the disk is full. Make room and run it again.'],
  ['EFBIG', 'the file would be larger than the system allows. Raise the limit (ulimit -f) or split the input.'],
  ['EMFILE', 'too many open files. Raise the limit (ulimit -n) or name fewer files.'],
  ['ENFILE', 'the system has too many open files. Close other programs and run it again.'],
  ['ELOOP', 'symbolic links that lead round in a circle. Check the path.'],
  ['ENAMETOOLONG', 'a name longer than the system allows. Check the path.'],
  ['ENXIO', 'a socket or a device that cannot be opened. Name a file.'],
  ['EIO', 'the system could not read or write it. Check the disk, or name a file.'],
  ['EBADF', 'it is not open for this. Check how it was redirected.'],
  ['ERR_FS_FILE_TOO_LARGE', 'a file of more than 2 GiB. Split it.'],
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
  const { code, errno, path } = fields
  const known = typeof code === 'string' ? SYSTEM.get(code) : undefined
  if (known !== undefined || typeof errno === 'number') {
    const subject = path === '' ? 'an empty path' : typeof path === 'string' ? path : 'input or output'
    return `${subject}: ${known ?? `the system said "${message}". Check the path, and who may use it.`}`
  }
  return `unexpected: ${message}. This is a bug: set BERT_NER_DEBUG=1, run it again and report what it prints.`
}
