/** npm run bench: see bench/README.md. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { ASKED, Bench, SECTIONS, type Section } from './bench.ts'
import { OURS, PEERS, PIPELINES, type Engine } from './engines.ts'
import { makeResults } from './all.ts'
import { asError } from './interleave.ts'
import { describe, PEER_PACKAGES, watch } from './machine.ts'
import { defaultModel, exportForPeers, modelFrom, randomModelFolder, type Model } from './models.ts'
import { BENCH, versionOf } from './paths.ts'
import { cpu } from './processes.ts'
import { toMarkdown, toText } from './report.ts'
import { merge, type Results } from './results.ts'
import { measureBrowser } from './sections/browser.ts'
import { measureBytes } from './sections/bytes.ts'
import { measureColdStarts } from './sections/cold.ts'
import { measureEngines } from './sections/engines.ts'
import { measureFilter } from './sections/filter.ts'
import { measureKernels } from './sections/kernels.ts'
import { measurePipelines } from './sections/pipelines.ts'
import { measureLongRun, measureOverload, measureService } from './sections/serve.ts'
import { measureTokenizers } from './sections/tokenizer.ts'

interface Options {
  peers?: true
  browser?: true
  quick?: true
  profile?: true
  sections?: Section[]
  only?: string[]
  threads?: number[]
  tokens?: number[]
  models: ('default' | 'base' | 'mini')[]
  model?: string
  python?: string
  node?: string
  from?: string[]
  all?: true
  nodes: string[]
  within?: number
  json?: string
  markdown?: string
  svg?: string
}

const list = (text: string) => text.split(',')
/** 1, 2, 4 … and all cores. */
const doubled = (cores: number) => [...Array.from({ length: 16 }, (_, i) => 2 ** i).filter(n => n < cores), cores]
const numbers = (text: string) =>
  list(text).map(part => {
    const value = Number(part)
    if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected whole numbers from 1.')
    return value
  })
const among =
  <T extends string>(allowed: readonly T[]) =>
  (text: string): T[] =>
    list(text).map(part => {
      const found = allowed.find(name => name === part)
      if (found === undefined) throw new InvalidArgumentError(`Expected some of ${allowed.join(', ')}.`)
      return found
    })
const ENGINES = [...OURS, ...PEERS, ...PIPELINES]

const options = new Command('npm run bench --')
  .description(
    'Measures this runtime and, with --peers, what a user would take instead: same weights, same tokens, in turn.',
  )
  .option('--peers', 'measure the peers too; the first time installs them into bench/node_modules')
  .option('--browser', 'the same rows in headless Chromium, with --peers beside transformers.js; nothing else')
  .option('--quick', 'within a minute, just to see that everything runs')
  .option('--profile', 'also GFLOP/s of each kernel, and its share of a forward pass')
  .option('--sections <names>', `only these: ${SECTIONS.join(', ')}`, among(SECTIONS))
  .option(
    '--only <engines>',
    `only these: ${ENGINES.map(({ id }) => id).join(', ')}`,
    among(ENGINES.map(({ id }) => id)),
  )
  .option('--threads <counts>', 'default: 1, 2, 4 … and all cores', numbers)
  .option('--tokens <lengths>', 'lengths of the one text whose latency is measured', numbers)
  .option(
    '--models <names>',
    'default, base (BERT-base shape, random weights), mini',
    among(['default', 'base', 'mini']),
    ['default', 'base'],
  )
  .option('--model <folder>', 'measure this model folder instead')
  .option('--python <path>', 'a Python with the packages of bench/export/requirements.txt')
  .option('--node <path>', 'run it all, peers included, under this Node')
  .option('--from <files>', 'measure nothing: show results that --json wrote, later ones over earlier ones', list)
  .option(
    '--all',
    'write bench/RESULTS.md, its JSON and its charts anew: section by section, keeping what this build has measured',
  )
  .option('--nodes <paths>', 'with --all: the Nodes that measure', list, [process.execPath])
  .option('--within <seconds>', 'with --all: begin no section after this time; the same command goes on', seconds =>
    Number(seconds),
  )
  .option('--json <file>', 'write the results')
  .option('--markdown <file>', 'write the tables')
  .option('--svg <file>', 'draw the charts')
  .parse()
  .opts<Options>()

if (options.all) {
  process.exit((await makeResults(options.nodes, options.within ?? Infinity, options.python)) ? 0 : 1)
}
if (options.node !== undefined) process.exit(await runUnder(options.node))
const results = options.from
  ? merge(options.from.map(file => JSON.parse(readFileSync(file, 'utf8')) as Results))
  : await measure(options)
write(results, options)
if (options.svg !== undefined) {
  install(['echarts'], ['--omit=optional'])
  const { draw } = await import('./plot.ts')
  await draw(results, options.svg).catch((error: unknown) => {
    console.error(`no charts: ${asError(error).message}`)
    process.exitCode = 1
  })
}

