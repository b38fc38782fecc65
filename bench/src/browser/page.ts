/** The page of npm run bench -- --browser: loads one pipeline, answers one text, and then whatever the bench asks. */

/** The part of a page's address behind `?`. */
export interface Visit {
  readonly engine: 'ours' | 'worker' | 'transformers'
  readonly dtype: 'fp32' | 'q8'
  readonly threads: number
  readonly text: string
}

/** Milliseconds since the navigation, and of the longest task of the main thread up to the first answer. */
export interface First {
  readonly answer: number
  readonly longest: number
  readonly entities: number
}

type Extract = (texts: readonly string[]) => Promise<number>
/** A library as a page imports it, by its address: the bundler must not look inside. */
const from = (address: string) => import(/* @vite-ignore */ address) as Promise<Record<string, never>>
const count = (answers: readonly (readonly unknown[])[]) => answers.reduce((sum, { length }) => sum + length, 0)

interface Options {
  readonly dtype: string
  readonly threads: number
}
type Pipeline = (texts: readonly string[], options?: object) => Promise<readonly (readonly unknown[])[]>

async function ours(entry: string, { dtype, threads }: Options): Promise<Extract> {
  const [{ pipeline }, { sourceFromUrl }] = (await Promise.all([from(entry), from('/dist/index.js')])) as unknown as [
    { pipeline: (task: string, model: unknown, options: Options) => Promise<Pipeline> },
    { sourceFromUrl: (address: string) => unknown },
  ]
  const ner = await pipeline('token-classification', sourceFromUrl(`${location.origin}/model/`), { dtype, threads })
  return async texts => count(await ner(texts, { batch_size: texts.length }))
}

async function transformers({ dtype, threads }: Options): Promise<Extract> {
  const { env, pipeline } = (await from('/transformers/transformers.min.js')) as unknown as {
    env: Record<string, unknown> & { backends: { onnx: { wasm: object } } }
    pipeline: (task: string, model: string, options: object) => Promise<Pipeline>
  }
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: '/' })
  Object.assign(env.backends.onnx.wasm, { numThreads: threads, wasmPaths: '/ort/' })
  const ner = await pipeline('token-classification', 'exported', { dtype, device: 'wasm' })
  return async texts => count(await ner(texts))
}

const asked = new URLSearchParams(location.search)
const options = { dtype: asked.get('dtype') ?? 'q8', threads: Number(asked.get('threads') ?? 1) }
let longest = 0
new PerformanceObserver(list => {
  for (const { duration } of list.getEntries()) longest = Math.max(longest, duration)
}).observe({ type: 'longtask', buffered: true })

const engine = asked.get('engine')
const loaded =
  engine === 'transformers' ? transformers(options) : ours(engine === 'worker' ? '/dist/worker.js' : '/dist/index.js', options) // prettier-ignore

/** What the bench calls from outside. */
const bench = {
  async first(): Promise<First> {
    const entities = await (await loaded)([asked.get('text') ?? ''])
    const answer = performance.now()
    // The observer hears of a task some time after its end.
    await new Promise(resolve => setTimeout(resolve, 200))
    return { answer, longest, entities }
  },
  /** Milliseconds of each pass over all batches. */
  async times(batches: readonly (readonly string[])[], repeat: number): Promise<readonly number[]> {
    const extract = await loaded
    const times: number[] = []
    for (let i = 0; i < repeat; i++) {
      const start = performance.now()
      for (const batch of batches) await extract(batch)
      times.push(performance.now() - start)
    }
    return times
  },
}
export type PageBench = typeof bench
const first = bench.first()
Object.assign(globalThis, { bench: { ...bench, first: () => first } })
