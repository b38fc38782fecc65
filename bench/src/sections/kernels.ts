/** Measures the GFLOP/s of each kernel, and its share of a forward pass. */
import { Bench, progress } from '../bench.ts'
import type { Engine } from '../engines.ts'
import { asError } from '../interleave.ts'
import type { Model } from '../models.ts'
import { EngineProcess } from '../processes.ts'

export async function measureKernels(bench: Bench, model: Model, engines: readonly Engine[]) {
  for (const engine of engines) {
    for (const tokens of bench.settings.quick ? [16] : [16, 128]) {
      if (tokens > (engine.maxTokens ?? Infinity)) continue
      if (!bench.hasTimeFor(`kernels of ${engine.label}, ${model.name}, ${tokens} tokens`)) continue
      progress(`${model.name}, kernels of ${engine.label}, ${tokens} tokens`)
      const place = { section: `kernels, ${tokens} tokens, ${engine.label}`, model: model.name, threads: 1 }
      const process = new EngineProcess(!bench.settings.quick)
      try {
        await process.load({ engine, folder: model.folder, threads: 1 })
        const kernels = await process.kernels(tokens)
        const total = kernels.reduce((sum, { calls, ms, isPart }) => sum + (isPart ? 0 : calls * ms), 0)
        for (const { name, calls, flop, ms } of kernels) {
          const row = { label: name, group: engine.group }
          bench.add(row, { ...place, column: 'calls' }, calls, '')
          bench.add(row, { ...place, column: 'ms each' }, ms, 'ms')
          bench.add(row, { ...place, column: 'GFLOP/s' }, flop === 0 ? null : flop / ms / 1e6, '')
          bench.add(row, { ...place, column: 'share' }, (100 * calls * ms) / total, '%')
        }
        bench.add({ label: 'sum', group: engine.group }, { ...place, column: 'ms each' }, total, 'ms')
      } catch (error) {
        bench.notes.push(`no kernel times of ${engine.label}: ${asError(error).message}`)
      } finally {
        await process.stop()
      }
    }
  }
}
