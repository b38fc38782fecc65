/** Tables of text, and the arithmetic that they need. */

/** Aligns columns to their widest cells. `align`: `<` to the left, `>` to the right; the last sign is for all that follow. */
export function columns(head, rows, align = '<>') {
  const lines = [head, ...rows].map(line => line.map(String))
  const widths = head.map((_, i) => Math.max(...lines.map(line => [...line[i]].length)))
  const pad = (cell, i) => {
    const spaces = ' '.repeat(widths[i] - [...cell].length)
    return (align[i] ?? align.at(-1)) === '<' ? cell + spaces : spaces + cell
  }
  return lines.map(line => line.map(pad).join('  ').trimEnd()).join('\n')
}

/** Shows each vector on one line: its size, its first four numbers, its norm. */
export function vectors(named) {
  return columns(
    ['', 'size', '[0]', '[1]', '[2]', '[3]', 'norm'],
    named.map(([name, values]) => [
      name,
      values.length,
      ...[...values.slice(0, 4)].map(value => value.toFixed(4)),
      norm(values).toFixed(2),
    ]),
  )
}

/** Row t of a matrix of this width. */
export function row(values, t, width) {
  return [...values.subarray(t * width, (t + 1) * width)]
}

export function argmax(values) {
  return values.indexOf(Math.max(...values))
}

export function softmax(values) {
  const exponentials = values.map(value => Math.exp(value - Math.max(...values)))
  const sum = exponentials.reduce((a, b) => a + b)
  return exponentials.map(value => value / sum)
}

export function norm(values) {
  return Math.hypot(...values)
}

export function mean(values) {
  return values.reduce((a, b) => a + b, 0) / values.length
}
