/**
 * Tests the library with mutants of all untrusted input: safetensors, pickles, config.json, tokenizer files, CoNLL, JSON lines, texts.
 * Mutants follow the grammar of their kind. Each must give an answer, or an error with a code and five parts, in time; and
 * offsets must lie inside the text.
 *
 *     npm run fuzz -- --seconds 60                  from the fixed seed
 *     npm run fuzz -- --seed 7 --only tokenizer     another seed, one kind alone
 *     npm run fuzz -- --seed 7 --only tokenizer --case 1234      the one case that a failure names
 *
 * Cases run in a worker thread, so the number of a case that hangs is still known.
 */
import { parseArgs } from 'node:util'
import { setInterval, clearInterval } from 'node:timers'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'

/** A case counts as hung after this many milliseconds. */
const HUNG = 20_000
/** Reports a case that takes longer than this many milliseconds. Machines are slow at times, so it is far above any usual time. */
const SLOW = 5000
/** The longest message allowed, whatever a file contains. */
const LONGEST_MESSAGE = 4200
/** The default seed: two runs of the same length try the same cases first. */
const SEED = 20260401

async function main() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(SEED) },
      only: { type: 'string' },
      case: { type: 'string' },
    },
  })
  const options = { seconds: Number(values.seconds), seed: Number(values.seed), only: values.only, case: values.case }
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: options })
  let last = { kind: 'the first case', number: 0, at: performance.now() }
  let failures = 0
  const watch = setInterval(() => {
    if (performance.now() - last.at < HUNG) return
    report(options.seed, last.kind, last.number, 'hangs')
    process.exit(1)
  }, 500)
  worker.on('message', message => {
    if (message.begins) last = { ...message.begins, at: performance.now() }
    if (message.failure) {
      failures++
      report(options.seed, message.failure.kind, message.failure.number, message.failure.text)
    }
    if (message.counts) print(message.counts, options)
  })
  worker.on('error', error => {
    failures++
    report(options.seed, last.kind, last.number, `ends the worker: ${error.stack}`)
  })
  await new Promise(resolve => worker.on('exit', resolve))
  clearInterval(watch)
  process.exitCode = failures > 0 ? 1 : 0
}

function report(seed, kind, number, text) {
  console.error(`FAILED: npm run fuzz -- --seed ${seed} --only ${kind} --case ${number}\n  ${text}`)
}

function print(counts, { seed, seconds }) {
  console.log(`seed ${seed}, ${seconds} s, Node ${process.version}`)
  for (const [kind, { cases, answers, codes, slowest }] of Object.entries(counts)) {
    const most = Object.entries(codes).sort(([, a], [, b]) => b - a)
    const refused = cases - answers
    const example = most.slice(0, 3).map(([code, n]) => `${code} ${n}`)
    console.log(
      `${kind.padEnd(12)} ${String(cases).padStart(7)} cases  ${answers} answers  ${refused} errors of ${most.length} codes` +
        `  slowest ${Math.round(slowest)} ms${example.length > 0 ? `  (${example.join(', ')})` : ''}`,
    )
  }
}

/** Runs one case of each kind in turn until the time is up. Case `number` of a kind depends on the seed alone. */
async function work({ seconds, seed, only, case: single }) {
  const targets = await targetsOf()
  const kinds = Object.keys(targets).filter(kind => only === undefined || kind === only)
  if (kinds.length === 0) throw new Error(`no such kind; there are ${Object.keys(targets).join(', ')}`)
  const counts = Object.fromEntries(kinds.map(kind => [kind, { cases: 0, answers: 0, codes: {}, slowest: 0 }]))
  const end = performance.now() + 1000 * seconds
  for (let number = Number(single ?? 0); performance.now() < end; number++) {
    for (const kind of kinds) {
      parentPort.postMessage({ begins: { kind, number } })
      const start = performance.now()
      const result = await run(targets[kind], new Random(seed, kind, number))
      const took = performance.now() - start
      const count = counts[kind]
      count.cases++
      count.slowest = Math.max(count.slowest, took)
      if (result === undefined) count.answers++
      else count.codes[result.code] = (count.codes[result.code] ?? 0) + 1
      const text = result?.failure ?? (took > SLOW ? `takes ${Math.round(took)} ms` : undefined)
      if (text !== undefined) parentPort.postMessage({ failure: { kind, number, text } })
    }
    if (single !== undefined) break
  }
  parentPort.postMessage({ counts })
}

