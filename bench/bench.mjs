/** Bundles bench/src into bench/build and runs it. Imports of dist/ stay as they are. */
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'

const at = path => fileURLToPath(new URL(path, import.meta.url))
await build({
  entryPoints: [at('src/main.ts'), at('src/child.ts')],
  outdir: at('build'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  plugins: [
    {
      // Files of src/hosts import ../../../dist, files of src ../../dist: from bench/build both are ../../dist.
      name: 'dist',
      setup: bundler =>
        bundler.onResolve({ filter: /\/dist\// }, ({ path }) => ({
          path: path.replace(/^.*\/dist\//, '../../dist/'),
          external: true,
        })),
    },
  ],
})
// The page that --browser opens.
await build({
  entryPoints: [at('src/browser/page.ts')],
  outdir: at('build/browser'),
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
})
await import('./build/main.js')
