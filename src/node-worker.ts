/** `bert-ner/worker` in Node. */
import { pipeline as nodePipeline } from './node/pipeline.ts'
import { Host } from './worker/host.ts'
import { listen } from './worker/links.ts'

export { pipeline, type NodeWorkerOptions } from './node/worker.ts'
export type { WorkerPipeline } from './worker/pipeline.ts'
export type { WorkerTrace } from './worker/trace.ts'

/** Makes the thread that calls it answer to {@link pipeline}: for a worker with more in it. */
export function serve(): void {
  listen(port => {
    const host = new Host(port, nodePipeline as never)
    return message => host.receive(message)
  })
}
