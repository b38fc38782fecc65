/**
 * Where a model's files come from. A folder, a record of bytes, dropped files, a cache and the hub are all sources;
 * the rest of the library sees only this interface, and so never touches a file system or the network.
 */
import { SourceError } from '../errors.ts'

/** One open file of a model. */
export interface ModelFile {
  /** Bytes in the file. */
  readonly size: number
  /** Bytes `[offset, offset + length)`. The caller may keep the array, and must not write to it. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Releases the file, where there is something to release. Nothing is read after it. */
  close?(): Promise<void>
}

/** The files of one model, by name relative to its folder: `config.json`, `model.safetensors`, … */
export interface ModelSource {
  /** Throws {@link SourceError} with code `SOURCE_FILE_MISSING` where there is no such file. */
  open(name: string): Promise<ModelFile>
}

/** A source over bytes in memory. Keys are file names. The arrays are read in place, never copied nor changed. */
export function sourceFromBytes(files: Readonly<Record<string, Uint8Array>>): ModelSource {
  const byName = new Map(Object.entries(files))
  return {
    open(name) {
      const bytes = byName.get(name)
      if (bytes === undefined) {
        return Promise.reject(missingFile(name, `the files ${[...byName.keys()].join(', ') || '(none)'}`))
      }
      return Promise.resolve({
        size: bytes.byteLength,
        read: (offset: number, length: number) => Promise.resolve(bytes.subarray(offset, offset + length)),
      })
    },
  }
}

/** The error of every source for a file that it does not have. `found` says what is there instead. */
export function missingFile(name: string, found: string, cause?: unknown): SourceError {
  return new SourceError({
    code: 'SOURCE_FILE_MISSING',
    subject: name,
    expected: `a file of this name in the model`,
    found,
    nextStep: 'Name a folder in Hugging Face layout: config.json, tokenizer files, model.safetensors.',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Opens a file of a source that a user may have written, or confused with something else. */
export async function openFile(source: ModelSource, name: string): Promise<ModelFile> {
  const given = source as Partial<ModelSource> | null | undefined
  if (typeof given?.open === 'function') return source.open(name)
  throw new SourceError({
    code: 'SOURCE_INVALID',
    subject: 'the source of a model',
    expected: 'an object with a method open(name)',
    found: given === null ? 'null' : typeof given,
    nextStep: 'In Node, name a folder: Tokenizer.fromFolder(folder), pipeline(task, folder).',
  })
}

/** The whole of one file. */
export async function readFile(source: ModelSource, name: string): Promise<Uint8Array> {
  const file = await openFile(source, name)
  try {
    return await file.read(0, file.size)
  } finally {
    await file.close?.()
  }
}
