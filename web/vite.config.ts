/**
 * The build: static files with relative URLs, so that the folder can be served from anywhere. A service worker with the list
 * of these files is written beside them.
 */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { defineConfig, type Plugin } from 'vite'

/** Writes sw.js: public code with the list of files and a version, which changes when any file does. */
function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    generateBundle(_, bundle) {
      const kept = readdirSync(new URL('public/', import.meta.url))
      const files = [...kept, ...Object.keys(bundle).filter(name => !name.endsWith('.map'))].sort()
      const hash = createHash('sha256')
      for (const name of files) {
        const file = bundle[name]
        if (file) hash.update(name).update(file.type === 'chunk' ? file.code : file.source)
      }
      const code = readFileSync(new URL('src/service-worker.js', import.meta.url), 'utf8')
      const version = hash.digest('hex').slice(0, 16)
      this.emitFile({
        type: 'asset',
        fileName: 'sw.js',
        source: `const VERSION = '${version}'\nconst FILES = ${JSON.stringify(['./', ...files])}\n${code}`,
      })
    },
  }
}

/** Puts the .wasm files of tfjs into tfjs/: its workers look for all three in one folder, by their own names. */
function tfjsFiles(): Plugin {
  const folder = new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)
  const names = ['', '-simd', '-threaded-simd'].map(kind => `tfjs-backend-wasm${kind}.wasm`)
  return {
    name: 'tfjs-files',
    generateBundle() {
      for (const name of names) {
        this.emitFile({ type: 'asset', fileName: `tfjs/${name}`, source: readFileSync(new URL(name, folder)) })
      }
    },
    configureServer({ middlewares }) {
      middlewares.use('/tfjs/', (request, response, next) => {
        const name = names.find(each => request.url === `/${each}`)
        if (!name) {
          next()
          return
        }
        response.setHeader('Content-Type', 'application/wasm')
        response.end(readFileSync(new URL(name, folder)))
      })
    },
  }
}

/** Parts of tfjs say so in their names: the service worker keeps them only for who chooses tfjs. */
function chunkName({ moduleIds }: { readonly moduleIds: readonly string[] }): string {
  return `assets/${moduleIds.some(id => id.includes('@tensorflow')) ? 'tfjs-' : ''}[name]-[hash].js`
}

export default defineConfig({
  base: './',
  plugins: [tfjsFiles(), serviceWorker()],
  resolve: { dedupe: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'] },
  worker: { format: 'es', rolldownOptions: { output: { chunkFileNames: chunkName } } },
  server: { fs: { allow: ['..'] } },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
})
