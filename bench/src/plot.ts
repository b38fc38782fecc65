/** Draws charts: latency as bars, with lines for native engines, and cost by tokens, batches and threads. */
import { writeFileSync } from 'node:fs'
import { importPeer } from './paths.ts'
import { number } from './report.ts'
import { nodeName, type Figure, type Results } from './results.ts'

interface Echarts {
  init(element: null, theme: null, options: object): Chart
}
interface Chart {
  setOption(option: object): void
  renderToSVGString(): string
  dispose(): void
}
type Panel = Readonly<Record<'title' | 'grid' | 'xAxis' | 'yAxis', object>> & { readonly series: readonly object[] }

const WIDTH = 1200
const HEIGHT = 1060
const FONT = 'Helvetica, Arial, sans-serif'
const OURS = ['#1f5fbf', '#8fb5ea']
const PEER = ['#6b7280', '#c3c8d0']
// prettier-ignore
const LINES = ['#1f5fbf', '#c2410c', '#0f766e', '#7c3aed', '#0891b2', '#111827', '#d97706', '#be185d', '#6b7280', '#65a30d']
/** The longest bar, as a multiple of the fastest peer's: longer bars would flatten all others. */
const LONGEST = 6

/** Writes one file per model and Node: first `file`, then `file` with their names before its extension. */
export async function draw(results: Results, file: string): Promise<void> {
  const echarts = (await importPeer('echarts')) as Echarts
  for (const [i, figures] of pages(results).entries()) {
    const { model = '', node = '' } = figures[0] ?? {}
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT })
    chart.setOption(page(results, figures))
    const path =
      i === 0 ? file : file.replace(/(\.svg)?$/, `-${`${model} ${node}`.replaceAll(/[^a-z0-9]+/gi, '-')}.svg`)
    writeFileSync(path, chart.renderToSVGString())
    chart.dispose()
  }
}

/** The figures of each page. The model on which peers are compared comes first. */
function pages({ figures }: Results): (readonly Figure[])[] {
  const groups = new Map<string, Figure[]>()
  for (const figure of figures.filter(({ node }) => node !== null)) {
    const key = JSON.stringify([figure.model, figure.node])
    groups.set(key, [...(groups.get(key) ?? []), figure])
  }
  const order = ([figure]: readonly Figure[]) => Number(figure?.model.includes('base') === true)
  return [...groups.values()]
    .filter(group => group.some(({ section }) => section === 'latency'))
    .sort((a, b) => order(b) - order(a))
}

function page({ runs }: Results, figures: readonly Figure[]): object {
  const { model = '', node = null } = figures[0] ?? {}
  const run = runs.find(({ node: version }) => nodeName(version) === node)
  const mine = figures.filter(figure => figure.value !== null)
  const threads = [...new Set(mine.map(figure => figure.threads ?? 1))].sort((a, b) => a - b)
  const most = threads.at(-1) ?? 1
  const lengths = [
    ...new Set(
      mine
        .filter(({ section, column }) => section === 'latency' && column.endsWith(' tokens'))
        .map(({ column }) => column),
    ),
  ]
  const [few = '', many = ''] = ['16 tokens', '128 tokens'].every(column => lengths.includes(column))
    ? ['16 tokens', '128 tokens']
    : [lengths[0], lengths.at(-1)]
  const panels = [
    bars(mine, few, threads, { left: 250, top: 120, width: 320, height: 370 }),
    bars(mine, many, threads, { left: 850, top: 120, width: 320, height: 370 }),
    curve(mine, 'latency', / tokens$/, most, 'tokens', 'ms', `One text, ${plural(most)}`, 70),
    curve(mine, 'batch', /^batch /, most, 'texts of 32 tokens', 'ms', `One batch, ${plural(most)}`, 470),
    speedUp(mine, many, threads, 870),
  ]
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: FONT },
    title: [
      {
        text: `Latency, ${model}`,
        subtext: run
          ? `${run.cpu}, Node ${run.node.slice(1)}, ${run.date.slice(0, 10)}; medians, measured in turn`
          : '',
        left: 20,
        top: 8,
        textStyle: { fontSize: 18 },
      },
      ...panels.map(({ title }) => title),
    ],
    grid: panels.map(({ grid }) => grid),
    xAxis: panels.map(({ xAxis }, i) => ({ ...xAxis, gridIndex: i })),
    yAxis: panels.map(({ yAxis }, i) => ({ ...yAxis, gridIndex: i })),
    series: panels.flatMap(({ series }, i) => series.map(one => ({ ...one, xAxisIndex: i, yAxisIndex: i }))),
    legend: {
      type: 'plain',
      bottom: 8,
      left: 'center',
      width: WIDTH - 80,
      textStyle: { fontSize: 11 },
      itemGap: 24,
      itemWidth: 34,
      data: [...new Set(panels.slice(2).flatMap(({ series }) => series.map(one => (one as { name: string }).name)))],
    },
  }
}

