/** Times a process from its start to its first answer. It has V8's usual flags, and its file is in the system's cache. */
import { Bench, progress } from '../bench.ts'
import type { Engine } from '../engines.ts'
import { asError } from '../interleave.ts'
import { sequence, type Model } from '../models.ts'
import { EngineProcess } from '../processes.ts'
import { summarise } from '../stats.ts'
import { ONE_TEXT } from '../text.ts'

export const FIRST_ANSWER = 'first answer'

/** Engines that start as another one does, or in a way that no user would. */
const LEFT_OUT = new Set(['simd-w8a16', 'simd-w8a7', 'simd-turbo-q8', 'tfjs-fast', 'tfjs-first', 'naive'])

export async function measureColdStarts(bench: Bench, model: Model, threads: number, all: readonly Engine[]) {
  if (!bench.hasTimeFor(`${model.name}, cold starts`)) return
  progress(`${model.name}, cold starts`)
  const engines = all.filter(({ id }) => !LEFT_OUT.has(id))
  const runs = new Map<Engine, Map<string, number[]>>()
  const failed = new Map<Engine, string>()
  for (let round = 0; round < (bench.settings.quick ? 1 : 3); round++) {
    for (const engine of engines) {
      if (failed.has(engine)) continue
      const columns = runs.get(engine) ?? new Map<string, number[]>()
      runs.set(engine, columns)
      try {
        for (const [column, ms] of await coldStart(model, threads, engine)) {
          columns.set(column, [...(columns.get(column) ?? []), ms])
        }
      } catch (error) {
        failed.set(engine, asError(error).message)
      }
    }
  }
  for (const [engine, columns] of runs) {
    const place = { section: 'cold', model: model.name, threads }
    const note = failed.get(engine)
    if (note !== undefined) bench.add(engine, { ...place, column: FIRST_ANSWER, note }, null, 'ms')
    else for (const [column, times] of columns) bench.addTimes(engine, { ...place, column }, summarise(times))
  }
}

async function coldStart(model: Model, most: number, engine: Engine): Promise<[string, number][]> {
  const folder = engine.group === 'ours' || engine.host === 'tfjs' ? model.folder : model.exported
  if (folder === null) throw new Error(model.why ?? 'not exported')
  const threads = engine.oneThread === true ? 1 : most
  const isPipeline = engine.host === 'pipeline' || engine.host === 'transformers'
  const start = performance.now()
  const process = new EngineProcess(false)
  try {
    const { stages } = await process.load({ engine, folder, threads })
    const loaded = performance.now()
    if (isPipeline) await process.extract([[ONE_TEXT]], 1)
    else await process.forward([[sequence(model, 16)]], 1)
    const end = performance.now()
    const known = Object.values(stages).reduce((sum, ms) => sum + ms, 0)
    return [
      [FIRST_ANSWER, end - start],
      ['start of Node', loaded - start - known],
      ...Object.entries(stages),
      [isPipeline ? 'first text' : 'first forward pass', end - loaded],
    ]
  } finally {
    await process.stop()
  }
}
