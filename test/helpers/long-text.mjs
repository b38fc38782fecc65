// Tags one text of so many bytes with the default model's tokenizer and a tiny model: for what it takes, in a process of its own.
import { readFileSync } from 'node:fs'
import { clearInterval, setInterval } from 'node:timers'
import { pipeline } from '../../dist/node.js'
import { randomModel } from './random-model.js'

const shape = {
  layers: 1,
  hidden: 8,
  heads: 1,
  intermediate: 16,
  vocab: 30522,
  types: 5,
  positions: 192,
  std: 0.3,
  seed: 27,
}
const files = randomModel({ ...shape, labels: ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'] })
for (const name of ['vocab.txt', 'tokenizer_config.json']) {
  files[name] = new Uint8Array(readFileSync(new URL(`../../weights/${name}`, import.meta.url)))
}
const sentence = 'Angela Merkel met José Álvarez in Berlin on Monday, and they discussed the weather of 1998. '
const text = sentence.repeat(Math.ceil(Number(process.argv[2]) / Buffer.byteLength(sentence)))

let rss = 0
const timer = setInterval(() => (rss = Math.max(rss, process.memoryUsage().rss)), 20)
const ner = await pipeline('ner', files, { threads: 1 })
const start = performance.now()
const entities = await ner(text, { aggregation_strategy: 'first' })
clearInterval(timer)
console.log(
  JSON.stringify({ entities: entities.length, rss, units: text.length, seconds: (performance.now() - start) / 1000 }),
)
