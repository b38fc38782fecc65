/** The results of a run, in one flat list. So runs can be merged, and any table or chart can be made from it. */

/** One figure, with its place: the table (section and model), the row (engine, threads), the column. */
export interface Figure {
  readonly section: string
  readonly model: string
  readonly engine: string
  readonly group: 'ours' | 'peer'
  readonly threads: number | null
  /** The Node that ran it (nodeName); null if it does not matter. */
  readonly node: string | null
  readonly column: string
  /** null: not measured, and `note` says why. */
  readonly value: number | null
  readonly unit: string
  readonly min?: number
  readonly max?: number
  readonly p95?: number | null
  readonly samples?: number
  readonly note?: string
}

export interface Machine {
  readonly command: string
  readonly date: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  readonly v8: string
  readonly versions: Readonly<Record<string, string>>
  readonly commit: string | null
  readonly seconds: number
  /** Share of the machine's CPU time that went to other processes or other guests while this ran, 0 … 1. */
  readonly othersShare: number
}

export interface Results {
  /** One machine per run; merged results have several. */
  readonly runs: readonly Machine[]
  readonly figures: readonly Figure[]
  readonly notes: readonly string[]
}

/** v24.1.0 → Node 24, the name that tells figures apart. */
export const nodeName = (version: string) => `Node ${Number.parseInt(version.slice(1))}`

const placeOf = ({ section, model, engine, threads, node, column }: Figure) =>
  JSON.stringify([section, model, engine, threads, node, column])

/** Merges results. Later ones replace figures in the same place. */
export function merge(results: readonly Results[]): Results {
  const figures = new Map(results.flatMap(({ figures }) => figures.map(figure => [placeOf(figure), figure])))
  return {
    runs: results.flatMap(({ runs }) => runs),
    figures: [...figures.values()],
    notes: [...new Set(results.flatMap(({ notes }) => notes))],
  }
}
