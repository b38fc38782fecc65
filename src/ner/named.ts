/** The page's `pipeline`: the core's, which also takes a name of the Hugging Face hub. */
import type { AggregationStrategy } from './entity.ts'
import { checkPipelineOptions, checkTask, type PipelineOptions, type Task } from './options.ts'
import { newsOf, pipeline as corePipeline, type ModelFiles, type NerPipeline } from './pipeline.ts'

/** A name of the hub, or the files of a model: a source, or its bytes by file name. */
export type ModelInput = string | ModelFiles

/**
 * Loads a model for token classification.
 *
 * @param task `token-classification`, or `ner`, its other name
 * @param model a name of the Hugging Face hub (`owner/name`, `owner/name@revision`), whose files are fetched into the cache of
 *   this site and checked; a source of its files, or their bytes by name: config.json, model.safetensors, tokenizer files. In Node
 *   also a folder; without one, the model that comes with the package.
 * @throws OptionError for a wrong option; SourceError, SafetensorsError, ConfigError, CheckpointError, TokenizerError if a
 *   file is missing or wrong, or cannot be fetched or kept; BackendError if the backend cannot run here
 */
export async function pipeline<D extends AggregationStrategy = 'none'>(
  task: Task,
  model: ModelInput,
  options: PipelineOptions<D> = {},
): Promise<NerPipeline<D>> {
  if (typeof model !== 'string') return corePipeline(task, model, options)
  // Before anything is fetched.
  checkTask(task)
  const { load, hub, call } = checkPipelineOptions(options)
  const { progress_callback: report = () => undefined } = load
  // A bundle pays for the hub only where a name is given.
  const { fetchFromHub } = await import('../source/hub/page.ts')
  const { source, fetched } = await fetchFromHub(model, hub, report)
  const progress_callback = newsOf(report, fetched)
  return corePipeline(task, source, { ...load, ...call, progress_callback } as PipelineOptions<D>)
}
