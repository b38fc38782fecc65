/** Node's `bert-ner/worker`: the pipeline in a thread, with folders, names of the hub, and the package's own model. */
import { Worker } from 'node:worker_threads'
import type { AggregationStrategy } from '../ner/entity.ts'
import { checkPipelineOptions, checkTask, type PipelineOptions, type Task } from '../ner/options.ts'
import { nodeLink } from '../worker/links.ts'
import { workerPipeline, type WorkerPipeline } from '../worker/pipeline.ts'
import type { NodeModelInput } from './pipeline.ts'

/** Options of {@link pipeline}: those of Node's pipeline, and the worker. */
export interface NodeWorkerOptions<S extends AggregationStrategy = AggregationStrategy> extends PipelineOptions<S> {
  /** Makes the thread, if it is one of your own: a module that calls `serve`. Default: the package's. */
  readonly worker?: () => Worker
}

/** Loads a model in a thread: as `pipeline` of `bert-ner`, with the same results and errors. */
export async function pipeline<D extends AggregationStrategy = 'none'>(
  task: Task,
  model?: NodeModelInput,
  options: NodeWorkerOptions<D> = {},
): Promise<WorkerPipeline<D>> {
  checkTask(task)
  const { worker = packaged, ...given } = options
  checkPipelineOptions(given)
  return workerPipeline<D>({ task, model, options: given, start: nodeLink(worker) })
}

function packaged(): Worker {
  return new Worker(new URL('./worker-script.js', import.meta.url), { execArgv: [], name: 'bert-ner-pipeline' })
}
