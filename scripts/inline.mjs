/**
 * Makes `bert-ner/inline`: the whole of the core in one file, as an ES module and as a plain script with the global `bertNer`. The
 * WebAssembly is inside; there is one thread; nothing is imported later, and nothing asks for its own address. So it runs in
 * service workers, extensions, CDNs and script tags.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'

const ENGINE = 'dist/kernels/simd/engine'
/** The modules of one thread. */
const MODULES = ['simd', 'simd-relaxed']

export async function bundleInline() {
  const options = {
    entryPoints: ['dist/index.js'],
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    plugins: [inside],
  }
  await build({ ...options, format: 'esm', outfile: 'dist/inline.js' })
  await build({ ...options, format: 'iife', globalName: 'bertNer', outfile: 'dist/inline.iife.js' })
}

/** Puts bytes in the place of the addresses in files.js. */
const inside = {
  name: 'wasm inside',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]simd[\\/]engine[\\/]files\.js$/ }, () => {
      const texts = MODULES.map(name => [name, readFileSync(`${ENGINE}/${name}.wasm`).toString('base64')])
      const contents = `
        const MODULES = ${JSON.stringify(Object.fromEntries(texts))}
        const bytesOf = name => Uint8Array.from(atob(MODULES[name]), c => c.charCodeAt(0))
        export const wasmName = ({ level }) => level === 'portable' ? 'simd' : 'simd-' + level
        export const engineFiles = () => ({ wasm: bytesOf, webThread: undefined, nodeThread: undefined })`
      return { contents, resolveDir: resolve(ENGINE) }
    }),
}
