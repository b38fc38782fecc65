/** Writes results as tables: aligned for a terminal, and in Markdown. */
import type { Figure, Machine, Results } from './results.ts'

interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly remarks: readonly string[]
}

const TITLES: Readonly<Record<string, string>> = {
  latency: 'Latency of one text, ms: median / min / p95 (p95 from 20 samples on)',
  batch: 'Batches of equal texts of 32 tokens, ms per batch: median',
  throughput: "Throughput over sentences as long as CoNLL-2003's, tokens/s: median (tokens of padding do not count)",
  memory: 'Memory of the process, MB resident',
  pipeline: 'Text to entities: one text of 21 words (ms), sentences in batches of 16 (texts/s): median',
  cold: 'Cold start, ms: median. From the start of the process to the first answer (16 tokens; pipelines: 21 words), and stages',
  tokenizer: 'Tokenizer alone, MB of UTF-8 per second: median',
  browser:
    'In headless Chromium, ms: from the navigation to the first answer, the longest task of the main thread up to it, one text; texts/s; MB',
  serve: 'The service under load',
  overload: 'The service with four times as much to do as it can',
  soak: 'The service over 100,000 requests',
  filter: 'The filter over many lines: processes and threads',
  bytes: 'Bytes to download and to install, MB',
}

const SHORT_TITLES: Readonly<Record<string, string>> = { latency: 'Latency of one text, ms: median' }

/** All tables. `isShort`: those of RESULTS.md, medians of the engines that people compare. */
export function tables({ figures: all }: Results, isShort = false): readonly Table[] {
  const newest = `Node ${Math.max(...all.map(({ node }) => Number(node?.slice(5) ?? 0)))}`
  const figures = isShort ? all.filter(figure => isShown(figure, newest)) : all
  const groups = new Map<string, Figure[]>()
  for (const figure of figures) {
    const key = JSON.stringify([figure.section, figure.model, figure.threads, figure.node])
    groups.set(key, [...(groups.get(key) ?? []), figure])
  }
  const ordered = [...groups.values()].sort(byPlace)
  const drawn = (wanted: readonly Figure[][]) => wanted.flatMap(group => table(group, isShort))
  if (!isShort) return [...drawn(ordered), ...ratios(figures), ...growth(figures)]
  const quoted = figures.filter(isQuoted)
  const isInPage = ([first]: readonly Figure[]) => first?.section === 'browser'
  return [
    ...ratios(quoted, isSameKind),
    ...drawn(ordered.filter(isInPage)),
    ...growth(quoted.filter(({ node }) => node === newest)),
    ...drawn(ordered.filter(group => !isInPage(group))),
  ]
}

/** Engines that RESULTS.md leaves to the JSON: slow by design, or between two others. */
const LEFT_OUT = /naive|tfjs$|first written|w8a7|turbo fp32/
/** What RESULTS.md compares: one thread, with the peer that does the same in a page. */
const isQuoted = ({ group, engine, threads }: Figure) =>
  threads === 1 && (group === 'ours' || engine.startsWith('onnxruntime-web'))
/** Float32 with float32, integers with integers. */
const isSameKind = (ours: string, theirs: string) => ours.includes('fp32') === theirs.includes('fp32')

/** RESULTS.md shows the latency of one thread on every Node, all else on the newest. */
function isShown({ section, engine, value, node, threads }: Figure, newest: string): boolean {
  if (LEFT_OUT.test(engine) || value === null)
    return section.startsWith('kernels, 128 tokens') && section.endsWith('q8') && node === newest
  if (section.startsWith('kernels'))
    return section.startsWith('kernels, 128') && section.endsWith('simd q8') && node === newest
  return (section === 'latency' && threads === 1) || node === newest || node === null
}

/** Orders tables by section, then by model. */
function byPlace([a]: readonly Figure[], [b]: readonly Figure[]): number {
  const order = (figure: Figure | undefined) => {
    const at = Object.keys(TITLES).indexOf(figure?.section ?? '')
    return at < 0 ? 99 : at
  }
  return (
    order(a) - order(b) ||
    Number(a?.model.includes('random')) - Number(b?.model.includes('random')) ||
    (a?.threads ?? 0) - (b?.threads ?? 0) ||
    (a?.node ?? '').localeCompare(b?.node ?? '')
  )
}

