/** Measures latency, batches, throughput and memory of all engines for one model and thread count. Each has its own process. */
import { Bench, progress } from '../bench.ts'
import type { Engine } from '../engines.ts'
import { asError, interleave, type Contestant } from '../interleave.ts'
import { streamLengths } from '../lengths.ts'
import { CHECKED_TOKENS, referenceLogits, sequence, type Model } from '../models.ts'
import { EngineProcess } from '../processes.ts'
import { largestDifference } from '../stats.ts'

interface Runner {
  readonly engine: Engine
  readonly process: EngineProcess
}

/** The largest logit error for fp32 engines, which differ only in the order of their sums. */
const EXACT = 1e-3
/** The largest error for int8, as a part of the logits' range. A trained model loses up to a fifth; half is another model. */
const INEXACT = 0.5

/** If an engine takes longer than this for a batch, it skips the next, twice as large. The curve is clear by then. */
const SLOWEST_BATCH = 1000 // ms

/** Peers whose scaling is shown beside this runtime's. */
const SCALED = new Set(['ort-web-int8', 'ort-web-fp32', 'ort-node-fp32', 'ort-node-int8'])

export async function measureEngines(bench: Bench, model: Model, threads: number, engines: readonly Engine[]) {
  const where = `${model.name}, ${threads} thread${threads === 1 ? '' : 's'}`
  if (!bench.hasTimeFor(where)) return
  progress(`${where}: loading ${engines.length} engines`)
  const runners = await start(bench, model, threads, engines)
  try {
    // Batches grow at all threads; a large model's stream is long enough once.
    const isMost = threads === bench.settings.threads.at(-1)
    if (bench.wants('latency')) await latency(bench, model, threads, runners)
    if (bench.wants('batch') && isMost) await batches(bench, model, threads, runners)
    if (bench.wants('throughput') && (isMost || !model.isLarge)) await throughput(bench, model, threads, runners)
  } finally {
    await Promise.all(runners.map(({ process }) => process.stop()))
  }
}

/** Loads all engines and compares their logits. An engine that is missing or wrong gets a row that says so. */
async function start(bench: Bench, model: Model, threads: number, engines: readonly Engine[]): Promise<Runner[]> {
  const runners: Runner[] = []
  const checked = [sequence(model, CHECKED_TOKENS)]
  let reference: ArrayLike<number> | null = referenceLogits(model) ?? bench.references.get(model.name) ?? null
  // Without PyTorch's logits, the naive kernels' are the reference: they are the definition.
  const naiveFirst = [...engines].sort((a, b) => Number(b.id === 'naive') - Number(a.id === 'naive'))
  const ready = new Map<Engine, Runner>()
  for (const engine of naiveFirst) {
    const row = { section: 'latency', model: model.name, threads }
    const process = new EngineProcess(!bench.settings.quick)
    try {
      const folder = engine.group === 'ours' || engine.host === 'tfjs' ? model.folder : model.exported
      if (folder === null) throw new Error(model.why ?? 'not exported')
      await process.load({ engine, folder, threads })
      const { resident } = await process.memory()
      const logits = await process.logits(checked)
      reference ??= logits
      bench.references.set(model.name, reference)
      const error = largestDifference(logits, reference)
      const allowed = engine.exact ? EXACT * Math.max(1, range(reference) / 2) : INEXACT * range(reference)
      if (!(error <= allowed)) throw new Error(`its logits are off by ${error.toExponential(1)}: not timed`)
      bench.add(engine, { ...row, column: 'logit error' }, error, '')
      bench.add(engine, { ...row, section: 'memory', column: 'after load' }, resident / 1e6, 'MB')
      ready.set(engine, { engine, process })
    } catch (error) {
      await process.stop()
      bench.add(engine, { ...row, column: 'logit error', note: asError(error).message }, null, '')
    }
  }
  for (const engine of engines) {
    const runner = ready.get(engine)
    if (runner) runners.push(runner)
  }
  return runners
}

function range(values: ArrayLike<number>): number {
  return Math.max(...Array.from(values)) - Math.min(...Array.from(values))
}

