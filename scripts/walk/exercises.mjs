/** Computes the exercises' answers: the same text through a model with one part broken. Kernels are wrapped; no file changes. */
import { loadKernels } from '../../dist/kernels/load.js'
import { packBatch } from '../../dist/layers/batch.js'
import { argmax, columns, row, softmax } from './text.mjs'

/** The change of each exercise. `naive`: the original kernels; → the operation that replaces one of them. */
const CHANGES = {
  'as it is': () => ({}),
  '1  no √D': (naive, { C, D }) => ({
    attention: (qkv, ...rest) =>
      naive.attention(
        mapColumns(qkv, C, (q, k, v) => [q.map(x => x * Math.sqrt(D)), k, v]),
        ...rest,
      ),
  }),
  '2  no residual': naive => ({
    addLayerNorm: (x, residual, norm) =>
      naive.addLayerNorm(x, { ...residual, values: residual.values.map(() => 0) }, norm),
  }),
  '3  no positions': naive => ({
    embed: (batch, tables, norm) => naive.embed(batch, { ...tables, position: zeros(tables.position) }, norm),
  }),
  '4  K and V swapped': (naive, { C }) => ({
    attention: (qkv, ...rest) =>
      naive.attention(
        mapColumns(qkv, C, (q, k, v) => [q, v, k]),
        ...rest,
      ),
  }),
  '5a no GELU': naive => ({ linearGelu: (x, weights) => naive.linear(x, weights) }),
  '5b ReLU': naive => ({ linearGelu: (x, weights) => mapValues(naive.linear(x, weights), v => Math.max(0, v)) }),
  '5c tanh form': naive => ({ linearGelu: (x, weights) => mapValues(naive.linear(x, weights), tanhGelu) }),
}

export async function exercisesBlock({ model, encoding, pieces, labels, L, C, D }) {
  const naive = await loadKernels({ backend: 'naive' })
  const words = pieces.filter(({ word }, t) => word !== undefined && word !== pieces[t - 1]?.word)
  const shown = words.filter(({ text }) => /\w/.test(text))
  const rows = Object.entries(CHANGES).map(([name, change]) => {
    const kernels = Object.assign(Object.create(naive), change(naive, { C, D }))
    const { values } = model.bert.forward(kernels, packBatch([encoding]))
    return [name, ...shown.map(({ t }) => bestOf(row(values, t, L), labels))]
  })
  return columns(['', ...shown.map(({ text }) => text)], rows, '<')
}

function bestOf(logits, labels) {
  const best = argmax(logits)
  return `${labels[best]} ${softmax(logits)[best].toFixed(2)}`
}

/** A table of the same size, full of zeros. */
function zeros({ tensor, ...table }) {
  return { ...table, tensor: { ...tensor, data: new tensor.data.constructor(tensor.data.length) } }
}

function mapValues(matrix, change) {
  return { ...matrix, values: matrix.values.map(change) }
}

/** Changes the three thirds of each row of qkv, [T, 3·C]. */
function mapColumns(qkv, C, change) {
  const values = qkv.values.slice()
  for (let start = 0; start < values.length; start += 3 * C) {
    const thirds = [0, 1, 2].map(i => qkv.values.slice(start + i * C, start + (i + 1) * C))
    change(...thirds).forEach((third, i) => values.set(third, start + i * C))
  }
  return { ...qkv, values }
}

function tanhGelu(x) {
  return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
}
