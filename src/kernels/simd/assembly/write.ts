/** Build step: writes the modules into the folder named on the command line. */
import { writeFileSync } from 'node:fs'
import { assemble } from './module.ts'

const folder = process.argv[2] ?? '.'
for (const level of ['portable', 'relaxed', 'wide'] as const) {
  for (const shared of [false, true]) {
    const name = `simd${level === 'portable' ? '' : `-${level}`}${shared ? '-shared' : ''}.wasm`
    writeFileSync(`${folder}/${name}`, assemble({ level, shared }))
  }
}
