/** Times pipelines from text to entities: one text, and a stream of texts as long as real sentences. */
import { Bench, progress } from '../bench.ts'
import type { Engine } from '../engines.ts'
import { asError, interleave } from '../interleave.ts'
import type { Model } from '../models.ts'
import { EngineProcess } from '../processes.ts'
import { ONE_TEXT, texts } from '../text.ts'

export async function measurePipelines(bench: Bench, model: Model, threads: number, engines: readonly Engine[]) {
  if (!bench.hasTimeFor(`${model.name}, text to entities`)) return
  progress(`${model.name}, text to entities, ${threads} thread${threads === 1 ? '' : 's'}`)
  const place = { section: 'pipeline', model: model.name, threads }
  const running: { engine: Engine; process: EngineProcess }[] = []
  for (const engine of engines) {
    const process = new EngineProcess(!bench.settings.quick)
    try {
      const folder = engine.group === 'ours' ? model.folder : model.exported
      if (folder === null) throw new Error(model.why ?? 'not exported')
      await process.load({ engine, folder, threads })
      await process.extract([[ONE_TEXT]], 1)
      running.push({ engine, process })
    } catch (error) {
      await process.stop()
      bench.add(engine, { ...place, column: 'one text', note: asError(error).message }, null, 'ms')
    }
  }
  try {
    const one = await interleave(
      running.map(({ engine, process }) => ({
        key: engine,
        run: async (repeat: number) => (await process.extract([[ONE_TEXT]], repeat)).times,
      })),
      bench.effort(),
    )
    for (const [engine, summary] of one) bench.addTimes(engine, { ...place, column: 'one text' }, summary)
    const stream = texts(bench.settings.quick || model.isLarge ? 16 : 64)
    const batches = Array.from({ length: Math.ceil(stream.length / 16) }, (_, i) => stream.slice(i * 16, i * 16 + 16))
    const many = await interleave(
      running.map(({ engine, process }) => ({
        key: engine,
        run: async (repeat: number) => (await process.extract(batches, repeat)).times,
      })),
      { budget: 0, rounds: bench.settings.quick ? 1 : 2, warmUp: 1 },
    )
    for (const [engine, summary] of many) {
      const perSecond = (ms: number) => (1000 * stream.length) / ms
      bench.addTimes(engine, { ...place, column: 'batches of 16' }, summary, 'texts/s', perSecond)
    }
  } finally {
    await Promise.all(running.map(({ process }) => process.stop()))
  }
}
