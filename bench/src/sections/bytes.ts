/** Measures the bytes to download and to install. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { Bench, progress } from '../bench.ts'
import type { Model } from '../models.ts'
import { BENCH, packageFolder, ROOT } from '../paths.ts'

const OURS = { label: 'bert-ner', group: 'ours' } as const

export async function measureBytes(bench: Bench, models: readonly Model[]): Promise<void> {
  progress('bytes')
  const place = { section: 'bytes', model: 'packages', threads: null }
  const add = (row: { label: string; group: 'ours' | 'peer' }, column: string, bytes: number) => {
    bench.add(row, { ...place, column }, bytes / 1e6, 'MB')
  }
  const pack = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, encoding: 'utf8' }),
  ) as [{ size: number; unpackedSize: number }]
  add(OURS, 'tarball', pack[0].size)
  add(OURS, 'installed', pack[0].unpackedSize)
  const bundle = await build({
    entryPoints: [join(ROOT, 'dist/index.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    external: ['node:*', '@tensorflow/*'],
    write: false,
    logLevel: 'silent',
  })
  const scripts = bundle.outputFiles.map(({ contents }) => contents)
  add(OURS, 'JavaScript, minified', total(scripts.map(script => script.length)))
  add(OURS, 'JavaScript, gzip', total(scripts.map(script => gzipSync(script).length)))
  const wasm = filesUnder(join(ROOT, 'dist')).filter(path => path.endsWith('.wasm'))
  if (wasm.length > 0) add(OURS, 'wasm (largest that one engine loads)', Math.max(...wasm.map(size)))
  for (const { name, folder } of models) {
    bench.add(
      OURS,
      { ...place, column: `model.safetensors, ${name}` },
      size(join(folder, 'model.safetensors')) / 1e6,
      'MB',
    )
  }
  if (bench.settings.peers) addPeers(add)
}

function addPeers(add: (row: { label: string; group: 'peer' }, column: string, bytes: number) => void): void {
  for (const [name, script, wasm] of PEERS) {
    const folder = packageFolder(name)
    if (folder === null) continue
    const row = { label: name, group: 'peer' } as const
    add(row, 'installed', total([...dependenciesOf(name)].map(path => total(ownFiles(path).map(size)))))
    if (script !== null) {
      const bytes = readFileSync(join(folder, script))
      add(row, 'JavaScript, minified', bytes.length)
      add(row, 'JavaScript, gzip', gzipSync(bytes).length)
    }
    const path = wasm === null ? undefined : [join(folder, wasm), join(BENCH, 'node_modules', wasm)].find(existsSync)
    if (path !== undefined) add(row, 'wasm (largest that one engine loads)', size(path))
  }
}

/** Each peer: its package, and the files that a browser loads as JavaScript and as WebAssembly. */
const PEERS = [
  [
    '@huggingface/transformers',
    'dist/transformers.web.min.js',
    'node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm',
  ],
  ['onnxruntime-web', 'dist/ort.wasm.bundle.min.mjs', 'dist/ort-wasm-simd-threaded.wasm'],
  ['onnxruntime-node', null, null],
  ['@tensorflow/tfjs-backend-wasm', 'dist/tf-backend-wasm.min.js', 'wasm-out/tfjs-backend-wasm-simd.wasm'],
  ['@huggingface/tokenizers', 'dist/tokenizers.min.mjs', null],
] as const

/** The folders of a package and of all its dependencies, with optional platform packages if installed. */
function dependenciesOf(name: string, from = BENCH, found = new Set<string>()): Set<string> {
  for (let at = from; at.startsWith(BENCH); at = join(at, '..')) {
    const folder = join(at, 'node_modules', name)
    if (!existsSync(join(folder, 'package.json'))) continue
    if (found.has(folder)) return found
    found.add(folder)
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      'dependencies' | 'optionalDependencies' | 'peerDependencies',
      Record<string, string> | undefined
    >
    const names = [manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies]
    for (const dependency of names.flatMap(group => Object.keys(group ?? {}))) dependenciesOf(dependency, folder, found)
    return found
  }
  return found
}

const size = (path: string) => statSync(path).size
const total = (sizes: readonly number[]) => sizes.reduce((sum, bytes) => sum + bytes, 0)

function filesUnder(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter(entry => entry.isFile())
        .map(entry => join(entry.parentPath, entry.name))
    : []
}

/** The files of a package, without those of packages nested inside it. */
const ownFiles = (folder: string) =>
  filesUnder(folder).filter(path => !path.slice(folder.length).includes('/node_modules/'))
