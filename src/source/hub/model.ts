/**
 * All files of one model into the cache. The revision becomes a commit first, and that commit serves every file, so that a push
 * to the model meanwhile cannot mix two of its states. Follows huggingface_hub's `snapshot_download`, with hashes checked.
 */
import { codeOf } from '../../values.ts'
import { download, hashOfEtag } from './download.ts'
import { HubError, oddAnswer } from './errors.ts'
import {
  CONFIG,
  INDEX,
  LARGEST_INDEX,
  PICKLE,
  PICKLE_INDEX,
  shardsOf,
  SMALL_FILES,
  TOKENIZER_CONFIG,
  VOCABULARIES,
  WEIGHTS,
} from './files.ts'
import { send, statusError, type Hub, type HubResponse, type Reply } from './http.ts'
import { readListing, type Listing } from './listing.ts'
import { DEFAULT_REVISION, isCommit, type HubName } from './name.ts'
import { OTHER_FILES } from '../other-files.ts'
import { mayPass, retrying } from './retry.ts'
import type { FileState, HubCache, RemoteFile } from './store.ts'

/** The events of transformers.js for a file that is fetched. Bytes; `progress` in percent. */
export type DownloadEvent =
  | { readonly status: 'initiate' | 'download' | 'done'; readonly name: string; readonly file: string }
  | {
      readonly status: 'progress'
      readonly name: string
      readonly file: string
      readonly progress: number
      readonly loaded: number
      readonly total: number
    }

export interface FetchOptions {
  /** No request is made: the cache answers, or an error. */
  readonly isOffline: boolean
  /** Each file is fetched again, also if it is there. */
  readonly isForced: boolean
  /** Whether a PyTorch file will do if there are no safetensors: for one who only reads tensors out of it. */
  readonly isPickleFine?: boolean
  readonly report: (event: DownloadEvent) => void
  /** Something that a person should know, and that is no failure. */
  readonly note: (text: string) => void
}

export interface CachedModel {
  readonly commit: string
  /** Files that were fetched just now. */
  readonly fetched: ReadonlySet<string>
}

/**
 * Makes sure that a model is in the cache, whole, and says at which commit. Without network, or when the hub is down or refuses,
 * the cached commit of the revision answers, with a note.
 *
 * @throws HubError the one of the failure, if there is no such commit or it is not whole
 */
export async function fetchModel(
  hub: Hub,
  name: HubName,
  cache: HubCache,
  options: FetchOptions,
): Promise<CachedModel> {
  const known = isCommit(name.revision) ? name.revision : await cache.commitOf(name.revision)
  const offline = () => new Snapshot(hub, name, cache, { ...options, isOffline: true, isForced: false })
  if (options.isOffline) return offline().gather(known)
  // A commit never changes: if it is here, nothing has to be asked.
  if (isCommit(name.revision) && !options.isForced && (await offline().isKnown(name.revision))) {
    return offline().gather(name.revision)
  }
  try {
    const snapshot = new Snapshot(hub, name, cache, options)
    const commit = await snapshot.resolve(known === undefined ? 3 : 1)
    const model = await snapshot.gather(commit).catch((error: unknown) => {
      if (codeOf(error) === 'SOURCE_CACHE_CHANGED') return snapshot.gather(commit)
      throw error
    })
    // Last: a download that breaks off leaves what was there before as the cached commit.
    await cache.setCommit(name.revision, commit)
    return model
  } catch (error) {
    if (options.isForced || known === undefined || !isOutage(error)) throw error
    const model = await offline()
      .gather(known)
      .catch(() => undefined)
    if (model === undefined) throw error
    options.note(`${(error as Error).message} The cached commit ${known} of ${name.repo} is used.`)
    return model
  }
}

/** Whether the hub cannot be asked, as against an answer that counts. */
function isOutage(error: unknown): boolean {
  return (
    error instanceof HubError &&
    (mayPass(error) || ['SOURCE_HUB_ACCESS', 'SOURCE_HUB_ANSWER', 'SOURCE_HUB_REDIRECT'].includes(error.code))
  )
}

const ADAPTER = 'adapter_config.json'

/** The files of one model at one commit. */
class Snapshot {
  readonly #hub: Hub
  readonly #name: HubName
  readonly #cache: HubCache
  readonly #options: FetchOptions
  readonly #fetched = new Set<string>()
  /** The first answer, which also said the commit. */
  #config: RemoteFile | undefined
  #listing: Listing | undefined

  constructor(hub: Hub, name: HubName, cache: HubCache, options: FetchOptions) {
    this.#hub = hub
    this.#name = name
    this.#cache = cache
    this.#options = options
  }

