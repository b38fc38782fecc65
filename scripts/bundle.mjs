/**
 * Bundles what Node starts: the entries that package.json has for it in dist/bundle, and the command line. The modules stay beside
 * them, for browsers' bundlers, which leave out what is not used. What entries share goes into chunks, so that a class or a
 * registry is there once, whichever of them a program imports.
 */
import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { build } from 'esbuild'

const OPTIONS = {
  outdir: 'dist',
  chunkNames: 'bundle/[name]-[hash]',
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'linked',
  sourcesContent: false,
}

export async function bundleForNode() {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
  const files = Object.values(exports).map(entry => entry.node?.default ?? entry.node)
  const names = files.filter(file => file?.startsWith('./dist/bundle/')).map(file => file.slice('./dist/'.length, -3))
  const entryPoints = names.map(name => ({ in: name.replace('bundle', 'dist') + '.js', out: name }))
  await build({ ...OPTIONS, entryPoints, plugins: [plugin(() => '')] })
  await bundleProgram()
}

/**
 * Bundles the command line: the code of `bert-ner TEXT` in one chunk, that of each other command in its own. esbuild makes a chunk for
 * each set of modules that the same files use. So every file that is imported later names all of that code, and it is one set.
 */
async function bundleProgram() {
  const entryPoints = [{ in: 'dist/cli.js', out: 'cli' }]
  const { metafile } = await build({ ...OPTIONS, entryPoints, metafile: true, write: false })
  const { inputs } = metafile
  const core = new Set()
  const add = path => {
    if (core.has(path) || !inputs[path]) return
    core.add(path)
    for (const { path: other, kind } of inputs[path].imports) if (kind === 'import-statement') add(other)
  }
  for (const path of ['dist/cli/start.js', 'dist/cli/ner/run.js']) add(path)
  const later = new Set(
    Object.values(inputs).flatMap(({ imports }) =>
      imports.filter(({ kind }) => kind === 'dynamic-import').map(({ path }) => resolve(path)),
    ),
  )
  const all = [...core].map(path => `import ${JSON.stringify(resolve(path))};`).join('')
  await build({
    ...OPTIONS,
    entryPoints,
    ignoreAnnotations: true, // or an import that only names a module would be dropped
    plugins: [plugin(path => (later.has(path) ? all : ''))],
  })
}

/** Puts `before(path)` before a module, and lets addresses of files beside it begin at its bundle: `new URL('./simd.wasm', …)`. */
function plugin(before) {
  const setup = ({ onLoad }) =>
    onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
      const address = given => {
        const file = relative(resolve('dist/bundle'), resolve(dirname(path), given)).replaceAll('\\', '/')
        return file.startsWith('.') ? file : `./${file}`
      }
      const rebased = readFileSync(path, 'utf8').replace(
        /(new URL\((?:\/\*.*?\*\/\s*)*)'(\.[^']*)'(, import\.meta\.url)/g,
        (_, open, given, close) => `${open}'${address(given)}'${close}`,
      )
      return { contents: before(path) + rebased, resolveDir: dirname(path) }
    })
  return { name: 'files beside the code', setup }
}
