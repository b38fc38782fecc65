/**
 * The file that keeps a mapping. It holds names in clear, so that nobody but its owner may read it (mode 0600), and losing
 * it loses them: it is written beside its place and then moved there, and nothing but a mapping is ever overwritten.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { RedactError } from '../../errors.ts'
import { checkMapping, type Mapping } from '../../redact/mapping.ts'
import { codeOf } from '../../values.ts'

const OWNER_ONLY = 0o600

export class MappingFile {
  /** With symbolic links followed, so that the file is replaced and not the link. */
  readonly path: string
  readonly #name: string
  /** The contents of the file, as far as we know; undefined if there is none. */
  #contents: string | undefined

  private constructor(name: string) {
    this.#name = name
    this.path = unlessMissing(() => realpathSync(name)) ?? name
    this.#contents = unlessMissing(() => read(this.path, name))
  }

  /** @throws RedactError `REDACT_MAPPING` for a file that is no mapping */
  static open(name: string): MappingFile {
    const file = new MappingFile(name)
    file.mapping()
    return file
  }

  /** The contents of the file when it was opened. */
  mapping(): Mapping | undefined {
    return this.#contents === undefined ? undefined : parse(this.#contents, this.#name)
  }

  /**
   * Writes a mapping, if it is another than the one that is there.
   *
   * @throws RedactError `REDACT_MAPPING_CHANGED` if another program wrote to the file; the mapping is then beside it
   */
  save(mapping: Mapping): void {
    const contents = `${JSON.stringify(mapping, undefined, 1)}\n`
    if (contents === this.#contents) return
    const beside = `${this.path}.${process.pid}.${Date.now().toString(36)}`
    writeOwnerOnly(beside, contents)
    if (unlessMissing(() => readFileSync(this.path, 'utf8')) !== this.#contents) throw changed(this.#name, beside)
    renameSync(beside, this.path)
    this.#contents = contents
  }
}

function read(path: string, name: string): string {
  if (!statSync(path).isFile()) throw notOurs(name, 'something that is no file')
  return readFileSync(path, 'utf8')
}

function parse(contents: string, name: string): Mapping {
  let value: unknown
  try {
    value = JSON.parse(contents)
  } catch (cause) {
    throw notOurs(name, 'something that is no JSON', cause)
  }
  try {
    return checkMapping(value)
  } catch (cause) {
    throw notOurs(name, 'something else', cause)
  }
}

function writeOwnerOnly(path: string, contents: string): void {
  const descriptor = openSync(path, 'wx', OWNER_ONLY)
  try {
    const bytes = Buffer.from(contents)
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
    fsyncSync(descriptor)
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
}

function unlessMissing<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** The message of the cause is left out: JSON's shows a part of the file. */
function notOurs(name: string, found: string, cause?: unknown): RedactError {
  return new RedactError({
    code: 'REDACT_MAPPING',
    subject: name,
    expected: 'a mapping that bert-ner redact wrote, or no file',
    found,
    nextStep: 'Name another file: this one was left as it is.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function changed(name: string, beside: string): RedactError {
  return new RedactError({
    code: 'REDACT_MAPPING_CHANGED',
    subject: name,
    expected: 'the file as this run found it',
    found: 'that another program has written to it',
    nextStep: `The names of this run are in ${beside}; give each run a mapping of its own.`,
  })
}
