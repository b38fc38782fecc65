/** Draws three texts as one batch: padded to a rectangle, as in most libraries, and back to back, as here. */
import { packBatch } from '../../dist/layers/batch.js'
import { arrow, COLOURS, FAINT, INK, line, LINE, picture, rect, text } from './svg.mjs'

const TEXTS = ['Angela Merkel met Tim Cook.', 'Berlin', 'Not now!']
const CELL = 52
const LEFT = 118

export function drawPackedBatch(tokenizer) {
  const encodings = TEXTS.map(one => tokenizer.encode(one))
  const batch = packBatch(encodings)
  const T = batch.ids.length
  const longest = Math.max(...encodings.map(({ ids }) => ids.length))
  const width = LEFT + T * CELL + 24
  return picture(width, 560, 'A batch of three texts, padded and packed', [
    text(20, 30, 'Padded', { size: 16, bold: true }),
    text(20, 50, `${TEXTS.length} rows of ${longest}: ${TEXTS.length * longest - T} of ${TEXTS.length * longest} cells are computed for nothing, and a mask has to keep them out of attention.`, { fill: FAINT }),
    padded(encodings, longest),
    text(20, 196, 'Packed', { size: 16, bold: true }),
    text(20, 216, `The same three sequences back to back: T = ${T} rows, no padding and no mask. starts says where each begins, and where the last ends.`, { fill: FAINT }),
    packed(encodings, batch),
    attention(encodings, batch),
  ]) // prettier-ignore
}

function padded(encodings, longest) {
  return encodings.map(({ tokens }, b) =>
    Array.from({ length: longest }, (_, i) => {
      const [x, y] = [LEFT + i * CELL, 64 + b * 32]
      const token = tokens[i]
      const label = text(x + CELL / 2, y + 18, token ?? 'pad', { size: 11, anchor: 'middle', fill: token ? INK : LINE })
      return [rect(x, y, CELL - 3, 28, cellStyle(b, token !== undefined)), label]
    }),
  )
}

const cellStyle = (b, isUsed) =>
  isUsed ? { fill: COLOURS[b], opacity: 0.55, rx: 3 } : { fill: '#f6f8fa', stroke: LINE, dash: '3 3', rx: 3 }

function packed(encodings, { ids, positions, starts }) {
  const y = 234
  const names = ['piece', 'ids', 'positions']
  const pieces = encodings.flatMap(({ tokens }) => tokens)
  const sequence = encodings.flatMap(({ tokens }, b) => tokens.map(() => b))
  const cells = pieces.map((token, t) =>
    [token, ids[t], positions[t]].map((value, r) => {
      const [x, top] = [LEFT + t * CELL, y + r * 32]
      const style = { size: 11, anchor: 'middle', mono: r > 0 }
      return [
        rect(x, top, CELL - 3, 28, { fill: COLOURS[sequence[t]], opacity: r === 0 ? 0.55 : 0.2, rx: 3 }),
        text(x + (CELL - 3) / 2, top + 18, value, style),
      ]
    }),
  )
  const marks = Array.from(starts, (start, b) => {
    const x = LEFT + start * CELL - 1.5
    return [arrow([[x, y + 128], [x, y + 98]]), text(x, y + 144, `${start}`, { mono: true, anchor: 'middle' }), b === 0 ? text(LEFT - 16, y + 144, 'starts', { anchor: 'end' }) : []] // prettier-ignore
  })
  return [names.map((name, r) => text(LEFT - 16, y + r * 32 + 18, name, { anchor: 'end' })), cells, marks]
}

/** Draws T × T cells, filled only if one token may look at the other. */
function attention(encodings, { ids, starts }) {
  const [T, size, x, y] = [ids.length, 8, LEFT, 400]
  const squares = encodings.map(({ tokens }, b) => {
    const at = starts[b] * size
    return rect(x + at, y + at, tokens.length * size, tokens.length * size, { fill: COLOURS[b], opacity: 0.75 })
  })
  const grid = Array.from({ length: T + 1 }, (_, i) => [
    line([[x + i * size, y], [x + i * size, y + T * size]], { stroke: '#eaeef2', width: 1 }),
    line([[x, y + i * size], [x + T * size, y + i * size]], { stroke: '#eaeef2', width: 1 }),
  ]) // prettier-ignore
  const words = [
    'Attention, query by key: only the coloured squares exist.',
    'Every token sees its whole sequence, to the left and to the right,',
    'and nothing of the others, so a batch cannot change an answer.',
  ]
  return [
    grid,
    squares,
    words.map((sentence, i) => text(x + T * size + 28, y + 40 + i * 22, sentence, { fill: i === 0 ? INK : FAINT })),
  ]
}
