/** A program with a worker_thread of its own, which imports the package. */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { pipeline } from 'bert-ner'
import { measure } from '../measure.js'
import { tell } from './tell.mjs'

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url))
  worker.once('message', measured => {
    tell(measured)
    process.exit()
  })
} else {
  parentPort.postMessage(await measure(pipeline))
}
