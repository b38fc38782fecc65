/**
 * Measures a long-lived process: resident memory over many requests of every kind, and over many loads; how long the event loop
 * waits while a model computes.
 *
 *     node scripts/soak.mjs --threads 2 --requests 100000 --loads 200
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { pipeline } from '../dist/node.js'
import { randomModel } from '../test/helpers/random-model.js'

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '1' },
    requests: { type: 'string', default: '100000' },
    loads: { type: 'string', default: '200' },
  },
})
const threads = Number(values.threads)
const megabytes = () => Math.round(process.memoryUsage().rss / 1e6)

const PIECES = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...'abcdefghijklmnopqrstuvwxyz,.'].flatMap(piece =>
  piece.length === 1 && piece >= 'a' ? [piece, `##${piece}`] : [piece],
)
const tiny = {
  ...randomModel({
    layers: 1,
    hidden: 16,
    heads: 2,
    intermediate: 32,
    vocab: PIECES.length,
    positions: 64,
    types: 2,
    std: 0.3,
  }),
  'vocab.txt': new TextEncoder().encode(PIECES.join('\n')),
}

console.log(`Node ${process.version}, threads ${threads}`)
await requests(Number(values.requests))
await loads(Number(values.loads))
await delay()

/** Single texts, lists, streams that are left, words, aborted calls and refused ones, in turn. → MB at each tenth */
async function requests(count) {
  const ner = await pipeline('ner', tiny, { threads })
  const kinds = [
    i => ner(`ada met bob ${'x'.repeat(i % 40)}, and they left.`),
    i => ner(['ada', '', 'a b c '.repeat(i % 50)], { aggregation_strategy: 'simple' }),
    async () => {
      for await (const entities of ner.stream(['one', 'two', 'three'])) if (entities.length >= 0) break
    },
    () => ner(['ada', 'met', 'bob'], { is_split_into_words: true, decoding: 'constrained' }),
    () => ner('a b c', { signal: globalThis.AbortSignal.abort(new Error('aborted')) }).catch(() => undefined),
    () => ner('a', { threshold: 7 }).catch(() => undefined),
  ]
  const found = []
  for (let i = 0; i < count; i++) {
    await kinds[i % kinds.length](i)
    if ((i + 1) % Math.ceil(count / 10) === 0) found.push(megabytes())
  }
  await ner.dispose()
  console.log(`${count} requests, resident MB at each tenth: ${found.join(' ')}`)
}

/** The default model, loaded, asked and disposed of. → MB at each tenth */
async function loads(count) {
  const found = []
  for (let i = 0; i < count; i++) {
    const ner = await pipeline('ner', undefined, { threads })
    await ner('Ada Lovelace met Charles Babbage in London.')
    await ner.dispose()
    if ((i + 1) % Math.ceil(count / 10) === 0) found.push(megabytes())
  }
  console.log(`${count} loads of the default model, resident MB at each tenth: ${found.join(' ')}`)
}

/** While the default model reads long texts, batch after batch. */
async function delay() {
  const ner = await pipeline('ner', undefined, { threads })
  const text = 'Ada Lovelace met Charles Babbage in London. '.repeat(400)
  await ner('Ada')
  const histogram = monitorEventLoopDelay({ resolution: 5 })
  histogram.enable()
  await ner(text)
  histogram.disable()
  await ner.dispose()
  const ms = ns => Math.round(ns / 1e6)
  console.log(
    `event loop while reading a long text: p99 ${ms(histogram.percentile(99))} ms, most ${ms(histogram.max)} ms`,
  )
}
