/** Draws docs/marked.svg for the README: the sentence of its example, with the entities that the model finds. */

const COLOURS = { PER: '#aed6ff', ORG: '#ffd59e', LOC: '#b5e8b0', MISC: '#e3c4f5' }
const [SIZE, ADVANCE, TAG] = [19, 11.4, 8.2] // px: letters, a letter's width in a monospaced font, a small letter's width

/** Draws a text with its marked entities. `entities`: groups, from the pipeline. → SVG, on one line. */
export function markedSvg(text, entities) {
  const parts = []
  let x = 24
  let at = 0
  const plain = end => {
    if (end > at) parts.push(letters(x, text.slice(at, end)))
    x += (end - at) * ADVANCE
    at = end
  }
  for (const { entity_group: label, start, end } of entities) {
    plain(start)
    const width = (end - start) * ADVANCE + label.length * TAG + 22
    parts.push(
      `<rect x="${x.toFixed(1)}" y="18" width="${width.toFixed(1)}" height="32" rx="6" fill="${COLOURS[label]}"/>`,
    )
    parts.push(letters(x + 7, text.slice(start, end)))
    const tagAt = x + 7 + (end - start) * ADVANCE + 6
    parts.push(`<text x="${tagAt.toFixed(1)}" y="39" font-size="12" font-weight="bold">${label}</text>`)
    x += width
    at = end
  }
  plain(text.length)
  const width = Math.ceil(x + 24)
  const title = `${text} Marked: ${entities.map(({ entity_group, start, end }) => `${text.slice(start, end)}, ${entity_group}`).join('; ')}.`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} 68" width="${width}" height="68" role="img">
<title>${escape(title)}</title>
<rect width="${width}" height="68" rx="10" fill="#fff" stroke="#d0d7de"/>
<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" fill="#000">
${parts.join('\n')}
</g>
</svg>
`
}

/** Writes letters, spread to the expected width, whichever font the reader has. */
function letters(x, text) {
  const trimmed = text.trimStart()
  if (trimmed === '') return ''
  const from = x + (text.length - trimmed.length) * ADVANCE
  const length = (trimmed.trimEnd().length * ADVANCE).toFixed(1)
  return `<text x="${from.toFixed(1)}" y="40" font-size="${SIZE}" textLength="${length}">${escape(trimmed.trimEnd())}</text>`
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
