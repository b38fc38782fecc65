/** Paths of the repository, of the bench's own packages, and of its cache of exported models. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The folder of the bench; built files lie in bench/build. */
export const BENCH = dirname(dirname(fileURLToPath(import.meta.url)))
export const ROOT = dirname(BENCH)
export const CACHE = join(BENCH, '.cache')

const require = createRequire(join(BENCH, 'package.json'))

/** The folder of a package in bench/node_modules, or null. */
export function packageFolder(name: string): string | null {
  const folder = join(BENCH, 'node_modules', name)
  return existsSync(join(folder, 'package.json')) ? folder : null
}

export function versionOf(name: string): string | null {
  const folder = packageFolder(name)
  if (folder === null) return null
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  return version
}

/** Imports a package from bench/node_modules, or a file inside it. The caller vouches for its types. */
export async function importPeer(name: string, file?: string): Promise<unknown> {
  const folder = packageFolder(name)
  if (folder === null) throw new Error(`${name} is not installed`)
  return import(pathToFileURL(file === undefined ? require.resolve(name) : join(folder, file)).href)
}
