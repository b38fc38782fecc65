/**
 * Shows one head of attention as a heat map in the terminal: which piece of a text looks at which.
 *
 *   node examples/look-inside.mjs "TEXT" [--layer 5] [--head 3] [--ascii]
 *
 * Rows are queries, and each adds up to 1; columns are keys. The darker a cell, the more its row's piece looks at its column's.
 * Layers and heads are counted from 0. Without --layer it is the last one, without --head the one that looks most at other
 * pieces of the text, and least at [CLS] and [SEP], on which heads rest.
 */
import { parseArgs } from 'node:util'
import { packBatch, pipeline } from 'bert-ner'

const EXAMPLE = "Angela Merkel met Tim Cook at Apple's office in Berlin."

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { layer: { type: 'string' }, head: { type: 'string' }, ascii: { type: 'boolean' } },
  })
  await lookInside(positionals[0] ?? EXAMPLE, values)
} catch (error) {
  console.error(`look-inside: ${error.message}`)
  process.exitCode = 1
}

async function lookInside(text, flags) {
  const ner = await pipeline('token-classification')
  const { tokens, ids, typeIds } = ner.tokenizer.encode(text)
  const { trace } = await ner.model.forward(packBatch([{ ids, typeIds }]), { trace: true })
  const { numHiddenLayers: layers, numAttentionHeads: heads } = ner.model.config
  const layer = Number(flags.layer ?? layers - 1)
  const head = Number(flags.head ?? busiestHead(trace, layer, heads))
  const weights = trace.attention(layer, head, 0) // [n, n], query by key
  console.log(`layer ${layer} of 0–${layers - 1}, head ${head} of 0–${heads - 1}\n`)
  console.log(heatMap(tokens, weights, flags.ascii ? ' .:-=+*#%@' : ' ░▒▓█'))
  await ner.dispose()
}

/** The head that gives the least of its attention to [CLS] and [SEP]. */
function busiestHead(trace, layer, heads) {
  const rest = Array.from({ length: heads }, (_, head) => {
    const weights = trace.attention(layer, head, 0)
    const n = Math.sqrt(weights.length)
    return weights.reduce((sum, weight, at) => sum + (at % n === 0 || at % n === n - 1 ? weight : 0), 0)
  })
  return rest.indexOf(Math.min(...rest))
}

/** A row per query, two characters per key; behind it, the key that it looks at most. Shades show the root of a weight. */
function heatMap(tokens, weights, shades) {
  const n = tokens.length
  const width = Math.max(...tokens.map(token => token.length))
  const shade = weight => shades[Math.min(shades.length - 1, Math.floor(Math.sqrt(weight) * shades.length))].repeat(2)
  const rows = tokens.map((token, i) => {
    const row = [...weights.subarray(i * n, (i + 1) * n)]
    const most = row.indexOf(Math.max(...row))
    return `${token.padStart(width)} │${row.map(shade).join('')}│ ${row[most].toFixed(2)} ${tokens[most]}`
  })
  const numbers = tokens.map((_, j) => String(j % 100).padStart(2)).join('')
  return [`${' '.repeat(width)}  ${numbers}`, ...rows].join('\n')
}
