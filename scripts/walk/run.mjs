/**
 * Runs a text through the model in weights/ on plain loops (backend naive), and records the result of every operation.
 *
 * The kernels are wrapped: each operation's result goes into a list, in the order of the calls, so the layers need no
 * hooks. The results are then named, layer by layer.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadKernels } from '../../dist/kernels/load.js'
import { packBatch } from '../../dist/layers/batch.js'
import { BertForTokenClassification } from '../../dist/layers/token-classifier.js'
import { pipeline } from '../../dist/index.js'
import { sourceFromFolder } from '../../dist/node.js'

const OPERATIONS = ['embed', 'linear', 'linearGelu', 'attention', 'addLayerNorm']
/** The results of one layer, in the order of the calls (src/layers/bert.ts). */
const LAYER = ['qkv', 'context', 'projected', 'attended', 'wide', 'narrow', 'out']

/**
 * @param {string} root the repository
 * @param {string} text
 * @param {string | undefined} piece the piece to follow; default: the first of the last entity
 */
export async function run(root, text, piece) {
  const source = sourceFromFolder(join(root, 'weights'))
  const ner = await pipeline('token-classification', source, { backend: 'naive' })
  const encoding = ner.tokenizer.encode(text)
  const entities = await ner(text, { aggregation_strategy: 'first' })

  const { kernels, outputs } = record(await loadKernels({ backend: 'naive' }))
  const model = await BertForTokenClassification.loadOn(kernels, source)
  await model.forward(packBatch([encoding]))
  const layers = Array.from({ length: model.config.numHiddenLayers }, (_, i) =>
    Object.fromEntries(LAYER.map((name, step) => [name, outputs[1 + i * LAYER.length + step].values])),
  )
  const { logits, trace } = await model.forward(packBatch([encoding]), { trace: true })

  const { hiddenSize: C, numAttentionHeads: H, intermediateSize: F, vocabSize: V, labels } = model.config
  const sizes = { N: layers.length, C, H, D: C / H, F, V, L: labels.length, T: encoding.tokens.length }
  const pieces = piecesOf(text, encoding)
  const followed = follow(pieces, entities, piece)
  return { text, ner, model, encoding, pieces, entities, followed, layers, logits, trace, labels, ...sizes }
}

/** The text of the example in README.md, which the page uses too. */
export function sentenceOfReadme(root) {
  const found = /^const text = (["'`])(.*)\1$/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))
  if (!found) throw new Error('README.md has no line `const text = "…"`, whose text this page follows')
  return found[2]
}

/** Pieces with their places in the text. `word` counts the words, and is undefined for [CLS] and [SEP]. */
function piecesOf(text, { tokens, ids, typeIds, offsets, wordIds }) {
  return tokens.map((token, t) => ({
    t,
    token,
    id: ids[t],
    type: typeIds[t],
    word: wordIds[t] ?? undefined,
    ...(wordIds[t] === null ? {} : { start: offsets[t][0], end: offsets[t][1], text: text.slice(...offsets[t]) }),
  }))
}

/** Chooses the piece to follow. It is the one asked for, or the first piece of the last entity, or of the last word. */
function follow(pieces, entities, wanted) {
  const inText = pieces.filter(({ word }) => word !== undefined)
  if (inText.length === 0) throw new Error('this text has no word in it')
  if (wanted !== undefined) {
    const found = inText.find(({ token }) => token === wanted)
    if (!found) throw new Error(`no piece ${wanted} in this text, but ${inText.map(({ token }) => token).join(' ')}`)
    return found.t
  }
  const start = entities.at(-1)?.start
  return (inText.find(piece => piece.start === start) ?? inText.findLast(({ token }) => /\w/.test(token)) ?? inText[0])
    .t
}

/** Wraps the kernels, and records the result of every operation. */
function record(naive) {
  const outputs = []
  const kernels = Object.create(naive)
  for (const name of OPERATIONS) {
    kernels[name] = (...args) => {
      const output = naive[name](...args)
      outputs.push(output)
      return output
    }
  }
  return { kernels, outputs }
}
