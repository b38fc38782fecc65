/** Runs this runtime from text to entities. */
import { pipeline } from '../../../dist/node.js'
import type { BackendOptions } from '../../../dist/kernels/options.js'
import type { Host, LoadOptions } from './host.ts'

export async function load({ engine, folder, threads }: LoadOptions): Promise<Host> {
  const start = performance.now()
  const { backend, dtype } = engine.options as BackendOptions
  const extract = await pipeline('token-classification', folder, {
    threads,
    ...(backend === undefined ? {} : { backend }),
    ...(dtype === undefined ? {} : { dtype }),
  })
  return {
    stages: { pipeline: performance.now() - start },
    async extract(texts) {
      const found = await extract([...texts], { batch_size: texts.length })
      return found.reduce((sum, entities) => sum + entities.length, 0)
    },
  }
}