const plural = (threads: number) => `${threads} thread${threads === 1 ? '' : 's'}`
const short = (engine: string) => engine.replace('onnxruntime', 'ort').replace('stock tfjs-wasm', 'tfjs-wasm')

/** Draws one bar per engine and thread count; native engines are lines across all bars instead. */
function bars(
  figures: readonly Figure[],
  column: string,
  threads: readonly number[],
  at: Record<string, number>,
): Panel {
  const cells = figures.filter(figure => figure.section === 'latency' && figure.column === column)
  const isNative = ({ engine }: Figure) => engine.includes('native')
  const best = Math.min(...cells.filter(figure => figure.group === 'peer' && !isNative(figure)).map(valueOf))
  const shown = cells.filter(figure => !isNative(figure) && valueOf(figure) <= LONGEST * best)
  const left = [
    ...new Set(cells.filter(figure => !isNative(figure) && !shown.includes(figure)).map(({ engine }) => engine)),
  ]
  const engines = [...new Set(shown.map(({ engine }) => engine))].sort((a, b) => fastest(shown, b) - fastest(shown, a))
  return {
    title: {
      text: `${column}, ms: ${threads.map((count, i) => `${i === 0 ? 'dark' : 'light'} ${plural(count)}`).join(', ')}`,
      subtext: left.length === 0 ? '' : `too slow to show: ${left.join(', ')}`,
      left: (at.left ?? 0) - 220,
      top: (at.top ?? 0) - 64,
      textStyle: { fontSize: 13 },
      subtextStyle: { fontSize: 10 },
      itemGap: 2,
    },
    grid: at,
    xAxis: { type: 'value', min: 0, axisLabel: { fontSize: 10 }, splitLine: { lineStyle: { color: '#eeeeee' } } },
    yAxis: { type: 'category', data: engines.map(short), axisLabel: { fontSize: 11 }, axisTick: { show: false } },
    series: threads.map(count => {
      const shade = threads.indexOf(count) === 0 ? 0 : 1
      return {
        type: 'bar',
        name: plural(count),
        barGap: '10%',
        barCategoryGap: '30%',
        label: {
          show: true,
          position: 'right',
          fontSize: 10,
          formatter: ({ value }: { value: number }) => (value ? number(value) : ''),
        },
        data: engines.map(engine => {
          const figure = shown.find(one => one.engine === engine && one.threads === count)
          return {
            value: figure?.value ?? null,
            itemStyle: { color: (engine.startsWith('bert-ner') ? OURS : PEER)[shade] },
          }
        }),
        markLine: ceiling(
          cells.filter(figure => isNative(figure) && figure.threads === threads[0]),
          shade === 0,
        ),
      }
    }),
  }
}