/** Runs one case. Returns undefined for an answer; for an error, its code and, if it breaks a rule, the failure. */
async function run(target, random) {
  try {
    await target(random)
    return undefined
  } catch (error) {
    const parts = ['code', 'subject', 'expected', 'found', 'nextStep'].map(name => error?.[name])
    const isTold = parts.every(part => typeof part === 'string' && part !== '')
    if (!isTold) return { code: 'raw', failure: `${error?.stack ?? error}` }
    // eslint-disable-next-line no-control-regex
    if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(error.message)) {
      return { code: error.code, failure: `a control character in the message: ${JSON.stringify(error.message)}` }
    }
    if (error.message.length > LONGEST_MESSAGE) {
      return { code: error.code, failure: `a message of ${error.message.length} characters` }
    }
    return { code: error.code }
  }
}

// --- kinds ------------------------------------------------------------------------------------------------------------

async function targetsOf() {
  const { pipeline, readSafetensors, redact, render, sourceFromBytes, Tokenizer, writeSafetensors } =
    await import('../dist/node.js')
  const { parseConfig } = await import('../dist/layers/config.js')
  const { openTorch } = await import('../dist/convert/torch.js')
  const { zip } = await import('../test/helpers/torch-zip.js')
  const { decodeConll, readConll } = await import('../dist/eval/conll.js')
  const { readGold } = await import('../dist/eval/gold.js')
  const { readPredictions } = await import('../dist/eval/predictions.js')
  const { openInputs } = await import('../dist/cli/ner/inputs.js')
  const { withField } = await import('../dist/cli/ner/json-line.js')
  const { randomModel } = await import('../test/helpers/random-model.js')
  const tiny = tinyFiles(randomModel)
  const ner = await pipeline('ner', tiny, { backend: 'naive' })
  const config = JSON.parse(new TextDecoder().decode(tiny['config.json']))

  return {
    safetensors(random) {
      const bytes = safetensors(random)
      const { tensors, metadata } = readSafetensors(bytes)
      // A file that opens can be written again, with all its tensors.
      const again = readSafetensors(writeSafetensors(tensors, metadata))
      check(again.tensors.size === tensors.size, 'a tensor was lost in writing')
    },
    async torch(random) {
      const bytes = torch(random, zip)
      const file = await openTorch(await sourceFromBytes({ bin: bytes }).open('bin'), 'bin')
      for (const [name, { shape }] of file.tensors) {
        const { data } = await file.read(name)
        check(data.length === shape.reduce((a, b) => a * b, 1), `${data.length} elements of ${name}`)
        check(data.byteLength <= bytes.length, 'a tensor is larger than its file')
      }
    },
    config(random) {
      parseConfig(mutateText(random, JSON.stringify(mutateJson(random, config))))
    },
    async tokenizer(random) {
      const files = tokenizerFiles(random)
      const tokenizer = await Tokenizer.fromSource(sourceFromBytes(files))
      const text = textOf(random)
      const { ids, offsets } = tokenizer.encode(text)
      for (const [start, end] of offsets) {
        check(0 <= start && start <= end && end <= text.length, `offsets ${start} … ${end} in ${JSON.stringify(text)}`)
      }
      tokenizer.decode(ids)
      tokenizer.explain(text, { offsetUnit: 'codepoint' })
    },
    conll(random) {
      const bytes = conll(random)
      const text = decodeConll(bytes, 'file.conll')
      if (random.chance(0.3))
        readPredictions(text, 'file.conll', random.chance(0.5) ? { delimiter: random.pick(['\t', ' ', ',']) } : {})
      else readGold(readConll(text, 'file.conll').sentences, 'file.conll')
    },
    async jsonl(random) {
      const line = mutateText(
        random,
        JSON.stringify(mutateJson(random, { id: 1, body: textOf(random), n: 1e20, x: [{}] })),
      )
      const { items } = await openInputs([line], { jsonl: 'body' })
      for await (const { json } of items) {
        const added = withField(json, 'entities', '[1]')
        check(JSON.stringify(JSON.parse(added).entities) === '[1]', `no field in ${added}`)
      }
    },
    async text(random) {
      const text = textOf(random)
      const options = {
        aggregation_strategy: random.pick(['none', 'simple', 'first', 'average', 'max']),
        decoding: random.pick(['argmax', 'constrained']),
        specialTokens: random.pick(['parse', 'literal']),
        ...(random.chance(0.3) ? { stride: random.below(8) } : {}),
      }
      const entities = await ner(text, options)
      let before = 0
      for (const { start, end, score } of entities) {
        check(0 <= start && start < end && end <= text.length, `an entity at ${start} … ${end} of ${text.length}`)
        check(start >= before || options.stride !== undefined, 'entities out of order')
        check(!splitsPair(text, start) && !splitsPair(text, end), 'half of a character')
        check(score > 0 && score <= 1, `a score of ${score}`)
        before = start
      }
      redact(text, entities)
      render(text, entities, random.pick(['html', 'ansi']))
    },
  }
}

