/** Node's `pipeline`: the core's, which also takes a folder. Without a model, it takes the package's own. */
import { fileURLToPath } from 'node:url'
import { OptionError } from '../errors.ts'
import type { AggregationStrategy } from '../ner/entity.ts'
import type { PipelineOptions, Task } from '../ner/options.ts'
import { pipeline as corePipeline, type ModelInput, type NerPipeline } from '../ner/pipeline.ts'
import { defaultFolder } from './default-model.ts'
import { tagOf } from '../values.ts'
import { sourceFromFolder } from './folder.ts'

/** A folder in Hugging Face layout, or any input that the core takes. */
export type NodeModelInput = string | URL | ModelInput

/**
 * Loads a model for token classification. See the core's `pipeline`.
 *
 * @param model a folder, a `file:` URL of one, a source, or the bytes of a model's files by name. Default: the model that
 *   comes with this package
 */
export async function pipeline<D extends AggregationStrategy = 'none'>(
  task: Task,
  model?: NodeModelInput,
  options: PipelineOptions<D> = {},
): Promise<NerPipeline<D>> {
  if (model === undefined) return corePipeline(task, sourceFromFolder(defaultFolder()), options)
  if (isUrl(model) || (typeof model === 'string' && model.startsWith('file:'))) {
    return corePipeline(task, sourceFromFolder(pathOf(model)), options)
  }
  if (typeof model === 'string') return corePipeline(task, sourceFromFolder(model), options)
  return corePipeline(task, model, options)
}

/** Whether it is a URL. Accepts URLs from another realm (iframe, vm). */
function isUrl(model: NodeModelInput): model is URL {
  return tagOf(model) === 'URL'
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
      nextStep: "Fetch the model's files and pass { 'config.json': bytes, … }, or name a folder.",
      cause,
    })
  }
}
