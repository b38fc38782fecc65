/**
 * Makes RESULTS.md anew, part by part. Each part is a run of the bench by itself, and its JSON is kept; parts that this build has
 * measured are not measured again. So a run that was stopped, or had no more time, goes on with the same command.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { BENCH, CACHE, ROOT } from './paths.ts'
import { toShortMarkdown } from './report.ts'
import { merge, type Results } from './results.ts'

interface Part {
  readonly name: string
  readonly words: readonly string[]
}

/** The parts, those first that README.md quotes. `isOnce`: one Node measures it for all. */
function parts(): (Part & { readonly isOnce: boolean })[] {
  const all = availableParallelism()
  const quoted =
    '--only simd-fp32,simd-w8a16,simd-q8,simd-turbo-q8,ort-web-fp32,ort-web-int8,tfjs-fast,ort-node-fp32,ort-node-int8'
  const part = (words: string, isOnce = false) => ({
    name: words
      .replace(/ --only .*/, '')
      .replaceAll(/[^a-z0-9]+/g, '-')
      .slice(1),
    words: words.split(' '),
    isOnce,
  })
  const [base, normal] = ['--models base --sections', '--models default --sections']
  return [
    part(`${base} latency --threads 1 ${quoted}`),
    part('--models default --browser', true),
    part(`${normal} latency --threads 1 ${quoted}`),
    part(`${normal} kernels --only simd-q8,simd-fp32`),
    part(`${normal} pipeline,cold`),
    ...(all === 1
      ? []
      : [part(`${normal} latency --threads ${all} ${quoted}`), part(`${base} latency --threads ${all} ${quoted}`)]),
    part(`${normal} batch,throughput --threads ${all}`),
    part(`${normal} tokenizer,bytes`, true),
    part(`${base} cold`),
    part(`${base} batch,throughput --threads ${all} ${quoted}`),
  ]
}

/** Measures what is missing, and writes bench/RESULTS.md, .json and .svg from all there is. Returns whether all parts are there. */
export async function makeResults(nodes: readonly string[], seconds: number, python?: string): Promise<boolean> {
  const folder = join(CACHE, `parts-${buildHash()}`)
  mkdirSync(folder, { recursive: true })
  const wanted = parts().flatMap(({ name, words, isOnce }) =>
    (isOnce ? nodes.slice(-1) : nodes).map(node => ({
      words,
      node,
      file: join(folder, `${name}.${nodes.indexOf(node)}.json`),
    })),
  )
  const start = performance.now()
  for (const { words, node, file } of wanted) {
    if (existsSync(file) || performance.now() - start > 1000 * seconds) continue
    console.error(`\n${node} ${words.join(' ')}`)
    const usual = ['--peers', '--json', file, ...(python === undefined ? [] : ['--python', python])]
    spawnSync(node, [join(BENCH, 'bench.mjs'), ...words, ...usual], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  const files = wanted.map(({ file }) => file).filter(file => existsSync(file))
  const results = merge(files.map(file => JSON.parse(readFileSync(file, 'utf8')) as Results))
  writeFileSync(join(BENCH, 'RESULTS.json'), oneFigureALine(results))
  writeFileSync(join(BENCH, 'RESULTS.md'), toShortMarkdown(results))
  const { draw } = await import('./plot.ts')
  await draw(results, join(BENCH, 'results.svg'))
  console.error(
    `\n${files.length} of ${wanted.length} parts; bench/RESULTS.md, RESULTS.json and results.svg are written`,
  )
  return files.length === wanted.length
}

function oneFigureALine({ runs, figures, notes }: Results): string {
  const lines = (values: readonly unknown[]) => values.map(value => JSON.stringify(value)).join(',\n')
  return `{"runs":[\n${lines(runs)}\n],"figures":[\n${lines(figures)}\n],"notes":[\n${lines(notes)}\n]}\n`
}

/** A hash of what is measured: the built package. */
function buildHash(): string {
  const hash = createHash('sha256')
  const paths = readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' })
  for (const path of paths.filter(name => /\.(js|wasm)$/.test(name)).sort())
    hash.update(readFileSync(join(ROOT, 'dist', path)))
  return hash.digest('hex').slice(0, 12)
}