async function latency(bench: Bench, model: Model, threads: number, runners: readonly Runner[]): Promise<void> {
  const { tokens: lengths, curveTokens: curve } = bench.settings
  for (const tokens of [...lengths, ...curve].sort((a, b) => a - b)) {
    if (tokens > model.positions) continue
    if (!bench.hasTimeFor(`${model.name}, ${threads} threads, ${tokens} tokens`)) continue
    progress(`  ${tokens} tokens`)
    const text = [[sequence(model, tokens, tokens)]]
    const results = await interleave(
      runners
        .filter(
          ({ engine }) => tokens <= (engine.maxTokens ?? Infinity) && (!curve.includes(tokens) || isScaled(engine)),
        )
        .map(({ engine, process }) => ({
          key: engine,
          run: (repeat: number, discard: number) => process.forward(text, repeat, discard),
        })),
      bench.effort(),
    )
    for (const [engine, summary] of results) {
      bench.addTimes(engine, { section: 'latency', model: model.name, threads, column: `${tokens} tokens` }, summary)
    }
  }
}

const isScaled = (engine: Engine) => SCALED.has(engine.id) || engine.options.backend === 'simd'

/** Times B equal texts of 32 tokens in one call. */
async function batches(bench: Bench, model: Model, threads: number, runners: readonly Runner[]): Promise<void> {
  const tooSlow = new Set<Engine>()
  for (const size of bench.settings.quick ? [1, 8] : [1, 2, 4, 8, 16, 32, 64, 128, 256]) {
    if (!bench.hasTimeFor(`${model.name}, batches of ${size}`)) return
    progress(`  batch of ${size}`)
    const batch = Array.from({ length: size }, (_, i) => sequence(model, 32, i))
    const results = await interleave(
      runners
        .filter(({ engine }) => isScaled(engine) && !tooSlow.has(engine))
        .map(({ engine, process }) => ({
          key: engine,
          run: (repeat: number, discard: number) => process.forward([batch], repeat, discard),
        })),
      bench.effort('curve'),
    )
    for (const [engine, summary] of results) {
      bench.addTimes(engine, { section: 'batch', model: model.name, threads, column: `batch ${size}` }, summary)
      if (!(summary instanceof Error) && summary.median > SLOWEST_BATCH) tooSlow.add(engine)
    }
  }
}

/** Times sentences as long as CoNLL-2003's, one by one, and sixteen at a time in their order. */
async function throughput(bench: Bench, model: Model, threads: number, runners: readonly Runner[]): Promise<void> {
  if (!bench.hasTimeFor(`${model.name}, ${threads} threads, the stream of sentences`)) return
  const stream = streamLengths(bench.settings.quick || model.isLarge ? 16 : 32).map((length, i) =>
    sequence(model, Math.min(length, model.positions), i),
  )
  const tokens = stream.reduce((sum, { ids }) => sum + ids.length, 0)
  progress(`  ${stream.length} sentences, ${tokens} tokens`)
  const batched = Array.from({ length: Math.ceil(stream.length / 16) }, (_, i) => stream.slice(i * 16, i * 16 + 16))
  const contestants: Contestant<{ engine: Engine; column: string }>[] = runners
    .filter(({ engine }) => engine.maxTokens === undefined)
    .flatMap(({ engine, process }) =>
      [
        { column: 'one by one', batches: stream.map(one => [one]) },
        // Stock tfjs is written for one text at a time: the same figure again.
        ...(engine.host === 'tfjs' ? [] : [{ column: 'batches of 16', batches: batched }]),
      ].map(({ column, batches }) => ({
        key: { engine, column },
        run: (repeat: number) => process.forward(batches, repeat),
      })),
    )
  const results = await interleave(contestants, { budget: 0, rounds: bench.settings.quick ? 1 : 2, warmUp: 1 })
  for (const [{ engine, column }, summary] of results) {
    const place = { section: 'throughput', model: model.name, threads, column }
    bench.addTimes(engine, place, summary, 'tokens/s', ms => (1000 * tokens) / ms)
  }
  for (const { engine, process } of runners) {
    const { resident, peak } = await process.memory()
    const place = { section: 'memory', model: model.name, threads }
    bench.add(engine, { ...place, column: 'after the stream' }, resident / 1e6, 'MB')
    bench.add(engine, { ...place, column: 'peak' }, peak / 1e6, 'MB')
  }
}