function check(isRight, text) {
  if (!isRight) throw new Error(text)
}

function splitsPair(text, at) {
  return (text.charCodeAt(at - 1) & 0xfc00) === 0xd800 && (text.charCodeAt(at) & 0xfc00) === 0xdc00
}

const encode = text => new TextEncoder().encode(text)
const PIECES = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ...Array.from('abcdeABCDEéİß北京.,-한'),
  ...Array.from('abcde', letter => `##${letter}`),
]

function tinyFiles(randomModel) {
  const shape = {
    layers: 1,
    hidden: 8,
    heads: 2,
    intermediate: 16,
    vocab: PIECES.length,
    positions: 24,
    types: 2,
    std: 0.4,
  }
  return {
    ...randomModel({ ...shape, labels: ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'] }),
    'vocab.txt': encode(PIECES.join('\n')),
    'tokenizer_config.json': encode('{"do_lower_case":false}'),
  }
}

function safetensors(random) {
  const header = {}
  let at = 0
  for (let n = random.below(5); n > 0; n--) {
    const shape = Array.from({ length: random.below(4) }, () => random.below(4))
    const [dtype, size] = random.pick([['F32', 4], ['F16', 2], ['BF16', 2], ['I8', 1], ['U8', 1], ['I64', 8], ['BOOL', 1], ['F8_E4M3', 1]]) // prettier-ignore
    const bytes = shape.reduce((a, b) => a * b, size)
    header[random.pick(['a', 'b', 'c', 'x.weight', '__proto__x', 'é', '\u202e'])] = {
      dtype,
      shape,
      data_offsets: [at, at + bytes],
    }
    at += bytes
  }
  if (random.chance(0.3)) header.__metadata__ = { format: 'pt', [random.word()]: random.word() }
  const json = encode(mutateText(random, JSON.stringify(random.chance(0.7) ? mutateJson(random, header) : header)))
  const file = new Uint8Array(8 + json.length + at)
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true)
  file.set(json, 8)
  return random.chance(0.3) ? mutateBytes(random, file) : file
}

/** A file of torch.save: its operations, numbers and places changed here and there, then its bytes. */
function torch(random, zip) {
  const int = n => `J${String.fromCharCode(n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >> 24) & 255)}`
  const text = value => `X${int(value.length).slice(1)}${value}`
  const size = () => random.pick([0, 1, 2, 3, 4, 4, 6, 255, 65536, -1, 0x7fffffff])
  const types = [['FloatStorage', 4], ['HalfStorage', 2], ['BFloat16Storage', 2], ['LongStorage', 8], ['CharStorage', 1], ['BoolStorage', 1]] // prettier-ignore
  const entries = {}
  let state = ''
  for (let n = random.below(4); n > 0; n--) {
    const [type, bytes] = random.pick(types)
    const key = random.pick(['0', '1', '2', '../x', ''])
    const shape = Array.from({ length: random.below(4) }, () => (random.chance(0.85) ? 1 + random.below(3) : size()))
    const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1))
    if (random.chance(0.3)) strides.reverse()
    if (random.chance(0.1) && strides.length > 0) strides[0] = size()
    const length = shape.reduce((a, b) => a * b, 1) + (random.chance(0.2) ? random.below(4) : 0)
    const storage = `(${text('storage')}ctorch\n${type}\n${text(key)}${text('cpu')}${int(length)}tQ`
    const dict = 'ccollections\nOrderedDict\n)R'
    const call = random.chance(0.95) ? 'ctorch._utils\n_rebuild_tensor_v2\n' : `c${random.pick(['os', 'torch', '__builtin__', 'collections'])}\n${random.pick(['system', 'eval', 'FloatStorage', 'OrderedDict'])}\n` // prettier-ignore
    state += `${text(random.pick(['a', 'b', 'c', '__proto__', '_']))}${call}(${storage}${int(random.chance(0.8) ? 0 : size())}(${shape.map(int).join('')}t(${strides.map(int).join('')}t\x89${dict}tR` // prettier-ignore
    entries[`data/${key}`] = new Uint8Array(length >= 0 && length < 1e5 ? length * bytes : 0).fill(n)
  }
  let pickle = `\x80\x02${random.pick(['}', 'ccollections\nOrderedDict\n)R'])}(${state}u.`
  if (random.chance(0.3)) pickle = Buffer.from(mutateBytes(random, Uint8Array.from(Buffer.from(pickle, 'latin1')))).toString('latin1') // prettier-ignore
  if (random.chance(0.2)) entries.byteorder = random.pick(['little', 'big', 'odd', ''])
  const file = zip({ 'data.pkl': pickle, ...entries })
  return random.chance(0.4) ? mutateBytes(random, file) : file
}