async function measure(options: Options): Promise<Results> {
  const quick = options.quick === true
  if (options.peers) install(PEER_PACKAGES, [])
  if (options.browser) install(['playwright-core'], [])
  const start = performance.now()
  const watching = watch()
  const cores = availableParallelism()
  const bench = new Bench({
    quick,
    peers: options.peers === true,
    sections: new Set(
      options.sections ??
        (options.browser
          ? (['browser'] as const)
          : SECTIONS.filter(
              section => !ASKED.includes(section) && (section !== 'kernels' || options.profile === true),
            )),
    ),
    only: new Set(options.only),
    threads: options.threads ?? doubled(cores),
    tokens: options.tokens ?? (quick ? [8, 32] : [8, 16, 32, 128, 512]),
    curveTokens: quick || options.tokens !== undefined ? [] : [64, 256],
  })
  const results = (): Results => {
    const { user, system } = process.cpuUsage()
    const own = cpu.seconds + (user + system) / 1e6
    const run = describe((performance.now() - start) / 1000, watching.done(own))
    return { runs: [run], figures: bench.figures, notes: bench.notes }
  }
  // A run that is stopped early still writes its results. Children end with their parent.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      bench.notes.push('stopped before it was through')
      write(results(), options)
      process.exit(1)
    })
  }
  const models = await findModels(options)
  bench.startClock()
  for (const model of models) await measureModel(bench, model, options)
  // Random weights have the default model's vocabulary, so one tokenizer stands for all.
  if (bench.wants('tokenizer') && models[0]) await measureTokenizers(bench, models[0])
  if (bench.wants('bytes')) await measureBytes(bench, models)
  const served = models.at(-1)
  if (served && (['serve', 'overload', 'soak'] as const).some(section => bench.wants(section))) {
    install(['autocannon'], [])
    if (bench.wants('serve')) await measureService(bench, served, options.python)
    if (bench.wants('overload')) await measureOverload(bench, served)
    if (bench.wants('soak')) await measureLongRun(bench, served)
  }
  return results()
}

function write(results: Results, { json, markdown }: Options): void {
  console.log(toText(results))
  if (json !== undefined) writeFileSync(json, JSON.stringify(results, null, 1) + '\n')
  if (markdown !== undefined) writeFileSync(markdown, toMarkdown(results))
}

async function findModels({ model, models, quick, peers, python }: Options): Promise<readonly Model[]> {
  const wanted = quick ? [defaultModel() ? 'default' : 'mini'] : models
  const found =
    model === undefined
      ? wanted.flatMap(name =>
          name === 'default' ? (defaultModel() ?? []) : [randomModelFolder(name === 'base' ? 'base' : 'mini')],
        )
      : [modelFrom(model, model)]
  return peers ? Promise.all(found.map(one => exportForPeers(one, python))) : found
}

async function measureModel(bench: Bench, model: Model, { profile }: Options): Promise<void> {
  const { settings } = bench
  const chosen = (engines: readonly Engine[]) =>
    engines.filter(
      ({ id, group }) => (settings.only.size === 0 || settings.only.has(id)) && (settings.peers || group === 'ours'),
    )
  const engines = chosen([...OURS, ...PEERS])
  const pipelines = chosen(PIPELINES)
  const all = settings.threads.at(-1) ?? 1
  for (const threads of settings.threads) {
    if (!(['latency', 'batch', 'throughput'] as const).some(section => bench.wants(section))) break
    await measureEngines(bench, model, threads, engines.filter(isAble(threads)))
  }
  for (const threads of bench.wants('pipeline') ? settings.threads : []) {
    if (model.isLarge && threads !== all) continue
    await measurePipelines(bench, model, threads, pipelines.filter(isAble(threads)))
  }
  if (bench.wants('cold')) {
    await measureColdStarts(bench, model, all, [...engines, ...pipelines])
  }
  if (bench.wants('browser') && !model.isLarge) await measureBrowser(bench, model, all)
  if (bench.wants('filter')) await measureFilter(bench, model)
  if (bench.wants('kernels') || profile) await measureKernels(bench, model, chosen(OURS))
}

/** Runs the same command under another Node, which the engines' processes inherit. Returns its exit status. */
async function runUnder(node: string): Promise<number> {
  const words = process.argv.slice(1).filter((word, i, all) => !/^--node(=|$)/.test(word) && all[i - 1] !== '--node')
  const child = spawn(node, words, { stdio: 'inherit' })
  // Passes a signal to the other process, which then writes its results. A terminal sends its signals to both.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => {
    child.kill('SIGTERM')
  })
  return new Promise(resolve => {
    child.once('error', ({ message }) => {
      console.error(`--node ${node}: cannot be run (${message}). Give the path of a Node binary, 20 or later.`)
      resolve(2)
    })
    child.once('exit', code => {
      resolve(code ?? 1)
    })
  })
}

function isAble(threads: number) {
  return (engine: Engine) => threads === 1 || engine.oneThread !== true
}

/**
 * Installs the packages that bench/package.json pins, if any is missing. npm silently leaves out an optional package whose
 * download fails; the next run tries again. A row says so if a package cannot be installed.
 */
function install(needed: readonly string[], flags: readonly string[]): void {
  if (needed.every(name => versionOf(name) !== null)) return
  console.error('installing bench/package.json …')
  // Not npm ci, which would first delete the installed packages.
  const { status } = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...flags], {
    cwd: BENCH,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) console.error('npm install failed: rows of the packages that are missing say so')
}
