/** Runs this runtime. It watches the source (read) and the kernels (pack) to split loading into stages. */
import { loadKernels } from '../../../dist/kernels/load.js'
import '../../../dist/node/tfjs.js'
import '../../../dist/node/turbo.js'
import type { Kernels } from '../../../dist/kernels/kernels.js'
import { packBatch } from '../../../dist/layers/batch.js'
import { BertForTokenClassification } from '../../../dist/layers/token-classifier.js'
import type { ModelSource } from '../../../dist/source/source.js'
import { sourceFromFolder } from '../../../dist/node.js'
import type { BackendOptions } from '../../../dist/kernels/options.js'
import type { Host, LoadOptions } from './host.ts'
import { timeKernels } from './kernel-times.ts'

export async function load({ engine, folder, threads }: LoadOptions): Promise<Host> {
  const options = { ...engine.options, ...(engine.oneThread ? {} : { threads }) } as BackendOptions
  const clock = { read: 0, pack: 0 }
  const start = performance.now()
  const refused = options.turbo === true ? watchTurbo() : undefined
  const kernels = await loadKernels(options)
  await refused?.()
  const backend = performance.now() - start
  const source = watchSource(sourceFromFolder(folder), clock)
  const model = await BertForTokenClassification.loadOn(watchKernels(kernels, clock), source)
  const total = performance.now() - start
  return {
    stages: { backend, read: clock.read, pack: clock.pack, parse: total - backend - clock.read - clock.pack },
    async forward(batch) {
      const { logits } = await model.forward(packBatch(batch))
      return () => logits
    },
    kernels: tokens => timeKernels(kernels, model.config, tokens),
  }
}

/** Checks that turbo is on. Without it a backend warns and computes as usual, and a row named turbo would be a lie. */
function watchTurbo(): () => Promise<void> {
  const warnings: string[] = []
  process.on('warning', ({ message }) => warnings.push(message))
  return async () => {
    await new Promise(resolve => setImmediate(resolve)) // warnings come on the next tick
    const refused = warnings.find(message => message.includes('turbo'))
    if (refused !== undefined) throw new Error(refused)
  }
}

interface Clock {
  read: number
  pack: number
}

async function timed<T>(clock: Clock, stage: keyof Clock, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  try {
    return await work()
  } finally {
    clock[stage] += performance.now() - start
  }
}

function watchSource(source: ModelSource, clock: Clock): ModelSource {
  return {
    async open(name) {
      const file = await timed(clock, 'read', () => source.open(name))
      return {
        size: file.size,
        read: (offset, length, allocate) => timed(clock, 'read', () => file.read(offset, length, allocate)),
        close: () => file.close?.() ?? Promise.resolve(),
      }
    },
  }
}

/** Wraps the kernels and times the three that prepare weights. */
function watchKernels(kernels: Kernels, clock: Clock): Kernels {
  const preparing = new Set<PropertyKey>(['linearWeights', 'embeddingWeights', 'normWeights'])
  return new Proxy(kernels, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      const method = (value as (...arguments_: readonly unknown[]) => Promise<unknown>).bind(target)
      return preparing.has(property)
        ? (...arguments_: readonly unknown[]) => timed(clock, 'pack', () => method(...arguments_))
        : method
    },
  })
}