function tokenizerFiles(random) {
  const special = id => ({ id, content: PIECES[id], special: true, single_word: false, lstrip: false, rstrip: false, normalized: false }) // prettier-ignore
  const part = (kind, id) => ({ [kind]: { id, type_id: 0 } })
  const single = [part('SpecialToken', '[CLS]'), part('Sequence', 'A'), part('SpecialToken', '[SEP]')]
  const name = token => ({ id: token, ids: [PIECES.indexOf(token)], tokens: [token] })
  const json = {
    added_tokens: [0, 1, 2, 3].map(special),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: random.chance(0.5) }, // prettier-ignore
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: random.chance(0.3)
      ? null
      : { type: 'TemplateProcessing', single, pair: [...single, part('Sequence', 'B')], special_tokens: { '[CLS]': name('[CLS]'), '[SEP]': name('[SEP]') } }, // prettier-ignore
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab: Object.fromEntries(PIECES.map((piece, id) => [piece, id])) }, // prettier-ignore
  }
  const config = {
    do_lower_case: random.chance(0.5),
    tokenizer_class: random.pick([
      'BertTokenizer',
      'PreTrainedTokenizerFast',
      'DistilBertTokenizer',
      null,
      'BertJapaneseTokenizer',
    ]),
    model_max_length: 512,
    mask_token: random.pick(['[MASK]', { content: '[MASK]', lstrip: true }, null, '<m>']),
    additional_special_tokens: [random.word(), '[X]'],
    extra_special_tokens: random.pick([undefined, [], { image_token: '<i>' }, [random.word()]]),
    added_tokens_decoder: random.pick([undefined, {}, { [PIECES.length]: { content: random.word(), special: random.chance(0.5), rstrip: true } }]), // prettier-ignore
  }
  const files = {}
  const add = (file, value, chance) => {
    if (random.chance(chance))
      files[file] = encode(mutateText(random, JSON.stringify(random.chance(0.6) ? mutateJson(random, value) : value)))
  }
  add('tokenizer.json', json, 0.6)
  add('tokenizer_config.json', config, 0.8)
  add('special_tokens_map.json', { unk_token: '[UNK]', pad_token: { content: random.word() }, additional_special_tokens: [random.word()] }, 0.4) // prettier-ignore
  add('added_tokens.json', { [random.word()]: PIECES.length }, 0.4)
  add(
    'config.json',
    { tokenizer_class: random.pick(['BertTokenizer', 'TokenizersBackend', 'RobertaTokenizer', 5]) },
    0.3,
  )
  if (!files['tokenizer.json'] || random.chance(0.2)) files['vocab.txt'] = mutateBytes(random, encode(PIECES.join(random.pick(['\n', '\r\n', ' \n']))), 0.3) // prettier-ignore
  return files
}

function conll(random) {
  const tag = () =>
    random.pick([
      'O',
      'B-PER',
      'I-PER',
      'B-LOC',
      'E-LOC',
      'S-LOC',
      'PER',
      'B',
      'LOC-B',
      '-X-',
      '',
      'M-PER',
      'O',
      'O',
      random.word(),
    ])
  const separator = random.pick([' ', '\t', '  ', ' \t'])
  const isRagged = random.chance(0.2)
  const width = random.below(3)
  const lines = Array.from({ length: random.below(30) }, (_, i) => {
    if (random.chance(0.15))
      return random.pick(['', '', '', '', '', '', ' ', '# id 5', '-DOCSTART- -X- O', '#tag\tO', '\ufeff', '\r'])
    const columns = [
      random.pick([random.word(), String(i)]),
      ...Array.from({ length: isRagged ? random.below(4) : width }, tag),
      tag(),
    ]
    return columns.join(separator)
  })
  return mutateBytes(random, encode(lines.join(random.pick(['\n', '\n', '\r\n', '\r']))), 0.3)
}

