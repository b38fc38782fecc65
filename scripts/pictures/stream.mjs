/** Draws the residual stream of one token: a line from the embedding to the label, to which every sublayer adds. */
import { lensOf, streamOf } from '../walk/blocks.mjs'
import { arrow, COLOURS, FAINT, INK, line, LINE, picture, rect, text } from './svg.mjs'

const [LEFT, CENTRE, RIGHT, LENS] = [190, 320, 450, 620]
const [TOP, STEP] = [128, 122]

export function drawStream(seen) {
  const stream = streamOf(seen)
  const lens = lensOf(seen)
  const end = TOP + stream.length * STEP
  const { token } = seen.pieces[seen.followed]
  return picture(860, end + 76, `The residual stream of ${token}`, [
    text(20, 30, `The residual stream of “${token}”`, { size: 16, bold: true }),
    text(20, 52, 'The line is one vector of C numbers. Each sublayer reads it and adds to it; LayerNorm brings it back to scale.', { fill: FAINT }),
    text(20, 70, 'Numbers are lengths: of the vector on the line, and of what is added to it.', { fill: FAINT }),
    line([[CENTRE, TOP - 18], [CENTRE, end + 24]], { stroke: COLOURS[0], width: 8 }),
    box(CENTRE, TOP - 28, 104, 'embedding', INK),
    text(LENS, TOP - 36, 'if the classifier read the line here', { fill: FAINT, size: 12 }),
    reading(TOP - 12, lens[0]),
    stream.map((step, i) => [layer(TOP + i * STEP, step), reading(TOP + i * STEP + 109, lens[i + 1])]),
    box(CENTRE, end + 36, 104, 'classifier', INK),
    text(CENTRE + 64, end + 41, lens.at(-1).label, { bold: true }),
  ]) // prettier-ignore
}

/** Draws a layer: attention to the left of the line, the feed-forward network to the right. */
function layer(y, { layer, x, attention, between, feedForward, out }) {
  return [
    text(20, y + 30, `layer ${layer}`, { bold: true }),
    layer === 0 ? text(CENTRE + 12, y + 6, x.toFixed(1), { size: 12, fill: FAINT }) : [],
    sublayer(y + 8, LEFT, 'attention', attention, COLOURS[1]),
    norm(y + 53, between),
    sublayer(y + 64, RIGHT, 'feed-forward', feedForward, COLOURS[2]),
    norm(y + 109, out),
  ]
}

/** Draws a sublayer: out of the line, through a box, and back into the line at a plus. */
function sublayer(y, centre, name, length, colour) {
  const side = Math.sign(centre - CENTRE)
  const edge = centre - side * 52
  return [
    line([[CENTRE, y], [edge, y]], { stroke: colour, width: 2 }),
    box(centre, y + 14, 104, name, colour),
    arrow([[edge, y + 28], [CENTRE + side * 9, y + 28]], { stroke: colour, width: 2 }),
    text((edge + CENTRE) / 2, y + 22, `+ ${length.toFixed(1)}`, { anchor: 'middle', size: 12 }),
    `<circle cx="${CENTRE}" cy="${y + 28}" r="8" fill="#ffffff" stroke="${INK}"/>`,
    text(CENTRE, y + 32.5, '+', { anchor: 'middle' }),
  ] // prettier-ignore
}

function norm(y, length) {
  return [
    rect(CENTRE - 36, y - 8, 72, 16, { fill: '#ffffff', stroke: LINE, rx: 3 }),
    text(CENTRE, y + 4, 'LayerNorm', { anchor: 'middle', size: 11 }),
    text(CENTRE + 42, y + 4, length.toFixed(1), { size: 12, fill: FAINT }),
  ]
}

function box(x, y, width, name, stroke) {
  return [
    rect(x - width / 2, y - 16, width, 32, { fill: '#ffffff', stroke, rx: 5 }),
    text(x, y + 4, name, { anchor: 'middle' }),
  ]
}

/** Draws the best label at this place, with a bar as long as its probability. */
function reading(y, { label, p }) {
  return [
    line([[CENTRE + 80, y], [LENS - 8, y]], { stroke: LINE, dash: '2 4', width: 1 }),
    rect(LENS, y - 8, 120 * p, 16, { fill: COLOURS[0], opacity: 0.5, rx: 2 }),
    rect(LENS, y - 8, 120, 16, { stroke: LINE, rx: 2 }),
    text(LENS + 128, y + 4, `${label} ${p.toFixed(2)}`, { size: 12 }),
  ] // prettier-ignore
}
