/** `bert-ner/worker`: the pipeline in a worker of its own, so that neither loading nor a long text holds up a page. */
import type { AggregationStrategy } from './ner/entity.ts'
import { checkPipelineOptions, checkTask, type PipelineOptions, type Task } from './ner/options.ts'
import { pipeline as pagePipeline, type ModelInput } from './ner/named.ts'
import { Host } from './worker/host.ts'
import { listen, pageLink } from './worker/links.ts'
import { workerPipeline, type WorkerPipeline } from './worker/pipeline.ts'

export type { WorkerPipeline } from './worker/pipeline.ts'
export type { WorkerTrace } from './worker/trace.ts'

/** Options of {@link pipeline}: those of the pipeline itself, and the worker. */
export interface WorkerOptions<S extends AggregationStrategy = AggregationStrategy> extends PipelineOptions<S> {
  /** Makes the worker, if it is one of your own: a module that calls {@link serve}. Default: the package's. */
  readonly worker?: () => Worker
}

/**
 * Loads a model in a worker: as `pipeline` of `bert-ner`, with the same results and errors.
 *
 * Models are sent as they are: bytes are copied, addresses (`defaultModel()`, `sourceFromUrl`) are fetched by the worker, and a source
 * of your own is asked across.
 *
 * @throws as `pipeline`, and BackendError `BACKEND_WORKER` if the worker cannot start, or ends
 */
export async function pipeline<D extends AggregationStrategy = 'none'>(
  task: Task,
  model: ModelInput,
  options: WorkerOptions<D> = {},
): Promise<WorkerPipeline<D>> {
  checkTask(task)
  const { worker = packaged, ...given } = options
  checkPipelineOptions(given)
  return workerPipeline<D>({ task, model, options: given, start: pageLink(worker) })
}

function packaged(): Worker {
  return new Worker(new URL('./worker/script.js', import.meta.url), { type: 'module', name: 'bert-ner-pipeline' })
}

/** Makes the worker that calls it answer to {@link pipeline}: for a worker with more in it, such as `import 'bert-ner/tfjs'`. */
export function serve(): void {
  listen(port => {
    const host = new Host(port, pagePipeline as never)
    return message => host.receive(message)
  })
}
