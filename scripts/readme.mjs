/**
 * Keeps README.md and docs/reading.md up to date. README.md shows the answer of the example; docs/reading.md lists the source
 * files with their line counts. `--write` updates them (`npm run readme`). Without it, a stale page fails the check. Line
 * counts may drift by a fifth of all lines, so not every change has to touch the list.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

/**
 * The reading order: stages, their rooms, and the files of each room. Files that are not named come last, sorted by name.
 * A room of the first stage may return in a later one, with the files that the first left out.
 */
const STAGES = [
  [
    'BERT in an hour',
    'The model as the papers draw it, and the six operations that it is made of, as plain loops.',
    [
      ['src/layers', 'the model on one page', ['bert'], 'only'],
      ['src/kernels/naive', 'its operations as plain loops: the definition', ['naive', 'linear', 'attention', 'layer-norm', 'gelu']],
      ['src/kernels', 'what a layer asks of a backend', ['kernels', 'tables'], 'only'],
    ],
  ],
  [
    'From text to entities',
    'A text on its way in, and its answer on the way out.',
    [
      ['src/tokenizer', 'text → ids, each with its place in the text', ['tokenizer', 'from-text', 'normalizer', 'aligned-text', 'pre-tokenizer', 'stretches', 'word-piece', 'vocabulary', 'added-tokens', 'template', 'encoding', 'encoding-builder', 'compact', 'explain', 'word-case', 'decoder', 'input', 'config', 'read-files', 'settings', 'declared', 'vocab-text', 'tokenizer-json', 'scan-vocab', 'unicode', 'word-characters']],
      ['src/ner', 'encoded texts → logits → entities', ['pipeline', 'named', 'encoded-text', 'windows', 'batches', 'tagger', 'entities', 'softmax', 'tokens', 'tags', 'decoding', 'aggregate', 'overlap', 'offsets', 'stream', 'abort', 'entity', 'options', 'fit']],
      ['src/redact', 'names out of a text and back, or marked in it', ['spans', 'redact', 'redactor', 'session-types', 'session', 'assemble', 'find', 'claims', 'view', 'names', 'characters', 'repeats', 'placeholders', 'ledger', 'mapping', 'styles', 'hash', 'surrogates', 'surrogate-words', 'exact-forms', 'restore', 'restore-json', 'options', 'checks', 'render']],
      ['src/redact/patterns', 'what has a form', ['patterns', 'scan', 'email', 'url', 'ip', 'card', 'iban', 'phone', 'ssn', 'hex', 'date']],
    ],
  ],
  [
    'How good is it?',
    'Files with the right answers, and their scores.',
    [['src/eval', 'CoNLL files, word tags, scores', ['conll', 'columns', 'layout', 'schemes', 'notation', 'gold', 'labels', 'evaluate', 'word-tags', 'conlleval', 'seqeval', 'bootstrap', 'phrase-errors', 'predictions', 'options']]],
  ],
  [
    'Where the weights come from',
    'Bytes that a stranger wrote, checked before they are believed.',
    [
      ['src/safetensors', 'bytes → named tensors, and back', ['header', 'json-errors', 'dtypes', 'half', 'reader', 'read-ahead', 'checkpoint', 'writer']],
      ['src/json', 'JSON that a stranger wrote', ['scanner', 'object']],
      ['src/source', 'where model files come from', ['source', 'progress', 'other-files', 'fetched', 'arriving', 'url', 'url-request', 'url-options', 'patience', 'pieces', 'sha', 'hub/name', 'hub/options', 'hub/model', 'hub/download', 'hub/http', 'hub/retry', 'hub/files', 'hub/listing', 'hub/store', 'hub/errors', 'hub/page', 'hub/page-cache', 'hub/page-store', 'hub/page-part', 'hub/page-lock']],
      ['src/layers', 'weights and batches', ['config', 'family', 'weights', 'batch', 'token-classifier', 'trace']],
    ],
  ],
  [
    'Fast',
    'The same operations on TensorFlow.js, and on a WebAssembly module of our own.',
    [
      ['src/kernels', 'which backend, which arithmetic', ['options', 'load', 'register', 'stored', 'exercise']],
      ['src/kernels/tfjs', 'the operations on TensorFlow.js', ['tfjs', 'attention', 'gelu', 'slice', 'tf']],
      ['src/kernels/simd/assembly', 'our module, instruction by instruction', ['module', 'code', 'record', 'linear', 'operand', 'math', 'gelu', 'heads', 'attention', 'attention16', 'softmax16', 'fours', 'embed', 'add-norm', 'rows', 'pack', 'scheduler', 'chain', 'write']],
      ['src/kernels/simd', 'its host: operations, recorded and run as one program', ['simd', 'steps', 'attention-steps', 'program', 'opcodes', 'layout', 'tiles', 'memory', 'weights', 'bounds', 'failures']],
      ['src/kernels/simd/engine', 'its threads', ['load', 'arithmetic', 'modules', 'files', 'inline', 'pool', 'threads', 'worker', 'probe', 'turbo']],
    ],
  ],
  [
    'Around it',
    'Other files, the HTTP service, Node, and the command line.',
    [
      ['src/convert', 'smaller files, and files of PyTorch', ['convert', 'plan', 'quantise', 'half', 'proof', 'forward', 'open', 'torch', 'zip', 'crc32', 'pickle', 'pickle-bytes', 'strided', 'errors']],
      ['src/serve', 'the HTTP service: a Request in, a Response out', ['handler', 'queue', 'admission', 'turns', 'work', 'spacing', 'options', 'errors', 'body', 'tagging', 'redaction', 'analyze', 'anonymize', 'operators', 'refused', 'metrics', 'openapi']],
      ['src/node', "what only Node has: folders, the hub's cache", ['default-model', 'folder', 'pipeline', 'worker', 'worker-script', 'tfjs', 'turbo', 'tokenizer', 'hub/model', 'hub/cache', 'hub/part', 'hub/settings', 'hub/inventory', 'hub/marks', 'hub/failure']],
      ['src/worker', 'the pipeline in a worker of its own', ['pipeline', 'client', 'protocol', 'host', 'results', 'trace', 'links', 'script']],
      ['src/cli', 'the command line, a file or a folder for each command', ['main', 'commands', 'ner/command', 'ner/run', 'ner/inputs', 'ner/lines', 'ner/formats', 'ner/json-line', 'ner/resume', 'eval/command', 'eval/run', 'eval/table', 'output', 'input', 'progress', 'failure']],
    ],
  ],
] // prettier-ignore

