/** A model of the hub in a page: fetched into the cache of its site by the same protocol as in Node, and read from there. */
import { warn } from '../../platform.ts'
import type { ModelSource } from '../source.ts'
import { fetchModel, type DownloadEvent } from './model.ts'
import { parseHubName } from './name.ts'
import { BACKOFF, checkToken, ENDPOINT, TIMEOUT, type HubOptions } from './options.ts'
import { PageCache } from './page-cache.ts'
import { openPageStore } from './page-store.ts'

const CACHE = 'bert-ner'

export interface HubModel {
  readonly source: ModelSource
  /** Files that were fetched just now. */
  readonly fetched: ReadonlySet<string>
}

/**
 * @throws OptionError `OPTION_MODEL`, `OPTION_REVISION`, `OPTION_HUB`; SourceError `SOURCE_HUB_…`, `SOURCE_CACHE_…`
 */
export async function fetchFromHub(
  model: string,
  options: HubOptions,
  report: (event: DownloadEvent) => void,
): Promise<HubModel> {
  const name = parseHubName(model, options.revision, true)
  const { token, fetch, cache_dir = CACHE, local_files_only, force_download } = options
  const hub = {
    endpoint: ENDPOINT,
    token: checkToken(token === false ? undefined : token),
    // A browser's own works only as a method of its window.
    fetch: fetch ?? ((...request: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...request)),
    isInPage: true,
    ...{ etagTimeout: TIMEOUT, downloadTimeout: TIMEOUT, backoff: BACKOFF },
  }
  const store = await openPageStore(cache_dir)
  if (!store.isKept) warn(`${name.repo} is fetched again at the next visit: this page has no cache (it needs https).`)
  const cache = new PageCache(store, name.repo)
  const { commit, fetched } = await fetchModel(hub, name, cache, {
    isOffline: local_files_only ?? false,
    isForced: force_download ?? false,
    report,
    note: warn,
  })
  return { source: cache.source(commit), fetched }
}
