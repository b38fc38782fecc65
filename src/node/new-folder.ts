/** A folder that appears whole or not at all: its files are written beside its place, under a name that nobody reads from. */
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { NewFile, NewFolder } from '../convert/convert.ts'
import { OptionError } from '../errors.ts'

/**
 * Makes a folder by what `fill` writes into it. If `fill` fails, or the process is told to stop, nothing is left.
 *
 * @throws OptionError `OPTION_FOLDER` if there is something at its place that it would replace; what `fill` throws; errors of the
 *   system, for instance for a full disk
 */
export async function writeFolder<T>(path: string, fill: (folder: NewFolder) => Promise<T>): Promise<T> {
  const place = resolve(path)
  await checkPlace(place, path)
  const draft = join(dirname(place), `.${basename(place)}.part-${process.pid}`)
  await mkdir(dirname(place), { recursive: true })
  await mkdir(draft)
  const stop = () => {
    void rm(draft, { recursive: true, force: true }).finally(() => process.exit(130))
  }
  for (const signal of SIGNALS) process.once(signal, stop)
  try {
    const result = await fill({ create: (name, size) => create(join(draft, name), size) })
    // An empty folder may stand there; a rename replaces it on some systems alone.
    await rmdir(place).catch(() => undefined)
    await rename(draft, place)
    return result
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop)
    await rm(draft, { recursive: true, force: true })
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

async function checkPlace(place: string, path: string): Promise<void> {
  const found = await readdir(place).then(
    names => (names.length === 0 ? undefined : 'a folder with files in it'),
    (error: unknown) => ((error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'a file'),
  )
  if (found === undefined) return
  throw new OptionError({
    code: 'OPTION_FOLDER',
    subject: path,
    expected: 'a folder that is not there yet, or is empty',
    found,
    nextStep: 'Name another one, or remove it first: nothing is overwritten.',
  })
}

async function create(path: string, size: number): Promise<NewFile> {
  const handle = await open(path, 'wx+').catch((error: unknown) => located(error, path))
  return {
    size,
    async read(offset, length) {
      const bytes = new Uint8Array(length)
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return bytes
    },
    async write(offset, bytes) {
      for (let done = 0; done < bytes.length;) {
        const writing = handle.write(bytes, done, bytes.length - done, offset + done)
        done += (await writing.catch((error: unknown) => located(error, path))).bytesWritten
      }
    },
    async close() {
      // On the disk before it has its name: a power cut leaves the old state or the new one.
      await handle.sync().catch(() => undefined)
      await handle.close()
    },
  }
}

/** A write that fails does not say where. */
function located(error: unknown, path: string): never {
  throw Object.assign(error as NodeJS.ErrnoException, { path })
}