function table(figures: readonly Figure[], isShort: boolean): Table[] {
  const [first] = figures
  if (!first) return []
  const { section } = first
  const columns = [...new Set(figures.map(({ column }) => column))].sort(byNumber)
  const engines = [...new Set(figures.map(({ engine }) => engine))]
  const rows = engines.map(engine => [
    engine,
    ...columns.map(column =>
      cell(
        figures.find(figure => figure.engine === engine && figure.column === column),
        isShort,
      ),
    ),
  ])
  const missing = new Map<string, Set<string>>()
  for (const { engine, note } of figures) {
    if (note !== undefined) missing.set(note, (missing.get(note) ?? new Set()).add(engine))
  }
  const remarks = [...missing].map(([note, names]) => `Not measured: ${[...names].join(', ')}: ${note}`)
  const title = (isShort ? SHORT_TITLES[section] : undefined) ?? TITLES[section] ?? section
  return [{ title: `${title} (${where(first)})`, head: ['', ...columns], rows, remarks }]
}

function where({ model, threads, node }: Figure): string {
  const count = threads === null ? '' : `${threads} thread${threads === 1 ? '' : 's'}`
  return [model, count, node].filter(Boolean).join(', ')
}

/** Sorts columns by the number (of tokens, of texts) at their start or end. Columns without one keep their order, at the end. */
function byNumber(a: string, b: string): number {
  const [x, y] = [a, b].map(column => Number.parseInt(/\d+/.exec(column)?.[0] ?? '', 10))
  if (x === undefined || y === undefined || (Number.isNaN(x) && Number.isNaN(y))) return 0
  return Number.isNaN(x) ? 1 : Number.isNaN(y) ? -1 : x - y
}

function cell(figure: Figure | undefined, isShort: boolean): string {
  if (figure === undefined || figure.value === null) return '–'
  const { value, section, column, min, p95, samples, unit } = figure
  if (column === 'logit error') return value.toExponential(1)
  if (section !== 'latency' || isShort) return number(value) + (unit === '%' ? ' %' : '')
  return (
    [value, min, p95].map(part => (part === undefined || part === null ? '–' : number(part))).join(' / ') +
    (samples !== undefined && samples < 20 ? ` (${samples})` : '')
  )
}

/** Formats a number with about three significant digits: a reader needs no more. */
export function number(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 3
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** How many times faster ours is than each peer: the peer's median divided by ours, in the same run. */
function ratios(figures: readonly Figure[], isWanted: (ours: string, theirs: string) => boolean = () => true): Table[] {
  const latencies = figures.filter(
    ({ section, column, value }) => section === 'latency' && value !== null && column.endsWith(' tokens'),
  )
  const groups = new Map<string, Figure[]>()
  for (const figure of latencies) {
    const key = where(figure)
    groups.set(key, [...(groups.get(key) ?? []), figure])
  }
  return [...groups].flatMap(([key, group]) => {
    const columns = [...new Set(group.map(({ column }) => column))].sort(byNumber)
    const names = (wanted: Figure['group']) =>
      [...new Set(group.filter(figure => figure.group === wanted).map(({ engine }) => engine))].filter(
        engine => engine.startsWith('onnx') || /simd|fastest/.test(engine),
      )
    const at = (engine: string, column: string) =>
      group.find(figure => figure.engine === engine && figure.column === column)?.value ?? null
    const rows = names('ours').flatMap(mine =>
      names('peer')
        .filter(theirs => isWanted(mine, theirs))
        .map(theirs => [
          `${mine} against ${theirs}`,
          ...columns.map(column => {
            const [a, b] = [at(mine, column), at(theirs, column)]
            return a === null || b === null ? '–' : `${(b / a).toFixed(2)} ×`
          }),
        ]),
    )
    return rows.length === 0
      ? []
      : [
          {
            title: `Times faster than (below 1: slower): medians of the same run (${key})`,
            head: ['', ...columns],
            rows,
            remarks: [],
          },
        ]
  })
}

/** How the time of a token grows with the text: milliseconds per token, as a multiple of that at 64 tokens. */
function growth(figures: readonly Figure[]): Table[] {
  const points = figures.filter(
    ({ section, value, column }) => section === 'latency' && value !== null && column.endsWith(' tokens'),
  )
  const rowOf = (figure: Figure) => `${figure.engine} (${where(figure)})`
  const columns = [...new Set(points.map(({ column }) => column))].sort(byNumber)
  const rows = [...new Set(points.map(rowOf))].flatMap(row => {
    const perToken = (column: string) => {
      const found = points.find(point => rowOf(point) === row && point.column === column)
      return found?.value == null ? undefined : found.value / Number.parseInt(column)
    }
    const base = perToken('64 tokens')
    if (base === undefined) return []
    return [
      [
        row,
        ...columns.map(column =>
          ((at: number | undefined) => (at === undefined ? '–' : (at / base).toFixed(2)))(perToken(column)),
        ),
      ],
    ]
  })
  const title = 'Growth: time per token, as a multiple of that at 64 tokens (medians)'
  return rows.length === 0 ? [] : [{ title, head: ['', ...columns], rows, remarks: [] }]
}

export function toText(results: Results): string {
  return [...runLines(results.runs), '', ...results.notes, ...tables(results).map(tableText)].join('\n')
}

function tableText({ title, head, rows, remarks }: Table): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)))
  const lines = all.map(row =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[i] ?? 0))).join('  '),
  )
  return ['', title, ...lines, ...remarks.map(remark => `  ${remark}`)].join('\n')
}

