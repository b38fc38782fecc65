/**
 * Builds dist/. First the default model's settings are taken from weights/. Then tsc emits every module with its types. Then the
 * SIMD kernels are assembled to .wasm files. Then each of the command line's libraries is bundled into the one file that imports
 * it, with its licence beside it. Last, what Node starts is bundled: loading a hundred modules one by one takes it longer than
 * all that they do at first. `--if-stale` does nothing if dist/ is newer than its sources.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleForNode } from './bundle.mjs'
import { bundleInline } from './inline.mjs'
import { writeWeightsSettings } from './weights-settings.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)
const stamp = 'dist/.built'

/** The folders whose libraries are bundled: the command line's for Node, the service's for any runtime. */
const VENDOR = [
  {
    folder: 'dist/cli/vendor',
    platform: 'node',
    target: 'node20',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  },
  {
    folder: 'dist/serve/vendor',
    platform: 'neutral',
    target: 'es2022',
    mainFields: ['module', 'main'],
    alias: { util: join(root, 'scripts/vendor-util.mjs') },
  },
]

if (!(
  process.argv.includes('--if-stale') &&
  existsSync(stamp) &&
  newest([
    'src',
    'scripts',
    'tsconfig.json',
    'package.json',
    ...['config.json', 'tokenizer_config.json', 'model.safetensors'].map(name => `weights/${name}`),
  ]) <= statSync(stamp).mtimeMs
)) {
  await build()
}

function newest(paths) {
  return Math.max(
    ...paths.map(path => {
      const info = statSync(path)
      return info.isDirectory()
        ? Math.max(info.mtimeMs, newest(readdirSync(path).map(name => join(path, name))))
        : info.mtimeMs
    }),
  )
}

async function build() {
  rmSync('dist', { recursive: true, force: true })
  writeWeightsSettings()
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { stdio: 'inherit' })
  if (tsc.status !== 0) process.exit(tsc.status ?? 1)
  writeWasm()
  await bundleThread()
  // Of wasm.ts, only the type is meant.
  for (const file of ['dist/wasm.js', 'dist/wasm.js.map']) rmSync(file)
  await bundleVendor()
  await bundleInline()
  await bundleForNode()
  chmodSync('dist/cli.js', 0o755)
  writeFileSync(stamp, '')
}

/** Writes the .wasm files, then deletes the assembler and the kernels' source from dist/: run time needs neither. */
function writeWasm() {
  const assembly = 'dist/kernels/simd/assembly'
  const { status } = spawnSync(process.execPath, [`${assembly}/write.js`, 'dist/kernels/simd/engine'], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
  rmSync(assembly, { recursive: true })
}

/** Makes one file of a thread's script and what it imports, so that a bundler may also copy it as it is. */
async function bundleThread() {
  const { build } = await import('esbuild')
  const script = 'dist/kernels/simd/engine/worker.js'
  await build({
    entryPoints: [script],
    outfile: script,
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    minify: true,
  })
  rmSync(`${script}.map`)
}

/** Bundles each file of a vendor folder with the library that it names. So a command loads only the ones that it uses. */
async function bundleVendor() {
  const { build } = await import('esbuild')
  for (const { folder, ...options } of VENDOR) {
    const entries = readdirSync(folder).filter(name => name.endsWith('.js'))
    const { metafile } = await build({
      entryPoints: entries.map(name => join(folder, name)),
      outdir: folder,
      allowOverwrite: true,
      bundle: true,
      format: 'esm',
      minify: true,
      metafile: true,
      logLevel: 'warning',
      ...options,
    })
    for (const name of entries) {
      for (const stale of [`${name}.map`, name.replace(/js$/, 'd.ts.map')]) rmSync(join(folder, stale), { force: true })
    }
    writeLicences(folder, metafile)
  }
}

function writeLicences(target, metafile) {
  const folders = new Set(
    Object.keys(metafile.inputs).flatMap(input => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []),
  )
  const notices = [...folders].sort().map(folder => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry))
    return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : ''}\n`
  })
  writeFileSync(join(target, 'LICENSES.txt'), notices.join('\n' + '-'.repeat(80) + '\n\n'))
}
