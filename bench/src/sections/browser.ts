/**
 * Measures pipelines in headless Chromium: this one, in the page and in a worker, beside transformers.js's web build with the same
 * weights. Each has a browser and a profile of its own. `isolated` pages have threads; others have one.
 */
import { Tokenizer } from '../../../dist/index.js'
import { sourceFromFolder } from '../../../dist/node.js'
import { Bench, progress } from '../bench.ts'
import type { Visit } from '../browser/page.ts'
import { serve, type Site } from '../browser/server.ts'
import { Tab } from '../browser/tab.ts'
import { asError, interleave } from '../interleave.ts'
import type { Model } from '../models.ts'
import { summarise } from '../stats.ts'
import { ONE_TEXT, texts } from '../text.ts'

interface Row {
  readonly label: string
  readonly group: 'ours' | 'peer'
  readonly engine: Visit['engine']
  readonly dtype: Visit['dtype']
}

const ROWS: readonly Row[] = (['q8', 'fp32'] as const).flatMap(dtype => [
  { label: `bert-ner, ${dtype}`, group: 'ours', engine: 'ours', dtype },
  ...(dtype === 'q8' ? [{ label: 'bert-ner, q8, in a worker', group: 'ours', engine: 'worker', dtype } as const] : []),
  { label: `transformers.js, ${dtype}`, group: 'peer', engine: 'transformers', dtype },
])
const TOKENS = [16, 32, 128]
/** Columns. */
const [NEW, CACHED, LONGEST, STREAM, MEMORY] = ['first answer, new', 'cached', 'longest task', 'texts/s', 'MB resident']

export async function measureBrowser(bench: Bench, model: Model, all: number): Promise<void> {
  const lengths = await Promise.all(TOKENS.map(async tokens => [tokens, await textOf(model, tokens)] as const))
  for (const threads of all === 1 ? [1] : [1, all]) {
    if (!bench.hasTimeFor(`${model.name} in a browser, ${threads} threads`)) return
    progress(`${model.name} in a browser, ${threads} thread${threads === 1 ? '' : 's'}`)
    const site = await serve(model, threads > 1)
    try {
      await measurePages(bench, model, site, threads, lengths)
    } finally {
      await site.close()
    }
  }
}

async function measurePages(
  bench: Bench,
  model: Model,
  site: Site,
  threads: number,
  lengths: readonly (readonly [number, string])[],
): Promise<void> {
  const place = { section: 'browser', model: model.name, threads }
  const tabs = new Map<Row, Tab>()
  const rows = ROWS.filter(({ group }) => bench.settings.peers || group === 'ours')
  const starts = new Map(
    rows.map(row => [row, { fresh: [] as number[], cached: [] as number[], longest: [] as number[] }]),
  )
  try {
    for (let round = 0; round < (bench.settings.quick ? 1 : 3); round++) {
      for (const row of rows) {
        await tabs.get(row)?.close()
        tabs.delete(row)
        const tab = await Tab.open()
        tabs.set(row, tab)
        const visit = { engine: row.engine, dtype: row.dtype, threads, text: ONE_TEXT }
        const first = await tab.visit(site.origin, visit)
        const again = await tab.visit(site.origin, visit)
        const times = starts.get(row)
        times?.fresh.push(first.answer)
        times?.cached.push(again.answer)
        times?.longest.push(Math.max(first.longest, again.longest))
      }
    }
    for (const [row, { fresh, cached, longest }] of starts) {
      for (const [column, times] of [
        [NEW, fresh],
        [CACHED, cached],
        [LONGEST, longest],
      ] as const) {
        bench.addTimes(row, { ...place, column }, summarise(times))
      }
    }
    for (const [tokens, text] of lengths) {
      const results = await interleave(
        [...tabs].map(([key, tab]) => ({ key, run: (repeat: number) => tab.times([[text]], repeat) })),
        bench.effort(),
      )
      for (const [row, summary] of results) bench.addTimes(row, { ...place, column: `${tokens} tokens` }, summary)
    }
    const stream = texts(bench.settings.quick ? 16 : 64)
    const batches = Array.from({ length: Math.ceil(stream.length / 16) }, (_, i) => stream.slice(i * 16, i * 16 + 16))
    const many = await interleave(
      [...tabs].map(([key, tab]) => ({ key, run: (repeat: number) => tab.times(batches, repeat) })),
      { budget: 0, rounds: bench.settings.quick ? 1 : 3, warmUp: 1 },
    )
    for (const [row, summary] of many) {
      bench.addTimes(row, { ...place, column: STREAM }, summary, 'texts/s', ms => (1000 * stream.length) / ms)
    }
    for (const [row, tab] of tabs) {
      const bytes = tab.memory()
      bench.add(row, { ...place, column: MEMORY }, bytes === null ? null : bytes / 1e6, 'MB')
    }
  } catch (error) {
    bench.notes.push(`${model.name} in a browser, ${threads} threads: ${asError(error).message}`)
  } finally {
    await Promise.all([...tabs.values()].map(tab => tab.close()))
  }
}

/** A text of so many tokens, [CLS] and [SEP] included: common words, each of one piece, and a name here and there. */
async function textOf(model: Model, tokens: number): Promise<string> {
  const tokenizer = await Tokenizer.fromSource(sourceFromFolder(model.folder))
  const words =
    'John Smith of London said that the plan for Paris was good and that he would be in Rome on Monday'.split(' ')
  const text = Array.from({ length: tokens - 2 }, (_, i) => words[i % words.length]).join(' ')
  const found = tokenizer.encode(text).ids.length
  if (found !== tokens)
    throw new Error(`a text of ${tokens} tokens: expected words of one piece, found ${found} tokens`)
  return text
}
