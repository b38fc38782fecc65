/**
 * Marks of the blobs of one model, beside them in `.bert-ner`: `HASH`, with size and time of a blob whose hash was
 * checked; and `COMMIT/FILE`, with the hash of a file that is no link to its blob. Without them a file counts as not verified.
 */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const FOLDER = '.bert-ner'

/** The blob under this hash has it. A mark that cannot be written is left out. */
export async function setVerified(model: string, hash: string, path = join(model, 'blobs', hash)): Promise<void> {
  await writeMark(join(model, FOLDER, hash), async () => stateOf(path))
}

/** Whether a file, a blob or what a link leads to, is as it was when its hash was checked. */
export async function isVerified(model: string, hash: string, path: string): Promise<boolean> {
  const [mark, state] = await Promise.all([readMark(join(model, FOLDER, hash)), stateOf(path).catch(() => undefined)])
  return mark !== undefined && mark === state
}

export async function clearVerified(model: string, hash: string): Promise<void> {
  await rm(join(model, FOLDER, hash), { force: true }).catch(() => undefined)
}

export function writeHash(model: string, commit: string, name: string, hash: string): Promise<void> {
  return writeMark(join(model, FOLDER, commit, name), () => Promise.resolve(hash))
}

export function readHash(model: string, commit: string, name: string): Promise<string | undefined> {
  return readMark(join(model, FOLDER, commit, name))
}

async function stateOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path)
  return `${size} ${Math.round(mtimeMs)}`
}

async function writeMark(path: string, content: () => Promise<string>): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, await content())
  } catch {
    // A cache that became read-only: the file counts as not verified.
  }
}

async function readMark(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
