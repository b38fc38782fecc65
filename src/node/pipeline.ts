/** Node's `pipeline`: the core's, which also takes a folder or a name of the hub. Without a model, it takes the package's own. */
import { OptionError } from '../errors.ts'
import type { AggregationStrategy } from '../ner/entity.ts'
import {
  checkNames,
  checkPipelineOptions,
  checkTask,
  type Known,
  type PipelineOptions,
  type ProgressEvent,
  type Task,
} from '../ner/options.ts'
import { pipeline as corePipeline, type ModelInput, type NerPipeline } from '../ner/pipeline.ts'
import type { DownloadEvent } from '../source/hub/model.ts'
import { guarded, tagOf, UNREADABLE } from '../values.ts'
import { defaultFolder } from './default-model.ts'
import { sourceFromFolder } from './folder.ts'
import type { HubOptions } from './hub/settings.ts'
import './tfjs.ts'

/** A folder in Hugging Face layout, a name of the hub, or any input that the core takes. */
export type NodeModelInput = string | URL | ModelInput

/** Where loading stands; of a model of the hub also where its files are fetched. */
export type NodeProgressEvent = ProgressEvent | DownloadEvent

/** Options of {@link pipeline} in Node: the core's, and the hub's. */
export interface NodePipelineOptions<S extends AggregationStrategy = AggregationStrategy>
  extends Omit<PipelineOptions<S>, 'progress_callback'>, HubOptions {
  readonly progress_callback?: (event: NodeProgressEvent) => void
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''
const isBoolean = (value: unknown) => typeof value === 'boolean'

const HUB_OPTIONS: Known<HubOptions> = {
  revision: ['a branch, a tag or a commit', isText],
  cache_dir: ['a folder', isText],
  local_files_only: ['true or false', isBoolean],
  token: ['a token of the hub, or false', value => isText(value) || value === false],
  force_download: ['true or false', isBoolean],
  fetch: ['a function', value => typeof value === 'function'],
}

/**
 * Loads a model for token classification. See the core's `pipeline`.
 *
 * @param model a folder, a `file:` URL of one, a name of the Hugging Face hub (`owner/name`, `owner/name@revision`), whose files
 *   are fetched into its cache and checked; a source, or the bytes of a model's files by name. Default: the model that comes with
 *   this package
 * @throws also SourceError `SOURCE_HUB_…` and `SOURCE_CACHE_…` if the model cannot be fetched, or kept
 */
export async function pipeline<D extends AggregationStrategy = 'none'>(
  task: Task,
  model?: NodeModelInput,
  options: NodePipelineOptions<D> = {},
): Promise<NerPipeline<D>> {
  const { hub, core } = split(options)
  // Before anything is fetched.
  checkTask(task)
  checkPipelineOptions(core)
  if (model === undefined) return corePipeline(task, sourceFromFolder(defaultFolder()), core)
  if (typeof model !== 'string' && !isUrl(model)) {
    checkNoRevision(hub)
    return corePipeline(task, model, core)
  }
  const { progress_callback: report } = core
  const { locateModel } = await import('./hub/model.ts') // most programs have no use for it
  const located = await locateModel(model, { ...hub, ...(report ? { report } : {}) })
  const { fetched } = located.hub ?? {}
  // A file that was fetched has been reported, each byte of it; reading it again is no news.
  const isNews = (event: ProgressEvent) => !('file' in event) || !fetched?.has(event.file)
  const progress_callback = (event: ProgressEvent) => {
    if (isNews(event)) report?.(event)
  }
  return corePipeline(task, sourceFromFolder(located.folder), { ...core, ...(report ? { progress_callback } : {}) })
}

interface Split<D extends AggregationStrategy> {
  readonly hub: HubOptions
  readonly core: PipelineOptions<D> & { readonly progress_callback?: (event: NodeProgressEvent) => void }
}

/** The options of the hub, checked, and those that the core checks. */
function split<D extends AggregationStrategy>(options: NodePipelineOptions<D>): Split<D> {
  const entries = guarded(
    () => (tagOf(options) === 'Object' ? Object.entries(options) : undefined),
    () =>
      new OptionError({
        code: 'OPTION_VALUE',
        subject: 'options',
        expected: 'an object of options',
        found: UNREADABLE,
        nextStep: 'Pass options by name: { name: value }.',
      }),
  )
  if (entries === undefined) return { hub: {}, core: options }
  const isHub = ([name]: [string, unknown]) => Object.hasOwn(HUB_OPTIONS, name)
  return {
    hub: checkNames(Object.fromEntries(entries.filter(isHub)), HUB_OPTIONS),
    core: Object.fromEntries(entries.filter(entry => !isHub(entry))),
  }
}

function checkNoRevision({ revision }: HubOptions): void {
  if (revision === undefined) return
  throw new OptionError({
    code: 'OPTION_REVISION',
    subject: 'revision',
    expected: 'none, for the model was given as its files',
    found: revision,
    nextStep: 'Leave it out, or name a model of the hub, owner/name.',
  })
}

/** Whether it is a URL. Accepts URLs from another realm (iframe, vm). */
function isUrl(model: NodeModelInput): model is URL {
  return tagOf(model) === 'URL'
}
