/** Draws one head of attention with its numbers. It goes from a row of qkv to Q, K and V, to P, to the context. */
import { mean, row } from '../walk/text.mjs'
import { arrow, colourOf, COLOURS, FAINT, heat, INK, LINE, line, picture, rect, text } from './svg.mjs'

const THIN = 6
const HIGH = 24

export function drawHead(seen) {
  const { pieces, layers, T: n, C, D, H } = seen
  const { layer, head, weights } = softHead(seen)
  const part = which =>
    pieces.map(({ t }) => {
      const start = which * C + head * D
      return row(layers[layer].qkv, t, 3 * C).slice(start, start + D)
    })
  const [Q, K, V] = [part(0), part(1), part(2)]
  const scores = Q.map(q => K.map(k => dot(q, k) / Math.sqrt(D)))
  const P = pieces.map(({ t }) => row(weights, t, n))
  const context = pieces.map(({ t }) => row(layers[layer].context, t, C).slice(head * D, (head + 1) * D))

  const [left, middle, right] = [96, 410, 700]
  const block = n * HIGH
  const rows = [150, 150 + block + 64, 150 + 2 * (block + 64)]
  const tokens = pieces.map(({ token }) => token)
  const height = rows[2] + block + 56
  return picture(940, height, 'One head of attention, from Q, K and V to its output', [
    text(20, 30, `Layer ${layer}, head ${head} of ${H}, on “${seen.text}”: n = ${n} tokens, D = ${D}`, { size: 16, bold: true }),
    strip(head, H),
    [['Q', Q], ['K', K], ['V', V]].map(([name, values], i) => [
      matrix(left, rows[i], values, tokens),
      text(left, rows[i] - 8, `${name}  [n, D]`, { bold: true }),
    ]),
    numbers(middle, rows[0], scores, tokens, value => value.toFixed(1), largest(scores)),
    text(middle, rows[0] - 8, 'Q·Kᵀ / √D  [n, n]', { bold: true }),
    numbers(middle, rows[1], P, tokens, value => value.toFixed(2), 1),
    text(middle, rows[1] - 8, 'P = softmax, each row adds up to 1', { bold: true }),
    matrix(right, rows[2], context, undefined),
    text(right, rows[2] - 8, 'context = P·V  [n, D]', { bold: true }),
    // Q and K → scores → P; P and V → context
    arrow([[left + D * THIN + 8, rows[0] + block / 2], [middle - 56, rows[0] + block / 2]]),
    arrow([[left + D * THIN + 8, rows[1] + block / 2], [middle - 84, rows[1] + block / 2], [middle - 84, rows[0] + block * 0.75], [middle - 56, rows[0] + block * 0.75]]),
    arrow([[middle + (n * 44) / 2, rows[0] + block + 6], [middle + (n * 44) / 2, rows[1] - 26]]),
    arrow([[middle + n * 44 + 8, rows[1] + block / 2], [right + (D * THIN) / 2, rows[1] + block / 2], [right + (D * THIN) / 2, rows[2] - 28]]),
    arrow([[left + D * THIN + 8, rows[2] + block / 2], [right - 8, rows[2] + block / 2]]),
    text(20, height - 16, `Orange is above 0, blue below. The ${H} contexts of the heads, side by side, are the [n, C] that Wo takes.`, { fill: FAINT }),
  ]) // prettier-ignore
}

/** Finds the head whose weights are easiest to read: neither all on one token nor all alike. */
function softHead({ trace, N, H, T: n }) {
  const heads = Array.from({ length: N * H }, (_, i) => {
    const [layer, head] = [Math.floor(i / H), i % H]
    const weights = trace.attention(layer, head, 0)
    const largestOfRow = Array.from({ length: n }, (_, t) => Math.max(...row(weights, t, n)))
    return { layer, head, weights, distance: Math.abs(mean(largestOfRow) - 0.6) }
  })
  return heads.reduce((a, b) => (b.distance < a.distance ? b : a))
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)
const largest = rows => Math.max(...rows.flat().map(Math.abs))

/** Draws one row of qkv, [3·C], with this head's columns marked in each third. */
function strip(head, H) {
  const [x, y, width] = [96, 66, 820]
  const third = width / 3
  return [
    text(20, y + 16, 'qkv[t]', { mono: true }),
    ['Q', 'K', 'V'].map((name, i) => [
      rect(x + i * third, y, third, 24, { fill: '#f6f8fa', stroke: LINE }),
      Array.from({ length: H - 1 }, (_, h) =>
        line([[x + i * third + ((h + 1) * third) / H, y], [x + i * third + ((h + 1) * third) / H, y + 24]], { stroke: '#e3e8ee', width: 1 }),
      ),
      rect(x + i * third + (head * third) / H, y, third / H, 24, { fill: COLOURS[i], stroke: INK }),
      text(x + i * third + third / 2, y + 42, `${name}: head h at ${['', 'C + ', '2·C + '][i]}h·D`, { anchor: 'middle', fill: FAINT, size: 12 }),
    ]),
  ] // prettier-ignore
}

function matrix(x, y, rows, tokens) {
  const [width, height] = [rows[0].length * THIN, rows.length * HIGH]
  return [
    heat(x, y, rows, [THIN, HIGH], largest(rows)),
    rect(x, y, width, height, { stroke: LINE }),
    (tokens ?? []).map((token, i) => text(x - 8, y + i * HIGH + 16, token, { size: 12, anchor: 'end' })),
  ]
}

function numbers(x, y, rows, tokens, format, most) {
  return rows.map((values, i) => [
    text(x - 6, y + i * HIGH + 16, tokens[i], { size: 11, anchor: 'end', fill: FAINT }),
    values.map((value, j) => [
      rect(x + j * 44, y + i * HIGH, 44, HIGH, { fill: colourOf((0.7 * value) / most), stroke: LINE }),
      text(x + j * 44 + 22, y + i * HIGH + 16, format(value), { size: 11, anchor: 'middle', mono: true }),
    ]),
  ])
}
