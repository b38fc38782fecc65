/** A process that runs one engine for its parent. Since the engine is alone in it, its memory can be measured. */
import type { Host, LoadOptions, Sequence } from './hosts/host.ts'

export type Request =
  | { readonly op: 'load'; readonly options: LoadOptions }
  /** Runs `discard` untimed passes, then `repeat` timed ones, over each batch in turn. */
  | {
      readonly op: 'forward'
      readonly batches: readonly (readonly Sequence[])[]
      readonly repeat: number
      readonly discard: number
    }
  | { readonly op: 'logits'; readonly batch: readonly Sequence[] }
  | { readonly op: 'extract'; readonly batches: readonly (readonly string[])[]; readonly repeat: number }
  | { readonly op: 'kernels'; readonly tokens: number }
  | { readonly op: 'memory' }

export interface Replies {
  load: { readonly stages: Readonly<Record<string, number>> }
  /** Milliseconds of each pass over all batches, and a sum of logits, so no work can be optimised away. */
  forward: { readonly times: readonly number[]; readonly checksum: number }
  logits: { readonly logits: Float64Array }
  extract: { readonly times: readonly number[]; readonly entities: number }
  kernels: { readonly kernels: Awaited<ReturnType<NonNullable<Host['kernels']>>> }
  /** Bytes. */
  memory: { readonly resident: number; readonly peak: number; readonly cpuSeconds: number }
}

let host: Host | undefined

async function answer(request: Request): Promise<Replies[keyof Replies]> {
  switch (request.op) {
    case 'load': {
      const loader = await importHost(request.options.engine.host)
      host = await loader.load(request.options)
      return { stages: host.stages }
    }
    case 'forward': {
      const forward = need('forward')
      const times: number[] = []
      let checksum = 0
      for (let run = -request.discard; run < request.repeat; run++) {
        const start = performance.now()
        for (const batch of request.batches) {
          const logits = await forward(batch)
          if (run === request.repeat - 1) checksum += logits()[0] ?? Number.NaN
        }
        if (run >= 0) times.push(performance.now() - start)
      }
      return { times, checksum }
    }
    case 'logits':
      return { logits: Float64Array.from((await need('forward')(request.batch))()) }
    case 'extract': {
      const extract = need('extract')
      const times: number[] = []
      let entities = 0
      for (let run = 0; run < request.repeat; run++) {
        const start = performance.now()
        entities = 0
        for (const batch of request.batches) entities += await extract(batch)
        times.push(performance.now() - start)
      }
      return { times, entities }
    }
    case 'kernels':
      return { kernels: await need('kernels')(request.tokens) }
    case 'memory': {
      // Garbage buffers return to the system some time after the collection that finds them.
      for (let round = 0; round < 4; round++) {
        globalThis.gc?.()
        await new Promise(resolve => setTimeout(resolve, 50))
      }
      const { user, system } = process.cpuUsage()
      return {
        resident: process.memoryUsage().rss,
        peak: process.resourceUsage().maxRSS * 1024,
        cpuSeconds: (user + system) / 1e6,
      }
    }
  }
}

function need<K extends 'forward' | 'extract' | 'kernels'>(what: K): NonNullable<Host[K]> {
  const found = host?.[what]
  if (!found) throw new Error(`this engine has no ${what}`)
  return found
}

async function importHost(name: LoadOptions['engine']['host']): Promise<{ load(options: LoadOptions): Promise<Host> }> {
  switch (name) {
    case 'ours':
      return import('./hosts/ours.ts')
    case 'pipeline':
      return import('./hosts/pipeline.ts')
    case 'onnxruntime':
      return import('./hosts/onnxruntime.ts')
    case 'tfjs':
      return import('./hosts/tfjs.ts')
    case 'transformers':
      return import('./hosts/transformers.ts')
  }
}

process.on('message', (request: Request) => {
  answer(request).then(
    reply => process.send?.({ reply }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