const ROOMS = [...new Set(STAGES.flatMap(([, , rooms]) => rooms.map(([room]) => room)))]

const write = process.argv.includes('--write')
const stale = []
update('README.md', 'example', checkExample)
update('docs/reading.md', 'reading order', checkReadingOrder)
for (const message of stale) console.error(`readme: ${message}`)
if (stale.length > 0 && !write) {
  console.error('readme: run `npm run readme`')
  process.exitCode = 1
}

/** Replaces the text between `<!-- name -->` and `<!-- end of name -->` in a file. */
function update(file, name, compute) {
  const text = readFileSync(file, 'utf8')
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`]
  const from = text.indexOf(begin) + begin.length
  const to = text.indexOf(end)
  if (from < begin.length || to < from) throw new Error(`${file}: no section "${name}"`)
  const updated = text.slice(0, from) + compute(text.slice(from, to)) + text.slice(to)
  if (write) writeFileSync(file, updated)
}

/** Runs the ```js block against dist/, and compares the ```text block with its output. */
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
  const taken = new Set()
  const stages = STAGES.map(([title, about, rooms]) => [
    title,
    about,
    rooms.filter(([room]) => existsSync(room)).map(([room, what, order, only]) => {
      const files = filesOf(room, order, only === 'only').filter(([file]) => !taken.has(file))
      for (const [file] of files) taken.add(file)
      return [room, what, files]
    }),
  ]) // prettier-ignore
  const rooms = stages.flatMap(([, , rooms]) => rooms)
  const missing = filesIn('src').filter(file => !taken.has(file) && dirname(file) !== 'src')
  if (missing.length > 0) throw new Error(`${missing.join(', ')}: not in the reading order of scripts/readme.mjs`)
  const listed = new Map(
    Array.from(text.matchAll(/\[`[^`]+`\]\(([^)]+)\) (\d+)/g), ([, file, lines]) => [
      join('docs', file),
      Number(lines),
    ]),
  )
  let [drift, total] = [0, 0]
  for (const [file, lines] of rooms.flatMap(([, , files]) => files)) {
    drift += Math.abs(lines - (listed.get(file) ?? 0))
    total += lines
  }
  const gone = [...listed.keys()].filter(file => !existsSync(file))
  if (gone.length > 0) stale.push(`the reading order names ${gone.join(', ')}`)
  if (drift > total / 5) stale.push(`the reading order is off by ${drift} of ${total} lines`)
  return `\n${stages.map(stageText).join('\n\n')}\n\n`
}

function stageText([title, about, rooms], number) {
  const lines = rooms.flatMap(([, , files]) => files).reduce((all, [, lines]) => all + lines, 0)
  const rows = rooms.map(([room, what, files]) => {
    const names = files.map(([file, lines]) => `[\`${file.slice(room.length + 1)}\`](../${file}) ${lines}`)
    return `- **\`${room}\`**: ${what}.\n  ${names.join(', ')}`
  })
  return `## ${number + 1}. ${title}\n\n${about} ${lines.toLocaleString('en-US')} lines.\n\n${rows.join('\n')}`
}

/** [path, lines] of a room's TypeScript files, or of those named. Includes rooms inside it that are not listed themselves. */
function filesOf(room, order, only) {
  const rank = path => {
    const at = order.indexOf(path.slice(room.length + 1, -'.ts'.length))
    return at < 0 ? order.length : at
  }
  const inside = filesIn(room)
    .filter(path => ROOMS.filter(other => path.startsWith(`${other}/`)).sort((a, b) => b.length - a.length)[0] === room)
    .filter(path => !only || rank(path) < order.length)
  inside.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return inside.map(path => [path, readFileSync(path, 'utf8').split('\n').length - 1])
}

/** Every TypeScript file below a folder, except tables that a script wrote. */
function filesIn(folder) {
  const files = readdirSync(folder, { recursive: true }).map(name => join(folder, name))
  return files.filter(path => path.endsWith('.ts') && !path.endsWith('-tables.ts'))
}
