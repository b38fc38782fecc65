/**
 * The numbers of docs/from-paper-to-code.md: one sentence through the model in weights/, on the naive backend, every
 * operation recorded. Prints them; `--write` puts them into the page, between its marks (`npm run docs`).
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadKernels } from '../dist/kernels/load.js'
import { decodeRow } from '../dist/kernels/stored.js'
import { packBatch } from '../dist/layers/batch.js'
import { BertForTokenClassification } from '../dist/layers/token-classifier.js'
import { sourceFromFolder } from '../dist/node.js'
import { Tokenizer } from '../dist/tokenizer/tokenizer.js'

const SENTENCE = 'Ada Lovelace lived in London.'
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = sourceFromFolder(join(root, 'weights'))

const encoding = (await Tokenizer.fromSource(source)).encode(SENTENCE)
const { tokens, ids, typeIds } = encoding
const { kernels, outputs } = record(await loadKernels({ backend: 'naive' }))
const model = await BertForTokenClassification.loadOn(kernels, source)
const { logits, trace } = await model.forward(packBatch([encoding]), { trace: true })
const { hiddenSize: C, numHiddenLayers, numAttentionHeads: H, labels } = model.config
const [T, L] = [tokens.length, labels.length]

// The operations of one layer, in the order of the calls, from the list of all.
const LAYER = ['qkv', 'context', 'projected', 'attended', 'wide', 'narrow', 'out']
const last = Object.fromEntries(LAYER.map((name, i) => [name, outputs[1 + (numHiddenLayers - 1) * LAYER.length + i]]))
const entity = tokens.findIndex((_, t) => labels[argmax(row(logits, t, L))].startsWith('B-'))

const blocks = {
  tokens: columns(
    ['t', 'piece', 'id', 'type'],
    tokens.map((token, t) => [t, token, ids[t], typeIds[t]]),
  ),
  embedding: embeddingBlock(entity),
  attention: attentionBlock(),
  layer: layerBlock(entity),
  logits: columns(
    ['piece', ...labels, '→'],
    tokens.map((token, t) => {
      const values = row(logits, t, L)
      const best = argmax(values)
      return [token, ...values.map(value => value.toFixed(2)), `${labels[best]} ${softmax(values)[best].toFixed(4)}`]
    }),
  ),
}
await model.dispose()

if (process.argv.includes('--write')) {
  const path = join(root, 'docs/from-paper-to-code.md')
  let page = readFileSync(path, 'utf8')
  for (const [name, text] of Object.entries(blocks)) {
    const start = page.indexOf(`<!-- ${name} -->`)
    const end = page.indexOf('<!-- end -->', start)
    if (start < 0 || end < 0) throw new Error(`${path} has no place for ${name}`)
    page = `${page.slice(0, start)}<!-- ${name} -->\n\n\`\`\`text\n${text}\n\`\`\`\n\n${page.slice(end)}`
  }
  writeFileSync(path, page)
} else {
  for (const [name, text] of Object.entries(blocks)) console.log(`${name}\n\n${text}\n`)
}

/** What the three tables say of token t, their sum, and the sum after LayerNorm. */
function embeddingBlock(t) {
  const { word, tokenType, position } = model.bert.embedding.tables
  const parts = [
    [`word[${ids[t]}]`, decodeRow(word.tensor, ids[t], C)],
    [`tokenType[${typeIds[t]}]`, decodeRow(tokenType.tensor, typeIds[t], C)],
    [`position[${t}]`, decodeRow(position.tensor, t, C)],
  ]
  const sum = Float32Array.from({ length: C }, (_, c) => parts.reduce((total, [, values]) => total + values[c], 0))
  return vectors([...parts, ['sum', sum], ['LayerNorm(sum)', row(trace.hiddenStates[0], t, C)]])
}

/** Of all heads, the one in which the pieces after the first of an entity look hardest at the piece before them. */
function attentionBlock() {
  let best = { weight: -1 }
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    for (let h = 0; h < H; h++) {
      const p = trace.attention(layer, h, 0)
      const weight = p[(entity + 1) * T + entity]
      if (weight > best.weight) best = { weight, layer, h, p }
    }
  }
  const rows = tokens.map((token, i) => [token, ...row(best.p, i, T).map(value => value.toFixed(2))])
  return `layer ${best.layer}, head ${best.h}\n\n${columns(['query \\ key', ...tokens], rows)}`
}

function layerBlock(t) {
  return vectors([
    ['x', row(trace.hiddenStates[numHiddenLayers - 1], t, C)],
    ['Q', row(last.qkv.values, t, 3 * C).slice(0, C)],
    ['K', row(last.qkv.values, t, 3 * C).slice(C, 2 * C)],
    ['V', row(last.qkv.values, t, 3 * C).slice(2 * C)],
    ['context', row(last.context.values, t, C)],
    ['context·Woᵀ + bo', row(last.projected.values, t, C)],
    ['LayerNorm(… + x)', row(last.attended.values, t, C)],
    ['GELU(·W1ᵀ + b1)', row(last.wide.values, t, model.config.intermediateSize)],
    ['·W2ᵀ + b2', row(last.narrow.values, t, C)],
    ['LayerNorm(… + …)', row(last.out.values, t, C)],
  ])
}

function vectors(named) {
  return columns(
    ['', 'size', '[0]', '[1]', '[2]', '[3]', 'norm'],
    named.map(([name, values]) => [
      name,
      values.length,
      ...[...values.slice(0, 4)].map(value => value.toFixed(4)),
      Math.hypot(...values).toFixed(2),
    ]),
  )
}

/** Columns as wide as their widest cell: the first to the left, the others to the right. */
function columns(head, rows) {
  const lines = [head, ...rows].map(line => line.map(String))
  const widths = head.map((_, i) => Math.max(...lines.map(line => line[i].length)))
  const pad = (cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))
  return lines.map(line => line.map(pad).join('  ').trimEnd()).join('\n')
}

function row(values, t, width) {
  return [...values.subarray(t * width, (t + 1) * width)]
}

function argmax(values) {
  return values.indexOf(Math.max(...values))
}

function softmax(values) {
  const exponentials = values.map(value => Math.exp(value - Math.max(...values)))
  const sum = exponentials.reduce((a, b) => a + b)
  return exponentials.map(value => value / sum)
}

/** Kernels that keep the result of every operation. */
function record(naive) {
  const outputs = []
  const kernels = Object.create(naive)
  for (const name of ['embed', 'linear', 'linearGelu', 'attention', 'addLayerNorm']) {
    kernels[name] = (...args) => {
      const output = naive[name](...args)
      outputs.push(output)
      return output
    }
  }
  return { kernels, outputs }
}
