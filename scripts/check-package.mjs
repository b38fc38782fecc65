/**
 * Packs the tarball that would be published, and checks it against the promises of the README. publint and
 * are-the-types-wrong find nothing. It has no dependency. The core imports neither Node's modules nor any package. A strict
 * consumer compiles against it without any other types. The program runs from it. Every part stays below a ceiling.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** The most bytes of each part. A change that needs more raises the ceiling in the same commit, and says why. */
const CEILINGS = {
  'weights, the default model': 25_000_000,
  // Every source, its JavaScript, types and maps: redaction takes some 165 kB of it, the hub and its cache about as much, and what
  // Node starts is there a second time, bundled: some 600 kB. The two files that hold everything take 225 kB, the service with its
  // libraries some 250 kB, conversion some 60 kB.
  'tarball without the weights': 2_450_000,
  'all that a bundler takes in, minified': 400_000,
  'the same, compressed': 110_000,
  'safetensors alone, minified': 17_000,
  'bert-ner/redact alone, minified': 45_000,
  'bert-ner/patterns alone, minified': 14_000,
}

const TFJS = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm']

let failed = false
const folder = mkdtempSync(join(tmpdir(), 'bert-ner-pack-'))
try {
  const tarball = pack()
  const installed = unpack(tarball)
  run('npx', ['--no', 'publint', 'run', tarball, '--strict'])
  const wasm = ['', '-shared', '-relaxed', '-relaxed-shared'].map(features => `./simd${features}.wasm`)
  const isNoModule = ['./package.json', './weights/*', './inline.iife.js', ...wasm]
  const attw = ['--no', 'attw', tarball, '--profile', 'esm-only', '--format', 'ascii', '--exclude-entrypoints']
  run('npx', [...attw, ...isNoModule])
  checkManifest(installed)
  checkFiles(installed)
  checkTypes()
  checkProgram(installed)
  await checkCore(installed)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0

function pack() {
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder])
  return join(folder, readdirSync(folder)[0])
}

/** Unpacks it as npm would install it, into node_modules/bert-ner of a project that has nothing else. */
function unpack(tarball) {
  const installed = join(folder, 'node_modules/bert-ner')
  mkdirSync(installed, { recursive: true })
  run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  return installed
}

function checkManifest(installed) {
  const { dependencies, optionalDependencies, scripts } = JSON.parse(
    readFileSync(join(installed, 'package.json'), 'utf8'),
  )
  const names = Object.keys({ ...dependencies, ...optionalDependencies })
  if (names.length > 0) fail(`expected no runtime dependency, found ${names.join(', ')}`)
  const onInstall = ['preinstall', 'install', 'postinstall'].filter(name => scripts?.[name] !== undefined)
  if (onInstall.length > 0) fail(`expected nothing to run on installation, found ${onInstall.join(', ')}`)
}

function checkFiles(installed) {
  const all = readdirSync(installed, { recursive: true, withFileTypes: true })
  const files = all.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const allowed = ['dist', 'src', 'weights', 'package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md']
  for (const entry of readdirSync(installed)) if (!allowed.includes(entry)) fail(`${entry} is in the tarball`)
  const weights = files.filter(file => file.startsWith(join(installed, 'weights/')))
  const rest = files.filter(file => !weights.includes(file))
  ceiling('weights, the default model', sum(weights.map(file => statSync(file).size)))
  ceiling('tarball without the weights', sum(rest.map(file => gzipSync(readFileSync(file)).length)))
}

/** Compiles a consumer under both ways of resolving modules, with every check on, without Node's types. */
function checkTypes() {
  const source = 'test/package/consumer.ts'
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, basename(source)), readFileSync(source))
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const compilerOptions = {
      ...{ module, moduleResolution, target: 'es2022', lib: ['es2022', 'dom'], types: [], noEmit: true },
      ...{ strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [basename(source)] }))
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder])
  }
}

function checkProgram(installed) {
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  const cli = spawnSync(process.execPath, [join(installed, 'dist/cli.js'), '--version'], { encoding: 'utf8' })
  if (cli.stdout !== `${version}\n`) fail(`bert-ner --version printed ${cli.stdout}${cli.stderr}`)
  const tokenize = spawnSync(process.execPath, [join(installed, 'dist/cli.js'), 'tokenize', 'hello'], {
    encoding: 'utf8',
  })
  if (tokenize.status !== 0) fail(`bert-ner tokenize failed: ${tokenize.stderr}`)
  // Runs the README's example on the tarball's files alone: the weights, the .wasm, everything that is loaded by path.
  const example = /```js\n(.*?)```/s.exec(readFileSync(join(installed, 'README.md'), 'utf8'))?.[1] ?? ''
  const printed = spawnSync(process.execPath, ['--input-type=module', '-e', example], {
    cwd: installed,
    encoding: 'utf8',
  })
  if (printed.status !== 0 || printed.stdout === '')
    fail(`the README's example failed out of the tarball: ${printed.stderr}`)
  const program = "import('bert-ner').then(({ writeSafetensors }) => console.log(writeSafetensors([]).length))"
  const node = spawnSync(process.execPath, ['-e', program], { cwd: folder, encoding: 'utf8' })
  if (node.stdout !== '16\n') fail(`importing the package printed ${node.stdout}${node.stderr}`)
}

/** Bundles the browser's entry. Any import fails the bundle unless it is relative, or tfjs, which is loaded on demand. */
async function checkCore(installed) {
  const options = { bundle: true, minify: true, write: false, platform: 'browser', format: 'esm', logLevel: 'silent' }
  const entry = join(installed, 'dist/index.js')
  try {
    const all = await build({
      ...options,
      entryPoints: [entry],
      external: TFJS,
      metafile: true,
      loader: { '.wasm': 'binary' },
    })
    const imports = Object.values(all.metafile.outputs).flatMap(output => output.imports)
    for (const { path, kind } of imports.filter(each => each.external)) {
      if (kind !== 'dynamic-import') fail(`the core imports ${path} at once; load it on demand`)
    }
    const bytes = all.outputFiles[0].contents
    ceiling('all that a bundler takes in, minified', bytes.length)
    ceiling('the same, compressed', gzipSync(bytes, { level: 9 }).length)
    const contents = `export { readSafetensors, openSafetensors } from ${JSON.stringify(entry)}`
    const part = await build({ ...options, stdin: { contents, resolveDir: folder }, external: TFJS })
    ceiling('safetensors alone, minified', part.outputFiles[0].contents.length)
    for (const name of ['redact', 'patterns']) {
      const { outputFiles } = await build({ ...options, entryPoints: [join(installed, `dist/${name}.js`)] })
      ceiling(`bert-ner/${name} alone, minified`, outputFiles[0].contents.length)
    }
  } catch (error) {
    fail(`the core does not bundle for a browser: ${error.message}`)
  }
}

function ceiling(name, bytes) {
  console.log(`${name}: ${bytes.toLocaleString('en-US')} of ${CEILINGS[name].toLocaleString('en-US')} bytes`)
  if (bytes > CEILINGS[name]) fail(`${name} is above its ceiling`)
}

function sum(numbers) {
  return numbers.reduce((a, b) => a + b, 0)
}

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) fail(`${command} ${args.slice(0, 3).join(' ')} exited ${status}`)
}

function fail(message) {
  console.error(`check-package: ${message}`)
  failed = true
}
