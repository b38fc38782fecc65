/**
 * The interface through which the library reads a model's files. A folder, a record of bytes, dropped files, a cache and
 * the hub are all sources. The rest of the library sees only this interface: it never touches a file system or the network.
 */
import { SourceError } from '../errors.ts'
import { quote, show, tagOf } from '../values.ts'

/** One open file of a model. */
export interface ModelFile {
  /** Bytes in the file. */
  readonly size: number
  /**
   * Bytes `[offset, offset + length)`. The caller may keep the array, and must not write to it. A source that has to make an
   * array for them may take it from `allocate`; one that has them in memory returns them as they lie there.
   */
  read(offset: number, length: number, allocate?: (length: number) => Uint8Array): Promise<Uint8Array>
  /** For a file that is still on its way: tells how many bytes have arrived, now and from then on. */
  arriving?(report: (loaded: number) => void): void
  /** Releases the file, if there is something to release. Nothing is read afterwards. */
  close?(): Promise<void>
}

/** The files of one model, by name relative to its folder: `config.json`, `model.safetensors`, … */
export interface ModelSource {
  /** Opens a file. Throws {@link SourceError} with code `SOURCE_FILE_MISSING` if there is no such file. */
  open(name: string): Promise<ModelFile>
}

/**
 * Makes a source from bytes in memory. Keys are file names. The arrays are read in place, never copied or changed.
 *
 * @throws SourceError `SOURCE_INVALID` for anything but a record of bytes
 */
export function sourceFromBytes(files: Readonly<Record<string, Uint8Array>>): ModelSource {
  const byName = new Map(entriesOf(files))
  return {
    open(name) {
      const bytes = typeof (name as unknown) === 'string' ? byName.get(name) : undefined
      if (bytes === undefined) return Promise.reject(missingFile(nameOf(name), `the files ${few([...byName.keys()])}`))
      return Promise.resolve({
        size: bytes.byteLength,
        read: (offset: number, length: number) =>
          isSize(offset) && isSize(length)
            ? Promise.resolve(bytes.subarray(offset, offset + length))
            : Promise.reject(invalidPart(name, offset, length)),
      })
    },
  }
}

function entriesOf(files: unknown): [string, Uint8Array][] {
  const isRecord = typeof files === 'object' && files !== null && tagOf(files) === 'Object'
  const entries = isRecord ? entriesIn(files) : undefined
  const wrongAt = entries?.findIndex(([, bytes]) => tagOf(bytes) !== 'Uint8Array') ?? -1
  const wrong = entries?.[wrongAt]
  if (entries && !wrong) return entries as [string, Uint8Array][]
  const subject = wrong ? `file ${quote(wrong[0])}` : 'the files of a model'
  const expected = wrong ? 'its bytes, as a Uint8Array' : 'a record of bytes by file name'
  throw invalid(subject, expected, show(wrong ? wrong[1] : files))
}

/** Lists the object's entries; undefined if it cannot be read. */
function entriesIn(files: object): [string, unknown][] | undefined {
  try {
    return Object.entries(files)
  } catch {
    return undefined
  }
}

function few(names: readonly string[]): string {
  if (names.length === 0) return '(none)'
  const more = names.length - NAMED
  return (
    names
      .slice(0, NAMED)
      .map(name => quote(name))
      .join(', ') + (more > 0 ? ` and ${more} more` : '')
  )
}

const NAMED = 10

/** The name itself, or a description of the value given in its place. */
function nameOf(name: unknown): string {
  return typeof name === 'string' && name !== '' && name.length < 200 ? name : show(name)
}

/** The next step of every source for a file that cannot be fetched. */
export const CHECK_ADDRESS =
  "Check the address, and that the server and the page's policies (CORS, connect-src) allow it."

/** The error of every source for a missing file. `found` says what is there instead. */
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

/** The error for a missing file of a model, which names weights of another kind if there are such: other-files.ts, loaded only then. */
export async function explainMissing(source: ModelSource, missing: Error): Promise<Error> {
  const found = await import('./other-files.ts').catch(() => undefined) // a service worker may not import later
  return found ? found.otherFiles(source, missing) : missing
}

/** Opens a file of a source, and checks both: a user may have written the source, or passed something else. */
export async function openFile(source: ModelSource, name: string): Promise<ModelFile> {
  if (typeof methodOf(source, 'open') !== 'function') {
    const nextStep = 'In Node, name a folder: Tokenizer.fromFolder(folder), pipeline(task, folder).'
    throw invalid('the source of a model', 'an object with a method open(name)', show(source), nextStep)
  }
  const file = await source.open(name)
  if (typeof methodOf(file, 'read') === 'function' && isSize(methodOf(file, 'size'))) return file
  throw invalid(`${name}, as its source opens it`, '{ size, read(offset, length) }, the size in bytes', describe(file))
}

function describe(file: unknown): string {
  const isFile = typeof methodOf(file, 'read') === 'function'
  return isFile ? `the size ${show(methodOf(file, 'size'))}` : show(file)
}

/** The error of every source for a part that is none of the file. */
export function invalidPart(name: string, offset: unknown, length: unknown): SourceError {
  const found = `${show(offset)} and ${show(length)}`
  return invalid(name, 'an offset and a length in bytes, within the file', found, 'Pass whole numbers, 0 or more.')
}

export function isSize(size: unknown): size is number {
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0
}

function methodOf(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[name]
  } catch {
    return undefined // a getter that throws, a revoked proxy
  }
}

/**
 * Reads one whole file, of at most `most` bytes. The size is checked before memory is allocated.
 *
 * @throws SourceError `SOURCE_FILE_TOO_LARGE`, `SOURCE_INVALID`, or what the source rejects with
 */
export async function readFile(source: ModelSource, name: string, most = 2 ** 30): Promise<Uint8Array> {
  const file = await openFile(source, name)
  try {
    const { size } = file
    if (size > most) throw tooLarge(name, most, size)
    const bytes: unknown = await file.read(0, size)
    if (tagOf(bytes) !== 'Uint8Array') throw invalid(name, 'its bytes from its source, as a Uint8Array', show(bytes))
    return bytes as Uint8Array
  } finally {
    await file.close?.()
  }
}

function tooLarge(name: string, most: number, size: number): SourceError {
  return new SourceError({
    code: 'SOURCE_FILE_TOO_LARGE',
    subject: name,
    expected: `at most ${most} bytes`,
    found: `${size}`,
    nextStep: 'Such a file has a thousandth of that: check that nothing else was saved in its place.',
  })
}

function invalid(
  subject: string,
  expected: string,
  found: string,
  nextStep = 'Correct the source: sourceFromBytes and sourceFromFolder make sources that are right.',
): SourceError {
  return new SourceError({ code: 'SOURCE_INVALID', subject, expected, found, nextStep })
}