/** Draws vertical lines at the native engines' times on one thread. */
function ceiling(natives: readonly Figure[], isShown: boolean): object | undefined {
  if (!isShown || natives.length === 0) return undefined
  return {
    symbol: 'none',
    silent: true,
    lineStyle: { color: '#b91c1c', type: 'dashed', width: 1 },
    data: natives.map((figure, i) => ({
      xAxis: valueOf(figure),
      label: {
        formatter: `native ${figure.engine.includes('int8') ? 'int8' : 'fp32'}: ${number(valueOf(figure))}`,
        position: 'end',
        distance: 3 + 12 * i,
        rotate: 0,
        fontSize: 10,
        color: '#b91c1c',
      },
    })),
  }
}

const valueOf = (figure: Figure) => figure.value ?? Number.NaN
const fastest = (figures: readonly Figure[], engine: string) =>
  Math.min(...figures.filter(figure => figure.engine === engine).map(valueOf))

function curve(
  figures: readonly Figure[],
  section: string,
  pattern: RegExp,
  threads: number,
  xName: string,
  yName: string,
  title: string,
  left: number,
): Panel {
  const cells = figures.filter(
    figure => figure.section === section && figure.threads === threads && pattern.test(figure.column),
  )
  const series = names(figures).map((engine, i) => ({
    ...line(engine, i),
    data: cells
      .filter(figure => figure.engine === engine)
      .map(figure => [Number.parseInt(/\d+/.exec(figure.column)?.[0] ?? '0', 10), valueOf(figure)] as const)
      .sort((a, b) => a[0] - b[0]),
  }))
  return {
    ...frame(title, left),
    xAxis: { type: 'log', logBase: 2, ...axis(xName, 'middle') },
    yAxis: { type: 'log', ...axis(yName, 'end') },
    series: series.filter(({ data }) => data.length > 0),
  }
}

/** Speed-up over one thread. */
function speedUp(figures: readonly Figure[], column: string, threads: readonly number[], left: number): Panel {
  const time = (engine: string, count: number) =>
    figures.find(
      figure =>
        figure.section === 'latency' &&
        figure.column === column &&
        figure.engine === engine &&
        figure.threads === count,
    )?.value ?? null
  const series = names(figures).map((engine, i) => ({
    ...line(engine, i),
    data: threads.flatMap(count => {
      const [one, many] = [time(engine, threads[0] ?? 1), time(engine, count)]
      return one === null || many === null ? [] : [[count, one / many]]
    }),
  }))
  const most = threads.at(-1) ?? 1
  return {
    ...frame(`${column}: times faster than on one thread`, left),
    xAxis: { type: 'value', min: 1, max: Math.max(2, most), minInterval: 1, ...axis('threads', 'middle') },
    yAxis: { type: 'value', min: 0, ...axis('×', 'end') },
    series: series.filter(({ data }) => data.length > 1),
  }
}

/** The engines that have curves: those measured in batches, or else all but the slowest. */
function names(figures: readonly Figure[]): string[] {
  const scaled = figures.filter(({ section }) => section === 'batch')
  return [
    ...new Set(
      (scaled.length > 0 ? scaled : figures.filter(({ section }) => section === 'latency')).map(({ engine }) => engine),
    ),
  ]
}

const line = (engine: string, i: number) => ({
  type: 'line',
  name: engine,
  symbolSize: 5,
  color: LINES[i % LINES.length],
  lineStyle: { width: 2, type: engine.startsWith('bert-ner') ? 'solid' : 'dashed' },
})

const frame = (title: string, left: number) => ({
  title: { text: title, left: left - 30, top: 540, textStyle: { fontSize: 13 } },
  grid: { left, top: 590, width: 290, height: 340 },
})

const axis = (name: string, nameLocation: 'middle' | 'end') => ({
  name,
  nameLocation,
  nameGap: nameLocation === 'middle' ? 26 : 10,
  axisLabel: { fontSize: 10 },
  splitLine: { lineStyle: { color: '#eeeeee' } },
})