  /** The commit that the revision stands for now. */
  async resolve(tries: number): Promise<string> {
    const { revision } = this.#name
    const ask = () => this.#ask(revision, CONFIG)
    this.#config = await retrying(ask, { tries, backoff: this.#hub.backoff })
    if (this.#config) return this.#config.commit
    // Only an adapter has weights without it.
    const adapter = OTHER_FILES.find(({ files: [file] }) => file === ADAPTER)
    if (adapter && (await this.#ask(revision, ADAPTER)) !== undefined) {
      throw this.#files(CONFIG, adapter.nextStep.replaceAll('FOLDER', this.#named()), `${ADAPTER}: ${adapter.kind}`)
    }
    throw this.#files(CONFIG, 'A model of transformers has it: check the name and the revision.')
  }

  /** Whether all that a model needs is in the cache, and of the rest it is known what does not exist. */
  async isKnown(commit: string): Promise<boolean> {
    for (const file of SMALL_FILES) if ((await this.#cache.stateOf(commit, file)) === 'unknown') return false
    for (const [single, index] of this.#weightFiles()) {
      if ((await this.#cache.stateOf(commit, single)) === 'there') return true
      if ((await this.#cache.stateOf(commit, index)) !== 'there') continue
      return this.#areThere(commit, await this.#shards(commit, index))
    }
    return false
  }

  /** A file of weights, or the index of several; the first that is there counts. */
  #weightFiles(): readonly (readonly [single: string, index: string])[] {
    const safetensors = [WEIGHTS, INDEX] as const
    return this.#options.isPickleFine ? [safetensors, [PICKLE, PICKLE_INDEX]] : [safetensors]
  }

  async #areThere(commit: string, files: readonly string[]): Promise<boolean> {
    for (const file of files) if ((await this.#cache.stateOf(commit, file)) !== 'there') return false
    return true
  }

  /** Each file that a model needs, in the cache. */
  async gather(commit: string | undefined): Promise<CachedModel> {
    if (commit === undefined) throw this.#notCached(`revision ${this.#name.revision}`)
    const states = new Map<string, FileState>()
    for (const file of SMALL_FILES) states.set(file, await this.#ensure(commit, file))
    const isThere = (file: string) => states.get(file) === 'there'
    if (!isThere(CONFIG)) throw this.#missing(CONFIG, states.get(CONFIG))
    if (!VOCABULARIES.some(isThere)) throw this.#missing(VOCABULARIES.join(' or '), states.get('vocab.txt'))
    // Without it a vocabulary's letter case is a guess. It must not be left out for not having been fetched.
    if (!isThere('tokenizer.json') && states.get(TOKENIZER_CONFIG) === 'unknown')
      throw this.#notCached(TOKENIZER_CONFIG)
    await this.#ensureWeights(commit)
    if (
      this.#fetched.size === 0 ||
      (await this.#areThere(commit, [...SMALL_FILES.filter(isThere), ...this.#fetched]))
    ) {
      return { commit, fetched: this.#fetched }
    }
    const nextStep = 'Another program cleans this cache: run it again once that has ended.'
    throw new HubError('SOURCE_CACHE_CHANGED', this.#cache.place, 'the files that were fetched', 'only some', nextStep)
  }

  async #ensureWeights(commit: string): Promise<void> {
    let first: FileState | undefined
    for (const [single, index] of this.#weightFiles()) {
      const state = await this.#ensure(commit, single)
      if (state === 'there') return
      first ??= state
      if ((await this.#ensure(commit, index)) !== 'there') continue
      for (const shard of await this.#shards(commit, index)) {
        const shardState = await this.#ensure(commit, shard)
        if (shardState !== 'there') throw this.#missing(shard, shardState)
      }
      return
    }
    throw await this.#noWeights(commit, first)
  }

  async #shards(commit: string, index: string): Promise<string[]> {
    return shardsOf(await this.#cache.read(commit, index, LARGEST_INDEX), index)
  }

  /** Offline, a file stays `unknown`; otherwise it is `there` or `absent` afterwards. */
  async #ensure(commit: string, file: string): Promise<FileState> {
    const state = await this.#cache.stateOf(commit, file)
    const { isOffline, isForced } = this.#options
    if (isOffline || (state !== 'unknown' && !isForced)) return state
    const asked = file === CONFIG ? this.#config : undefined
    const ask = () => this.#ask(commit, file)
    const remote = asked ?? (await retrying(ask, { tries: 5, backoff: this.#hub.backoff }))
    if (remote === undefined) {
      await this.#cache.setAbsent(commit, file)
      return 'absent'
    }
    await this.#download(remote)
    return 'there'
  }

  async #download(remote: RemoteFile): Promise<void> {
    const { report, isForced } = this.#options
    const event = { name: this.#name.repo, file: remote.name }
    report({ status: 'initiate', ...event })
    report({ status: 'download', ...event })
    const onBytes = (loaded: number, total = loaded) => {
      report({ status: 'progress', ...event, progress: total === 0 ? 100 : (100 * loaded) / total, loaded, total })
    }
    await download(this.#hub, this.#url(remote.commit, remote.name), remote, this.#cache, { isForced, onBytes })
    this.#fetched.add(remote.name)
    report({ status: 'done', ...event })
  }

  #url(revision: string, file: string): string {
    const path = revision.split('/').map(encodeURIComponent).join('%2F')
    return `${this.#hub.endpoint}/${this.#name.repo}/resolve/${path}/${file}`
  }

  /** A file as the hub describes it, or undefined if the model has no such file. */
  async #ask(revision: string, file: string): Promise<RemoteFile | undefined> {
    // A page cannot see the answer that redirects, and only that one has the hash.
    if (this.#hub.isInPage) return this.#findListed(revision, file)
    const url = this.#url(revision, file)
    // A large file lies elsewhere. Only what the endpoint itself says of it counts.
    const isAnswer = ({ headers }: HubResponse) => headers.get('x-linked-etag') !== null
    const reply = await send(this.#hub, url, { method: 'HEAD', timeout: this.#hub.etagTimeout, isAnswer })
    await reply.end()
    return this.#read(reply, revision, file)
  }

  async #findListed(revision: string, file: string): Promise<RemoteFile | undefined> {
    if (this.#listing?.commit !== revision) this.#listing = await readListing(this.#hub, this.#name.repo, revision)
    return this.#listing.files.get(file)
  }

  #read(reply: Reply, revision: string, file: string): RemoteFile | undefined {
    const { status, headers } = reply.response
    const isOwn = new URL(reply.url).origin === new URL(this.#hub.endpoint).origin
    if (status === 404 && isOwn && headers.get('x-error-code') === 'EntryNotFound') return undefined
    const linked = headers.get('x-linked-etag')
    const isFound = status === 200 || (status >= 300 && status < 400 && linked !== null)
    if (!isFound) throw statusError(reply, `${this.#name.repo}@${this.#name.revision}`)
    const commit = headers.get('x-repo-commit') ?? ''
    if (!isOwn || !isCommit(commit)) throw oddAnswer(reply.url, 'a commit, in X-Repo-Commit of the endpoint', 'none')
    if (isCommit(revision) && commit !== revision) throw oddAnswer(reply.url, `the commit ${revision}`, commit)
    const size = headers.get('x-linked-size') ?? (linked === null ? headers.get('content-length') : null)
    const isSize = size !== null && /^\d{1,15}$/.test(size)
    return {
      name: file,
      commit,
      etag: hashOfEtag(linked ?? headers.get('etag'), reply.url),
      size: isSize ? Number(size) : undefined,
    }
  }

  #missing(file: string, state: FileState | undefined): HubError {
    return state === 'absent'
      ? this.#files(file, 'Name a model of transformers for token classification.')
      : this.#notCached(file)
  }

  /** Many models have weights in another format alone. */
  async #noWeights(commit: string, state: FileState | undefined): Promise<HubError> {
    if (state === 'unknown') return this.#notCached(WEIGHTS)
    for (const { files, kind, nextStep } of this.#options.isOffline ? [] : OTHER_FILES) {
      for (const file of files) {
        if ((await this.#ask(commit, file)) === undefined) continue
        return this.#files(WEIGHTS, nextStep.replaceAll('FOLDER', this.#named()), `${file}: ${kind}`)
      }
    }
    return this.#files(WEIGHTS, 'Name a model of transformers for token classification.')
  }

  /** As a command takes it. */
  #named(): string {
    const { repo, revision } = this.#name
    return `${repo}${revision === DEFAULT_REVISION ? '' : `@${revision}`}`
  }

  #files(file: string, nextStep: string, found = 'none'): HubError {
    return new HubError('SOURCE_HUB_FILES', this.#name.repo, file, found, nextStep)
  }

  #notCached(what: string): HubError {
    const { repo } = this.#name
    const nextStep = `With network, run: bert-ner download ${this.#named()}`
    return new HubError('SOURCE_HUB_NOT_CACHED', repo, `${what} in the cache ${this.#cache.place}`, 'none', nextStep)
  }
}
