/** Draws eight rows of W as the file has them, and as a panel. For each step of k, it has eight weights side by side. */
import { arrow, COLOURS, FAINT, picture, rect, text } from './svg.mjs'

const [WIDTH, SHOWN, CELL] = [8, 5, 34]

export function drawPanel() {
  const [left, top] = [70, 96]
  const memory = 430
  return picture(1000, 560, 'A panel of eight rows of W', [
    text(20, 30, 'Eight outputs at once: a panel', { size: 16, bold: true }),
    text(20, 52, 'y[n] = Σ x[k]·W[n, k]. A vector instruction works on four neighbours in memory; along n there are none until W is rearranged.', { fill: FAINT }),
    text(left, top - 8, 'W as the file has it: [N, K], row by row', { bold: true }),
    matrix(left, top),
    arrow([[left + (SHOWN + 1) * CELL + 6, top + 6 * CELL], [left + (SHOWN + 1) * CELL + 66, top + 6 * CELL]]),
    text(left + (SHOWN + 1) * CELL + 36, top + 6 * CELL - 10, 'pack', { anchor: 'middle' }),
    text(memory, top - 8, 'The panel: for each k, the weight of all eight outputs', { bold: true }),
    panel(memory, top),
    step(left, top + WIDTH * CELL + 60),
  ]) // prettier-ignore
}

function weight(x, y, n, k, size = 11) {
  return [
    rect(x, y, CELL - 2, CELL - 2, { fill: COLOURS[n], opacity: 0.6, rx: 3 }),
    text(x + CELL / 2 - 1, y + 21, `${n},${k}`, { size, anchor: 'middle', mono: true }),
  ]
}

function matrix(x, y) {
  return Array.from({ length: WIDTH }, (_, n) => [
    text(x - 10, y + n * CELL + 21, `n=${n}`, { anchor: 'end', size: 12 }),
    Array.from({ length: SHOWN }, (_, k) => weight(x + k * CELL, y + n * CELL, n, k)),
    text(x + SHOWN * CELL + 6, y + n * CELL + 21, '…'),
  ])
}

function panel(x, y) {
  return [
    Array.from({ length: SHOWN }, (_, k) => [
      text(x - 10, y + k * CELL + 21, `k=${k}`, { anchor: 'end', size: 12 }),
      Array.from({ length: WIDTH }, (_, n) => weight(x + n * CELL + (n >= 4 ? 8 : 0), y + k * CELL, n, k)),
    ]),
    text(x + 4 * CELL, y + SHOWN * CELL + 18, '⋮', { anchor: 'middle' }),
    text(x + WIDTH * CELL + 22, y + 20, 'one load: 4 weights of 4 outputs,', { fill: FAINT }),
    text(x + WIDTH * CELL + 22, y + 38, 'the next load: the other 4.', { fill: FAINT }),
    text(x + WIDTH * CELL + 22, y + 74, 'The loop over k walks straight', { fill: FAINT }),
    text(x + WIDTH * CELL + 22, y + 92, 'through memory.', { fill: FAINT }),
  ]
}

/** Draws one step of the loop over k in a tile of R = 4 rows of x. */
function step(x, y) {
  const [R, wide] = [4, 15]
  return [
    text(x, y - 8, 'A tile: R = 4 rows of x against the panel', { bold: true }),
    Array.from({ length: R }, (_, r) => [
      text(x, y + r * 28 + 20, `x[${r}, k]`, { mono: true, size: 12 }),
      text(x + 66, y + r * 28 + 20, '×'),
      Array.from({ length: WIDTH }, (_, n) => rect(x + 86 + n * wide + (n >= 4 ? 4 : 0), y + r * 28 + 6, wide - 2, 20, { fill: COLOURS[n], opacity: 0.6 })),
      arrow([[x + 222, y + r * 28 + 16], [x + 262, y + r * 28 + 16]]),
      text(x + 272, y + r * 28 + 20, `8 sums of row ${r}: two vectors that stay in registers for the whole loop`, { size: 12 }),
    ]),
  ] // prettier-ignore
}
