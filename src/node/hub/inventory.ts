/** Lists a cache of huggingface_hub's layout, whoever fetched it; and whether its bytes are still those of the hub. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { isCommit, isHex } from '../../source/hub/name.ts'
import { clearVerified, isVerified, readHash, setVerified } from './marks.ts'

/** One model at one commit. */
export interface CachedSnapshot {
  /** `owner/name` */
  readonly model: string
  readonly commit: string
  /** Branches and tags that stood for it. */
  readonly revisions: readonly string[]
  readonly files: number
  /** Bytes. */
  readonly size: number
  /** Whether each file's hash was checked, on its way here or later, and the file has not been touched since. */
  readonly verified: boolean
  /** When a file was read last, as far as the file system keeps it: most do so once a day. ISO 8601. */
  readonly lastUsed: string
  readonly folder: string
}

/** A file of a snapshot, after its bytes were read. `unknown`: nobody says which hash it should have. */
export interface CheckedFile {
  readonly file: string
  readonly size: number
  readonly status: 'ok' | 'damaged' | 'missing' | 'unknown'
  /** SHA-256, or git's SHA-1 of a small file. */
  readonly hash?: string
}

/** All models of a cache. A cache that is not there is empty. */
export async function listModels(cacheFolder: string): Promise<CachedSnapshot[]> {
  const found: CachedSnapshot[] = []
  for (const name of (await entries(cacheFolder)).sort()) {
    if (!name.startsWith('models--')) continue
    const model = join(cacheFolder, name)
    const refs = await refsOf(model)
    for (const commit of (await entries(join(model, 'snapshots'))).filter(isCommit)) {
      found.push(await describe(model, commit, refs.get(commit) ?? []))
    }
  }
  return found
}

async function describe(model: string, commit: string, revisions: readonly string[]): Promise<CachedSnapshot> {
  const folder = join(model, 'snapshots', commit)
  const files = await filesOf(folder)
  let [size, lastUsed, verified] = [0, 0, files.length > 0]
  for (const file of files) {
    const path = join(folder, file)
    const info = await stat(path).catch(() => undefined)
    const hash = await hashNameOf(model, commit, file)
    verified = verified && hash !== undefined && (await isVerified(model, hash, path))
    size += info?.size ?? 0
    lastUsed = Math.max(lastUsed, info?.atimeMs ?? 0)
  }
  return {
    model: basename(model).replace('models--', '').replace('--', '/'),
    ...{ commit, revisions, files: files.length, size, verified },
    lastUsed: new Date(lastUsed).toISOString(),
    folder,
  }
}

/** Hashes every file of a snapshot `…/models--owner--name/snapshots/COMMIT`, and remembers the result. */
export async function verifySnapshot(folder: string): Promise<CheckedFile[]> {
  const [model, commit] = [join(folder, '../..'), basename(folder)]
  const results: CheckedFile[] = []
  for (const file of await filesOf(folder)) results.push(await check(model, commit, file))
  return results
}

async function check(model: string, commit: string, file: string): Promise<CheckedFile> {
  const path = join(model, 'snapshots', commit, file)
  const hash = await hashNameOf(model, commit, file)
  const info = await stat(path).catch(() => undefined)
  if (info === undefined) return { file, size: 0, status: 'missing', ...(hash === undefined ? {} : { hash }) }
  if (hash === undefined) return { file, size: info.size, status: 'unknown' }
  const isSame = (await hashFile(path, hash.length === 64, info.size)) === hash
  if (isSame) await setVerified(model, hash, path)
  else await clearVerified(model, hash)
  return { file, size: info.size, status: isSame ? 'ok' : 'damaged', hash }
}

async function hashFile(path: string, isLarge: boolean, size: number): Promise<string> {
  const hash = isLarge ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`)
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(bytes as Uint8Array)
  return hash.digest('hex')
}

/** The hash that a file should have: the name of the blob that it is a link to, or what was noted for a copy. */
async function hashNameOf(model: string, commit: string, file: string): Promise<string | undefined> {
  const path = join(model, 'snapshots', commit, file)
  const isLink = (await lstat(path)).isSymbolicLink()
  const hash = isLink ? basename(await readlink(path)) : await readHash(model, commit, file)
  return hash !== undefined && [40, 64].includes(hash.length) && isHex(hash) ? hash : undefined
}

/** Paths of all files in a folder, relative to it; links as they are, whether they lead anywhere or not. */
async function filesOf(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = all
    .filter(entry => !entry.isDirectory())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)))
  return files.sort()
}

async function refsOf(model: string): Promise<Map<string, string[]>> {
  const byCommit = new Map<string, string[]>()
  const refs = join(model, 'refs')
  for (const name of await filesOf(refs)) {
    const commit = (await readFile(join(refs, name), 'utf8').catch(() => '')).trim()
    byCommit.set(commit, [...(byCommit.get(commit) ?? []), name])
  }
  return byCommit
}

function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