export function toMarkdown(results: Results): string {
  const lines = [
    '# Benchmark results',
    '',
    'Written by `npm run bench`; bench/README.md says what is measured and how.',
    '',
  ]
  lines.push(...runLines(results.runs).map(line => `- ${line}`), ...results.notes.map(note => `- ${note}`))
  for (const table of tables(results)) lines.push(...tableMarkdown(table))
  return lines.join('\n') + '\n'
}

function tableMarkdown({ title, head, rows, remarks }: Table): string[] {
  const row = (cells: readonly string[]) => `| ${cells.map(text => text.replaceAll('|', '\\|')).join(' | ')} |`
  const lines = [
    '',
    `## ${title}`,
    '',
    row(head),
    row(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map(row),
  ]
  return remarks.length > 0 ? [...lines, '', ...remarks.map(remark => `- ${remark}`)] : lines
}

/** RESULTS.md: what fits into `most` lines. The JSON beside it has all figures, with their spread. */
export function toShortMarkdown(results: Results, most = 250): string {
  const { runs } = results
  const [machine = '', ...versions] = runLines(runs).slice(0, 2)
  const shares = runs.map(({ othersShare }) => Math.round(100 * othersShare))
  const all = tables(results, true)
  const lines = [
    '# Benchmark results',
    '',
    'Written by `npm run bench -- --all --peers`; README.md says what is measured and how, RESULTS.json has all figures and their spread.',
    '',
    `- ${machine}`,
    ...versions.map(line => `- ${line}`),
    ...[...new Set(runs.map(({ node, v8 }) => `Node ${node.slice(1)} (V8 ${v8})`))].map(line => `- ${line}`),
    `- ${runs.length} parts, ${runs.map(({ date }) => date).sort()[0] ?? ''} to ${
      runs
        .map(({ date }) => date)
        .sort()
        .at(-1) ?? ''
    }, of ` +
      `${[...new Set(runs.map(({ commit }) => commit))].join(', ')}; others took ${Math.min(...shares)} … ${Math.max(...shares)} % of the machine's CPU time meanwhile`,
  ]
  let left = 0
  for (const table of all) {
    const next = tableMarkdown(table)
    if (lines.length + next.length + 2 <= most) lines.push(...next)
    else left++
  }
  if (left > 0) lines.push('', `${left} more tables: \`npm run bench -- --from bench/RESULTS.json\`.`)
  return lines.join('\n') + '\n'
}

function runLines(runs: readonly Machine[]): string[] {
  const [first] = runs
  if (!first) return []
  const versions = Object.entries(Object.assign({}, ...runs.map(run => run.versions)) as Record<string, string>)
  return [
    `${first.cpu}, ${first.cores} cores, ${first.memoryGb} GB; ${first.system}`,
    ...(versions.length > 0 ? [`peers: ${versions.map(([name, version]) => `${name} ${version}`).join(', ')}`] : []),
    ...runs.map(
      run =>
        `\`${run.command}\`, Node ${run.node.slice(1)} (V8 ${run.v8}), ${run.date}, commit ${run.commit ?? 'unknown'}, ${run.seconds} s; ` +
        (run.othersShare > 0.05
          ? `BUSY: others took ${Math.round(100 * run.othersShare)} % of the machine's CPU time meanwhile, so times are too high and spread`
          : `others took ${Math.round(100 * run.othersShare)} % of the machine's CPU time meanwhile`),
    ),
  ]
}
