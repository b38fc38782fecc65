/** A model source for a folder in Hugging Face layout. Files are read in parts, on demand. */
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SourceError } from '../errors.ts'
import { invalidPart, isSize, missingFile, type ModelFile, type ModelSource } from '../source/source.ts'
import { show } from '../values.ts'

/** The most bytes read in one call: Node refuses to read 2 GiB at once. */
const MOST_AT_ONCE = 2 ** 30

/** @throws SourceError `SOURCE_INVALID` if `folder` is not a path */
export function sourceFromFolder(folder: string): ModelSource {
  checkPath(folder, 'the folder of a model')
  return {
    async open(name) {
      checkPath(name, 'the name of a file')
      return openPath(join(folder, name))
    },
  }
}

/** Opens a file by its path. */
export async function openPath(path: string): Promise<ModelFile> {
  const fail = (cause: unknown): never => {
    throw isMissing(cause)
      ? missingFile(path, 'none', cause)
      : unreadable(path, 'a file that can be read', reason(cause), cause)
  }
  // Checks the file before it is opened: opening a pipe waits until someone writes into it.
  const info = await stat(path).catch(fail)
  if (!info.isFile()) throw unreadable(path, 'a file', info.isDirectory() ? 'a folder' : 'a pipe or device')
  const handle = await open(path).catch(fail)
  const { size } = await handle.stat()
  return {
    size,
    async read(offset, length, allocate = fresh) {
      checkRange(path, offset, length, size)
      const bytes = allocate(length)
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, MOST_AT_ONCE), offset + done)
        if (bytesRead === 0) throw shortFile(path, offset + length, offset + done)
        done += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
}

const fresh = (length: number) => new Uint8Array(length)

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}

/** The error for a file that exists but cannot be read. It must not count as missing, since some files are optional. */
function unreadable(path: string, expected: string, found: string, cause?: unknown): SourceError {
  return new SourceError({
    code: 'SOURCE_FILE_UNREADABLE',
    subject: path,
    expected,
    found,
    nextStep: 'Check the path, and who may read it; save what comes through a pipe into a file first.',
    cause,
  })
}

function shortFile(path: string, wanted: number, got: number): SourceError {
  return new SourceError({
    code: 'SOURCE_FILE_TRUNCATED',
    subject: path,
    expected: `at least ${wanted} bytes`,
    found: `${got} bytes`,
    nextStep: 'The file changed while it was read, or a copy of it broke off: fetch it again.',
  })
}

function checkPath(path: unknown, subject: string): void {
  if (typeof path === 'string' && !path.includes('\0')) return
  throw new SourceError({
    code: 'SOURCE_INVALID',
    subject,
    expected: 'a path, as a string',
    found: show(path),
    nextStep: 'Name a folder in Hugging Face layout; of a URL, take fileURLToPath(url).',
  })
}

/** Checks the range. Bytes beyond the known size are an error only if reading finds none: the file may have grown. */
function checkRange(path: string, offset: unknown, length: unknown, size: number): void {
  if (!isSize(offset) || !isSize(length) || length > Math.max(size, MOST_AT_ONCE))
    throw invalidPart(path, offset, length)
}