const LETTERS = Array.from(
  'abcdeABCDE .,-\n\té\u0301İß北京한𝒜😀\u200d\u202e\ufeff\u0000\u000b\u0085\u00a0\u3000#"\\<>&',
)

function textOf(random) {
  const parts = ['[CLS]', '[SEP]', '[MASK]', 'Ada', 'de', '\ud800', '\udc00', ' ', ' ', 'aaaaaaaaaa']
  let text = ''
  for (let n = random.below(40); n > 0; n--) text += random.pick(random.chance(0.3) ? parts : LETTERS)
  return random.chance(0.05) ? text.repeat(1 + random.below(400)) : text
}

// --- mutations --------------------------------------------------------------------------------------------------------

const VALUES = [null, true, false, 0, -1, 0.5, 1e300, 2 ** 53, 2 ** 31, '', 'x', '\u001b[31m', '\u2028', '\ud800', [], {}, [null], { x: null }, [[]], '__proto__', 'B-PER', '[CLS]'] // prettier-ignore

/** Changes, removes, doubles or nests one to three places of a value. */
function mutateJson(random, value) {
  let copy = JSON.parse(JSON.stringify(value))
  for (let n = 1 + random.below(3); n > 0; n--) {
    const places = placesIn(copy)
    if (places.length === 0) break
    const [holder, key] = random.pick(places)
    const kind = random.below(6)
    if (kind === 0 && !Array.isArray(holder)) delete holder[key]
    else if (kind === 1) holder[key] = nest(random, random.below(300), holder[key])
    else if (kind === 2 && !Array.isArray(holder)) holder[random.word()] = JSON.parse(JSON.stringify(holder[key]))
    else if (kind === 3 && Array.isArray(holder)) holder.splice(random.below(holder.length + 1), 0, another(random))
    else holder[key] = another(random)
  }
  if (random.chance(0.02)) copy = another(random)
  return copy
}

/** Makes a new value of some kind. It must be a copy: later changes to it must not affect the next. */
function another(random) {
  const value = random.pick(VALUES)
  return typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value
}

function placesIn(value, found = []) {
  if (typeof value !== 'object' || value === null) return found
  for (const key of Object.keys(value)) {
    found.push([value, key])
    placesIn(value[key], found)
  }
  return found
}

function nest(random, depth, value) {
  const isList = random.chance(0.5)
  for (let i = 0; i < depth; i++) value = isList ? [value] : { a: value }
  return value
}

/** Writes JSON text. Now and then it is broken, or spelled as JSON.stringify never would. */
function mutateText(random, text = 'null') {
  switch (random.below(24)) {
    case 0:
      return text.slice(0, random.below(text.length + 1))
    case 1:
      return text.replace(/\d+/, () => random.pick(['1e999', '-0', '01', '1.0', '1e2', '9'.repeat(400), 'NaN', '-']))
    case 2:
      return text.replace(
        /"([^"]+)":/,
        (all, key) => `${all}0,"\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}":`,
      )
    case 3:
      return `${random.pick(['\ufeff', ' ', '[', '\u0000', '//'])}${text}`
    case 4:
      return text + random.pick([' ', ',', '}', '\u0000', '\n{}'])
    case 5: {
      const at = random.below(text.length + 1)
      return text.slice(0, at) + random.pick(LETTERS) + text.slice(at + random.below(3))
    }
    case 6:
      return '['.repeat(random.below(100_000)) + text
    default:
      return text
  }
}

function mutateBytes(random, bytes, chance = 1) {
  if (!random.chance(chance) || bytes.length === 0) return bytes
  const copy = bytes.slice(0, random.chance(0.2) ? random.below(bytes.length) : bytes.length)
  for (let n = random.below(4); n > 0 && copy.length > 0; n--) copy[random.below(copy.length)] = random.below(256)
  return copy
}

/** Random numbers by mulberry32, seeded by everything that names a case. */
class Random {
  #state

  constructor(seed, kind, number) {
    this.#state = seed | 0
    for (const char of `${kind} ${number}`) this.#state = Math.imul(this.#state ^ char.charCodeAt(0), 0x01000193)
  }

  below(n) {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % n
  }

  chance(p) {
    return this.below(1e6) < p * 1e6
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  word() {
    return Array.from({ length: this.below(6) }, () => this.pick(LETTERS)).join('')
  }
}

if (isMainThread) await main()
else await work(workerData)
