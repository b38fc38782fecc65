/** Draws the few shapes of the pictures. Each picture has its own light background, so it is readable on dark pages too. */

export const INK = '#1f2328'
export const FAINT = '#6e7781'
export const LINE = '#afb8c1'
/** One colour per sequence, row or stream; distinguishable without red and green. */
export const COLOURS = ['#54aeff', '#ffb454', '#b98cf0', '#4ac7b0', '#ff9e9e', '#d4c05a', '#9fb3c8', '#f0a0d0']

const SANS = "font-family='Helvetica, Arial, sans-serif'"
const MONO = "font-family='Menlo, Consolas, DejaVu Sans Mono, monospace'"

export function picture(width, height, title, shapes) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#ffffff" stroke="${LINE}"/>`,
    ...shapes.flat(Infinity),
    '</svg>\n',
  ].join('\n')
}

/** Writes text at a point. `anchor`: start, middle or end. `turn`: degrees around the point. */
export function text(x, y, content, options = {}) {
  const { size = 13, fill = INK, anchor = 'start', mono = false, bold = false, turn } = options
  return (
    `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}" ${mono ? MONO : SANS}` +
    `${bold ? ' font-weight="bold"' : ''}${turn === undefined ? '' : ` transform="rotate(${turn} ${round(x)} ${round(y)})"`}>` +
    `${escape(String(content))}</text>`
  )
}

export function rect(x, y, width, height, options = {}) {
  const { fill = 'none', stroke = 'none', rx = 0, dash, opacity } = options
  return (
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${rx}" fill="${fill}" stroke="${stroke}"` +
    `${dash === undefined ? '' : ` stroke-dasharray="${dash}"`}${opacity === undefined ? '' : ` fill-opacity="${opacity}"`}/>`
  )
}

export function line(points, options = {}) {
  const { stroke = FAINT, width = 1.5, dash } = options
  const d = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('')
  return `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${width}"${dash === undefined ? '' : ` stroke-dasharray="${dash}"`}/>`
}

/** Draws a line with an arrowhead at its end. */
export function arrow(points, options = {}) {
  const { stroke = FAINT } = options
  const [[x0, y0], [x1, y1]] = points.slice(-2)
  const length = Math.hypot(x1 - x0, y1 - y0)
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length]
  const [bx, by] = [x1 - 8 * ux, y1 - 8 * uy]
  const corners = [[x1, y1], [bx - 4 * uy, by + 4 * ux], [bx + 4 * uy, by - 4 * ux]] // prettier-ignore
  const head = `<polygon points="${corners.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}" fill="${stroke}"/>`
  return [line([...points.slice(0, -1), [bx, by]], options), head]
}

/** Draws a matrix as coloured cells: orange above 0, blue below, white at 0. `most` is the magnitude of full colour. */
export function heat(x, y, rows, cell, most) {
  const [width, height] = cell
  return rows.map((values, i) =>
    Array.from(values, (value, j) =>
      rect(x + j * width, y + i * height, width, height, { fill: colourOf(value / most) }),
    ),
  )
}

/** −1 … 1 → blue … white … orange */
export function colourOf(share) {
  const strength = Math.min(1, Math.abs(share))
  const [r, g, b] = share < 0 ? [32, 110, 200] : [225, 105, 15]
  const mix = channel => Math.round(255 - strength * (255 - channel))
  return `rgb(${mix(r)},${mix(g)},${mix(b)})`
}

const round = value => Math.round(value * 10) / 10

function escape(content) {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}
