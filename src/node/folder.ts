/** A model source over a folder in Hugging Face layout. Files are read piece by piece, as they are asked for. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { SourceError } from '../errors.ts'
import { missingFile, type ModelSource } from '../models/source.ts'

export function sourceFromFolder(folder: string): ModelSource {
  return {
    async open(name) {
      const path = join(folder, name)
      const handle = await open(path).catch((cause: unknown) => {
        throw missingFile(path, 'nothing that could be opened', cause)
      })
      const info = await handle.stat()
      if (info.isDirectory()) {
        await handle.close()
        throw missingFile(path, 'a folder')
      }
      const { size } = info
      return {
        size,
        async read(offset, length) {
          const bytes = new Uint8Array(length)
          for (let done = 0; done < length;) {
            const { bytesRead } = await handle.read(bytes, done, length - done, offset + done)
            if (bytesRead === 0) throw shortFile(path, offset + length, offset + done)
            done += bytesRead
          }
          return bytes
        },
        close: () => handle.close(),
      }
    },
  }
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
