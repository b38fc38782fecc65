/** The errors of a cache on disk: which of them are the disk's, and what to do about them. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HubError } from '../../source/hub/errors.ts'

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'a full disk'],
  ['EDQUOT', 'a quota that is used up'],
  ['EROFS', 'a read-only disk'],
  ['EACCES', 'no permission'],
  ['EPERM', 'no permission'],
  ['EFBIG', 'a limit on the size of files'],
  ['ENOTDIR', 'a file in the place of a folder'],
])

/** Runs what writes into the cache. @throws HubError `SOURCE_CACHE_UNWRITABLE`, or `SOURCE_CACHE_CHANGED` for what has vanished */
export async function writing<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'ENOENT') {
      const nextStep = 'Another program cleans this cache: run it again once that has ended.'
      throw new HubError('SOURCE_CACHE_CHANGED', path, 'what was written there', 'nothing', nextStep, { cause })
    }
    const found = REASONS.get(code)
    if (found === undefined && code === '') throw cause
    const nextStep =
      'Make room or give permission, or name another folder (cache_dir, HF_HUB_CACHE). What has come is kept.'
    throw new HubError('SOURCE_CACHE_UNWRITABLE', path, 'a cache that can be written', found ?? code, nextStep, {
      cause,
    })
  }
}

/** Makes a folder, and those above it. On a read-only disk Node says that something is missing: here the disk's own reason is thrown. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    let highest = path
    while (await stat(dirname(highest)).then(() => false, () => dirname(highest) !== highest)) highest = dirname(highest) // prettier-ignore
    await mkdir(highest)
    await mkdir(path, { recursive: true })
  }
}

export function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code ?? ''
}
