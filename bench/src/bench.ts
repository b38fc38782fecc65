/** One run of the bench: its settings, and its results so far. */
import type { Effort } from './interleave.ts'
import type { Engine } from './engines.ts'
import { nodeName, type Figure } from './results.ts'
import type { Summary } from './stats.ts'

export const SECTIONS = [
  'latency',
  'batch',
  'throughput',
  'pipeline',
  'cold',
  'tokenizer',
  'bytes',
  'kernels',
  'serve',
  'overload',
  'soak',
  'filter',
  'browser',
] as const
/** Sections that take minutes, and are measured only if asked for. */
export const ASKED: readonly Section[] = ['serve', 'overload', 'soak', 'filter', 'browser']
export type Section = (typeof SECTIONS)[number]

export interface Settings {
  readonly quick: boolean
  readonly peers: boolean
  readonly sections: ReadonlySet<Section>
  /** Ids of the engines to run; all of them if empty. */
  readonly only: ReadonlySet<string>
  /** Thread counts, ascending. */
  readonly threads: readonly number[]
  /** Lengths of the one text whose latency is measured. */
  readonly tokens: readonly number[]
  /** Further lengths, only for the scaling curve. */
  readonly curveTokens: readonly number[]
}

export type Place = Omit<Figure, 'value' | 'unit' | 'engine' | 'group' | 'node'>

/** Nothing new starts after this time, so a full run with peers ends within fifteen minutes. */
const LIMIT = 12.5 * 60_000

export class Bench {
  readonly settings: Settings
  readonly figures: Figure[] = []
  readonly notes: string[] = []
  /** By model: the logits that every engine must match. */
  readonly references = new Map<string, ArrayLike<number>>()
  #start = performance.now()

  constructor(settings: Settings) {
    this.settings = settings
  }

  wants(section: Section): boolean {
    return this.settings.sections.has(section)
  }

  /** Starts the clock once the models exist: the first export of a model does not count. */
  startClock(): void {
    this.#start = performance.now()
  }

  /** Whether there is time for one more measurement. If not, the results say what is missing. */
  hasTimeFor(what: string): boolean {
    const isOver = performance.now() - this.#start > LIMIT
    if (isOver) this.notes.push(`no time was left for ${what}: measure it by itself, and show all with --from`)
    return !isOver
  }

  /** The effort for one cell. `curve`: a point of a scaling curve, of which there are many. */
  effort(kind: 'usual' | 'curve' = 'usual'): Effort {
    if (this.settings.quick) return { budget: 150, rounds: 2, warmUp: 3 }
    return kind === 'curve' ? { budget: 400, rounds: 3, warmUp: 2 } : { budget: 800, rounds: 4, warmUp: 6 }
  }

  add(engine: Pick<Engine, 'label' | 'group'>, place: Place, value: number | null, unit: string): void {
    const node = place.section === 'bytes' ? null : nodeName(process.version)
    this.figures.push({ ...place, node, engine: engine.label, group: engine.group, value, unit })
  }

  /** Adds a summary of times as a figure, or the reason why there is none. `scale` maps milliseconds to the unit. */
  addTimes(
    engine: Pick<Engine, 'label' | 'group'>,
    place: Place,
    summary: Summary | Error,
    unit = 'ms',
    scale = (ms: number) => ms,
  ): void {
    if (summary instanceof Error) {
      this.add(engine, { ...place, note: summary.message }, null, unit)
      return
    }
    const { median, min, max, p95, samples } = summary
    const [low, high] = [scale(min), scale(max)]
    const spread = {
      min: Math.min(low, high),
      max: Math.max(low, high),
      p95: p95 === null ? null : scale(p95),
      samples,
    }
    this.add(engine, { ...place, ...spread }, scale(median), unit)
  }
}

/** Prints the current measurement, and the seconds since the start. */
export function progress(text: string): void {
  console.error(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${text}`)
}
