/** The model that a user named: a folder, a folder of huggingface_hub's cache, or a name of the hub, whose files are fetched. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OptionError, SourceError } from '../../errors.ts'
import { fetchModel, type DownloadEvent } from '../../source/hub/model.ts'
import type { HubOptions } from '../../source/hub/options.ts'
import { DEFAULT_REVISION, isCommit, looksLikePath, parseHubName, type HubName } from '../../source/hub/name.ts'
import { quote, show, tagOf } from '../../values.ts'
import { warn } from '../../platform.ts'
import { DiskCache } from './cache.ts'
import { codeOf } from './failure.ts'
import { hubSettings } from './settings.ts'

export interface LocateOptions extends HubOptions {
  readonly report?: (event: DownloadEvent) => void
  /** Takes what a person should know and is no failure. Default: a warning of the process. */
  readonly note?: (text: string) => void
  /** Whether weights of PyTorch will do: for the command that converts them. */
  readonly isPickleFine?: boolean
}

export interface LocatedModel {
  /** In Hugging Face layout. */
  readonly folder: string
  /** For a name of the hub: what it was, its commit, and which files were fetched just now. */
  readonly hub?: HubName & { readonly commit: string; readonly fetched: ReadonlySet<string> }
}

/**
 * Finds a model. An existing folder is a folder; what looks like a path is never a name; all else is `owner/name` of the hub.
 *
 * @throws OptionError `OPTION_MODEL`, `OPTION_REVISION`; SourceError for a path without a folder, or of the hub
 */
export async function locateModel(model: string | URL, options: LocateOptions = {}): Promise<LocatedModel> {
  const text = tagOf(model) === 'URL' || String(model).startsWith('file:') ? pathOf(model) : (model as string)
  if (await isFolder(text)) return { folder: await folderOf(text, options.revision) }
  if (looksLikePath(text)) throw noFolder(text)
  const name = parseHubName(text, options.revision)
  const { hub, cacheFolder, isOffline, isForced } = await hubSettings(options)
  const cache = new DiskCache(cacheFolder, name.repo)
  const { report = () => undefined, note = warn, isPickleFine = false } = options
  const { commit, fetched } = await fetchModel(hub, name, cache, { isOffline, isForced, isPickleFine, report, note })
  return { folder: cache.snapshot(commit), hub: { ...name, commit, fetched } }
}

function pathOf(url: URL | string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new OptionError({
      code: 'OPTION_MODEL',
      subject: 'model',
      expected: 'a file: URL of a folder',
      found: String(url),
      nextStep:
        "Fetch the model's files and pass { 'config.json': bytes, … }, or name a folder, or owner/name of the hub.",
      cause,
    })
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ERR_INVALID_ARG_VALUE', 'ENAMETOOLONG'].includes(codeOf(error))) return false
    throw error
  }
}

function noFolder(path: string): SourceError {
  return new SourceError({
    code: 'SOURCE_FILE_MISSING',
    subject: path,
    expected: 'a folder, for it was read as a path',
    found: 'no such folder',
    nextStep: 'Check the path; a name of the hub is owner/name.',
  })
}

/** A folder as it is; of one in huggingface_hub's cache, the snapshot of a revision. */
async function folderOf(folder: string, revision: string | undefined): Promise<string> {
  const isCache = basename(folder).startsWith('models--') && (await isFolder(join(folder, 'snapshots')))
  if (isCache) return snapshotIn(folder, revision)
  if (revision === undefined) return folder
  throw new OptionError({
    code: 'OPTION_REVISION',
    subject: 'revision',
    expected: 'none, for the model was read as a folder, which has no revisions',
    found: show(revision),
    nextStep: 'Leave it out; or, if a name of the hub was meant, run where no folder has that name.',
  })
}

async function snapshotIn(folder: string, revision: string | undefined): Promise<string> {
  const repo = basename(folder).replace('models--', '').replace('--', '/')
  const name = parseHubName(repo, revision)
  const cache = new DiskCache(join(folder, '..'), name.repo)
  const snapshots = await readdir(join(folder, 'snapshots'))
  const single = revision === undefined && snapshots.length === 1 ? snapshots[0] : undefined
  const commit = isCommit(name.revision) ? name.revision : ((await cache.commitOf(name.revision)) ?? single)
  if (commit !== undefined && snapshots.includes(commit)) return join(folder, 'snapshots', commit)
  throw new OptionError({
    code: 'OPTION_REVISION',
    subject: folder,
    expected: `a snapshot of revision ${name.revision === DEFAULT_REVISION ? 'main' : quote(name.revision)}, for it was read as a cache`,
    found: snapshots.length === 0 ? 'none' : `those of ${snapshots.slice(0, 5).join(', ')}`,
    nextStep: `Name one of these as the revision, or with network the model by its name, ${name.repo}.`,
  })
}
