/** Node's `pipeline`: the core's, which also takes a folder or a name of the hub. Without a model, it takes the package's own. */
import type { AggregationStrategy } from '../ner/entity.ts'
import { checkPipelineOptions, checkTask, type PipelineOptions, type Task } from '../ner/options.ts'
import type { ModelInput } from '../ner/named.ts'
import { checkNoRevision, newsOf, pipeline as corePipeline, type NerPipeline } from '../ner/pipeline.ts'
import { tagOf } from '../values.ts'
import { defaultSource } from './default-model.ts'
import { sourceFromFolder } from './folder.ts'
import './tfjs.ts'
import './turbo.ts'

/** A folder in Hugging Face layout, a name of the hub, or any input that the core takes. */
export type NodeModelInput = URL | ModelInput

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
  options: PipelineOptions<D> = {},
): Promise<NerPipeline<D>> {
  // Before anything is fetched.
  checkTask(task)
  const { load, hub, call } = checkPipelineOptions(options)
  const core = { ...load, ...call } as PipelineOptions<D>
  if (model === undefined || (typeof model !== 'string' && !isUrl(model))) {
    checkNoRevision(hub)
    return corePipeline(task, model ?? defaultSource(), core)
  }
  const { progress_callback: report } = load
  const { locateModel } = await import('./hub/model.ts') // most programs have no use for it
  const located = await locateModel(model, { ...hub, ...(report ? { report } : {}) })
  const source = sourceFromFolder(located.folder)
  if (!report || !located.hub) return corePipeline(task, source, core)
  return corePipeline(task, source, { ...core, progress_callback: newsOf(report, located.hub.fetched) })
}

/** Whether it is a URL. Accepts URLs from another realm (iframe, vm). */
function isUrl(model: NodeModelInput): model is URL {
  return tagOf(model) === 'URL'
}
