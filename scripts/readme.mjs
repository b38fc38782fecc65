/**
 * Keeps README.md true: the output of its example is what the example prints, and its reading order names the files that
 * are there, with their lines. `--write` brings it up to date (`npm run readme`); without, what is stale fails the check.
 * Line counts may drift by a fifth of all lines, so that not every change has to touch the README.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

/** Rooms in reading order; what each is; and its files in reading order. Files that are not named come after, by name. */
const ROOMS = [
  ['src/tokenizer', 'text → ids, each with its place in the text', ['tokenizer', 'added-tokens', 'normalizer', 'aligned-text', 'pre-tokenizer', 'word-piece', 'vocabulary', 'template', 'encoding', 'explain', 'word-case', 'decoder', 'config', 'tokenizer-json', 'vocab-text', 'scan-vocab', 'json']],
  ['src/safetensors', 'bytes → named tensors, and back', ['header', 'scan', 'dtypes', 'half', 'reader', 'checkpoint', 'writer']],
  ['src/layers', 'the model as the papers draw it', ['bert', 'batch', 'embedding', 'encoder', 'self-attention', 'feed-forward', 'classifier', 'checkpoint', 'config']],
  ['src/kernels', 'the dozen operations that the layers need', ['kernels', 'load', 'stored', 'concatenate']],
  ['src/kernels/naive', 'these operations as plain loops: the definition', ['naive', 'embed', 'linear', 'attention', 'layer-norm', 'gelu']],
  ['src/kernels/tfjs', 'the same on TensorFlow.js', ['tfjs', 'attention', 'rows', 'gelu', 'tf']],
  ['src/kernels/simd/assembly', 'our WebAssembly module, instruction by instruction', ['module', 'code', 'linear', 'operand', 'gelu', 'attention', 'rows', 'operations', 'record', 'scheduler', 'chain', 'write']],
  ['src/kernels/simd', 'its host: the same operations, recorded and run as one program', ['simd', 'operations', 'program', 'memory', 'weights', 'bounds', 'layout', 'kernels', 'load', 'modules', 'inline', 'pool', 'threads', 'worker', 'probe', 'turbo']],
  ['src/ner', 'logits → entities; CoNLL files and their scores', ['pipeline', 'classifier', 'encoded-text', 'windows', 'batches', 'softmax', 'tokens', 'tags', 'aggregate', 'overlap', 'offsets', 'stream', 'entity', 'options', 'spans', 'redact', 'render', 'conll', 'conll-scheme', 'score-conlleval', 'score-seqeval']],
  ['src/models', 'where model files come from', ['source', 'progress']],
  ['src/node', "what only Node has: folders", []],
  ['src/cli', 'the command line, one file per command', ['main', 'commands', 'ner', 'ner/run', 'ner/inputs', 'ner/lines', 'ner/formats']],
] // prettier-ignore

const write = process.argv.includes('--write')
const stale = []
let readme = readFileSync('README.md', 'utf8')
readme = section(readme, 'example', checkExample)
readme = section(readme, 'reading order', checkReadingOrder)
if (write) writeFileSync('README.md', readme)
for (const message of stale) console.error(`readme: ${message}`)
if (stale.length > 0 && !write) {
  console.error('readme: run `npm run readme`')
  process.exitCode = 1
}

/** Replaces what stands between `<!-- name -->` and `<!-- end of name -->`. */
function section(text, name, update) {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`]
  const from = text.indexOf(begin) + begin.length
  const to = text.indexOf(end)
  if (from < begin.length || to < from) throw new Error(`README.md: no section "${name}"`)
  return text.slice(0, from) + update(text.slice(from, to)) + text.slice(to)
}

/** Runs the ```js block against dist/, and holds the ```text block against what it printed. */
function checkExample(text) {
  const code = /```js\n(.*?)```/s.exec(text)?.[1] ?? ''
  const shown = /```text\n(.*?)```/s.exec(text)?.[1] ?? ''
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  })
  if (status !== 0) {
    process.exitCode = 1
    console.error(`readme: the example fails: ${stderr}`)
    return text
  }
  if (stdout !== shown) stale.push('the example prints something else')
  return text.replace(/```text\n.*?```/s, () => `\`\`\`text\n${stdout}\`\`\``)
}

function checkReadingOrder(text) {
  const rooms = ROOMS.filter(([room]) => existsSync(room)).map(([room, what, order]) => [
    room,
    what,
    filesOf(room, order),
  ])
  const missing = roomsOf('src').filter(
    room => !ROOMS.some(([listed]) => room === listed || room.startsWith(`${listed}/`)),
  )
  for (const room of missing) throw new Error(`${room} is not in the reading order of scripts/readme.mjs`)
  const listed = new Map(
    Array.from(text.matchAll(/\[`[^`]+`\]\(([^)]+)\) (\d+)/g), ([, file, lines]) => [file, Number(lines)]),
  )
  let [drift, total] = [0, 0]
  for (const [file, lines] of rooms.flatMap(([, , files]) => files)) {
    drift += Math.abs(lines - (listed.get(file) ?? 0))
    total += lines
  }
  const gone = [...listed.keys()].filter(file => !existsSync(file))
  if (gone.length > 0) stale.push(`the reading order names ${gone.join(', ')}`)
  if (drift > total / 5) stale.push(`the reading order is off by ${drift} of ${total} lines`)
  const rows = rooms.map(([room, what, files], number) => {
    const sum = files.reduce((all, [, lines]) => all + lines, 0)
    const names = files.map(([file, lines]) => `[\`${file.slice(room.length + 1)}\`](${file}) ${lines}`)
    return `${number + 1}. \`${room}\`, ${sum.toLocaleString('en-US')} lines: ${what}.\n   ${names.join(', ')}`
  })
  return `\n${rows.join('\n')}\n\n`
}

/** [path, lines] of every TypeScript file of a room; of the rooms inside it only those that are not listed themselves. */
function filesOf(room, order) {
  const inside = readdirSync(room).flatMap(name => {
    const path = join(room, name)
    if (!statSync(path).isDirectory()) return path.endsWith('.ts') && !path.endsWith('-tables.ts') ? [path] : []
    return ROOMS.some(([listed]) => listed === path) ? [] : filesOf(path, []).map(([file]) => file)
  })
  const rank = path => {
    const at = order.indexOf(path.slice(room.length + 1, -'.ts'.length))
    return at < 0 ? order.length : at
  }
  inside.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return inside.map(path => [path, readFileSync(path, 'utf8').split('\n').length - 1])
}

function roomsOf(folder) {
  const rooms = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory())
  return rooms.map(entry => join(folder, entry.name))
}
