/**
 * The cache of one model on disk, in the layout of Python's huggingface_hub, which finds our files and we find its:
 *
 *     models--owner--name/refs/main              the commit that the branch stood for
 *     models--owner--name/blobs/HASH             the bytes
 *     models--owner--name/snapshots/COMMIT/FILE  a symbolic link to a blob, or a copy where there are none
 *     models--owner--name/.no_exist/COMMIT/FILE  empty: the model has no such file
 *     models--owner--name/trees/COMMIT.json      all files of a commit, written by Python alone
 *     models--owner--name/.bert-ner/…            which blobs were checked, written by us alone
 */
import { createHash, randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { copyFile, link, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { isCommit } from '../../source/hub/name.ts'
import type { FileState, Hasher, HubCache, Part, RemoteFile } from '../../source/hub/store.ts'
import { readFile as readSourceFile } from '../../source/source.ts'
import { sourceFromFolder } from '../folder.ts'
import { makeFolder, writing } from './failure.ts'
import { setVerified, writeHash } from './marks.ts'
import { claimPart } from './part.ts'
import { isTrue } from './settings.ts'

export class DiskCache implements HubCache {
  /** `…/models--owner--name` */
  readonly folder: string
  /** Files of each commit by Python's listing, or undefined without one. */
  readonly #trees = new Map<string, Promise<ReadonlySet<string> | undefined>>()

  constructor(cacheFolder: string, repo: string) {
    this.folder = join(cacheFolder, `models--${repo.replace('/', '--')}`)
  }

  get place(): string {
    return this.folder
  }

  /** The folder that holds a commit's files. */
  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit)
  }

  async commitOf(revision: string): Promise<string | undefined> {
    const text = await readFile(join(this.folder, 'refs', revision), 'utf8').catch(() => '')
    const commit = text.trim()
    return isCommit(commit) ? commit : undefined
  }

  /** One that cannot be written changes nothing for this process: the model is there. */
  async setCommit(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commitOf(revision)) === commit) return
    const path = join(this.folder, 'refs', revision)
    const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
    try {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(temporary, commit)
      await rename(temporary, path)
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined)
    }
  }

  async stateOf(commit: string, name: string): Promise<FileState> {
    if (isFile(join(this.snapshot(commit), name))) return 'there'
    if (isFile(this.#absence(commit, name))) return 'absent'
    const tree = await this.#treeOf(commit)
    return tree === undefined || tree.has(name) ? 'unknown' : 'absent'
  }

  async setAbsent(commit: string, name: string): Promise<void> {
    const path = this.#absence(commit, name)
    try {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, '')
    } catch {
      // It is asked for again next time.
    }
  }

  #absence(commit: string, name: string): string {
    return join(this.folder, '.no_exist', commit, name)
  }

  #treeOf(commit: string): Promise<ReadonlySet<string> | undefined> {
    const known = this.#trees.get(commit) ?? readTree(join(this.folder, 'trees', `${commit}.json`))
    this.#trees.set(commit, known)
    return known
  }

  read(commit: string, name: string, most: number): Promise<Uint8Array> {
    return readSourceFile(sourceFromFolder(this.snapshot(commit)), name, most)
  }

  async begin({ etag, size }: RemoteFile, isForced: boolean): Promise<Part | undefined> {
    const blob = this.#blob(etag)
    await writing(this.folder, async () => {
      await makeFolder(dirname(blob))
      await tag(dirname(this.folder))
    })
    // A blob of another size was cut: it is replaced.
    const isThere = async () => {
      const info = await stat(blob).catch(() => undefined)
      return info?.isFile() === true && (size === undefined || info.size === size)
    }
    const part = await claimPart(blob, isForced ? () => Promise.resolve(false) : isThere)
    if (part === undefined) return undefined
    const finish = part.finish.bind(part)
    return Object.assign(part, {
      finish: async () => {
        await finish()
        await setVerified(this.folder, etag)
      },
    })
  }

  async link({ commit, name, etag }: RemoteFile): Promise<void> {
    const blob = this.#blob(etag)
    const path = join(this.snapshot(commit), name)
    const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
    await writing(path, async () => {
      await makeFolder(dirname(path))
      try {
        const isSymlink = await makeLink(blob, temporary)
        await stat(temporary) // its blob may have been cleaned away meanwhile
        await rename(temporary, path)
        if (!isSymlink) await writeHash(this.folder, commit, name, etag)
      } finally {
        await rm(temporary, { force: true }).catch(() => undefined)
      }
    })
  }

  #blob(etag: string): string {
    return join(this.folder, 'blobs', etag)
  }

  createHash(algorithm: 'sha1' | 'sha256'): Hasher {
    const hash = createHash(algorithm)
    return { update: bytes => hash.update(bytes), hex: () => hash.digest('hex') }
  }
}

/** A relative link survives a move of the cache. Where there are no links, the bytes have two names, or are copied. */
async function makeLink(blob: string, path: string): Promise<boolean> {
  if (!isTrue(process.env.HF_HUB_DISABLE_SYMLINKS)) {
    try {
      await symlink(relative(dirname(path), blob), path)
      return true
    } catch {
      // Windows without the right to make them, a file system without them.
    }
  }
  await link(blob, path).catch(() => copyFile(blob, path))
  return false
}

/** Some twenty are asked for at each start: microseconds each, where a turn of the thread pool would take longer than the answer. */
export function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch {
    return false // a folder that is a file, a link to itself
  }
}

/** A listing that cannot be read says nothing. */
async function readTree(path: string): Promise<ReadonlySet<string> | undefined> {
  try {
    const { format_version: version, files } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    return version === 1 && typeof files === 'object' && files !== null ? new Set(Object.keys(files)) : undefined
  } catch {
    return undefined
  }
}

/** Tells programs for backups to leave the cache out (bford.info/cachedir), as huggingface_hub does. */
async function tag(folder: string): Promise<void> {
  const text = 'Signature: 8a477f597d28d172789f06886806bc55\n'
  await writeFile(join(folder, 'CACHEDIR.TAG'), text, { flag: 'wx' }).catch(() => undefined) // it may be there
}
