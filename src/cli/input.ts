/** Whole files and standard input as bytes, with a ceiling: no input may take all of the memory before it is refused. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { SourceError } from '../errors.ts'

/** All bytes of a file, or for `-` of standard input. Throws `SOURCE_FILE_TOO_LARGE` for more than `most`. */
export async function readBytes(path: string, most: number): Promise<Buffer> {
  const name = path === '-' ? 'standard input' : path
  const tooLarge = (found: string) =>
    new SourceError({
      code: 'SOURCE_FILE_TOO_LARGE',
      subject: name,
      expected: `at most ${most / 2 ** 20} MiB`,
      found,
      nextStep: 'Check that this is the file that was meant; a larger one has to be split.',
    })
  if (path !== '-') {
    const info = await stat(path)
    if (info.isFile() && info.size > most) throw tooLarge(`${info.size} bytes`)
  }
  return gather(path === '-' ? process.stdin : createReadStream(path), most, () => tooLarge('more'))
}

/** The chunks of a stream as one. `fail` makes the error for more than `most` bytes. */
export async function gather(chunks: AsyncIterable<unknown>, most: number, fail: () => Error): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let held = 0
  for await (const chunk of chunks as AsyncIterable<Uint8Array>) {
    parts.push(chunk)
    held += chunk.length
    if (held > most) throw fail()
  }
  return Buffer.concat(parts)
}
