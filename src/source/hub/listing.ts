/**
 * All files of one commit with their hashes, as the hub's API lists them: `/api/models/owner/name/revision/main?blobs=true`. A page
 * asks this in place of HEAD for each file: redirects are hidden from it, and with them the hash of a large file.
 */
import { hashOfEtag } from './download.ts'
import { oddAnswer } from './errors.ts'
import { readBody, send, statusError, type Hub } from './http.ts'
import { isCommit } from './name.ts'
import type { RemoteFile } from './store.ts'

export interface Listing {
  readonly commit: string
  readonly files: ReadonlyMap<string, RemoteFile>
}

/** Bytes: some hundred thousand files. */
const LARGEST_LISTING = 50_000_000

/** @throws HubError `SOURCE_HUB_…` */
export async function readListing(hub: Hub, repo: string, revision: string): Promise<Listing> {
  const url = `${hub.endpoint}/api/models/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`
  const reply = await send(hub, url, { method: 'GET', timeout: hub.etagTimeout })
  try {
    if (reply.response.status !== 200) throw statusError(reply, `${repo}@${revision}`)
    const listing = parseListing(await readBody(reply, LARGEST_LISTING), reply.url)
    if (!isCommit(revision) || listing.commit === revision) return listing
    throw oddAnswer(reply.url, `the commit ${revision}`, listing.commit)
  } finally {
    await reply.end()
  }
}

/** An entry of the list, as far as its types can be trusted. */
interface Entry {
  readonly rfilename?: unknown
  readonly size?: unknown
  /** git's SHA-1 */
  readonly blobId?: unknown
  /** Of a large file; `blobId` is then that of its pointer. */
  readonly lfs?: { readonly sha256?: unknown; readonly size?: unknown } | null
}

function parseListing(bytes: Uint8Array, url: string): Listing {
  let answer: { readonly sha?: unknown; readonly siblings?: unknown } | null
  try {
    answer = JSON.parse(new TextDecoder().decode(bytes)) as typeof answer
  } catch {
    throw oddAnswer(url, 'a list of files, in JSON', 'something else')
  }
  const { sha: commit, siblings } = answer ?? {}
  if (typeof commit !== 'string' || !isCommit(commit)) throw oddAnswer(url, 'a commit ("sha")', 'none')
  if (!Array.isArray(siblings)) throw oddAnswer(url, 'a list of files ("siblings")', 'none')
  const files = new Map<string, RemoteFile>()
  for (const entry of siblings as (Entry | null)[]) {
    const { rfilename: name, size, blobId, lfs } = entry ?? {}
    if (typeof name !== 'string') throw oddAnswer(url, 'a name for each file ("rfilename")', 'none')
    // Only files in the model's own folder are read.
    if (name.includes('/')) continue
    const hash = lfs ? lfs.sha256 : blobId
    const length = lfs ? lfs.size : size
    const etag = hashOfEtag(typeof hash === 'string' ? hash : null, url)
    if (!Number.isSafeInteger(length) || (length as number) < 0) throw oddAnswer(url, `the size of ${name}`, 'none')
    files.set(name, { name, commit, etag, size: length as number })
  }
  return { commit, files }
}
