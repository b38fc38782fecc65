/** Build step: writes the modules into the folder named on the command line. */
import { writeFileSync } from 'node:fs'
import { assemble } from './module.ts'

const folder = process.argv[2] ?? '.'
for (const relaxed of [false, true]) {
  for (const shared of [false, true]) {
    const name = `simd${relaxed ? '-relaxed' : ''}${shared ? '-shared' : ''}.wasm`
    writeFileSync(`${folder}/${name}`, assemble({ relaxed, shared }))
  }
}
