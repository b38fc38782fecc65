/** Build step: writes the modules into the folder named on the command line. */
import { writeFileSync } from 'node:fs'
import { OPCODES } from '../opcodes.ts'
import { LEVELS } from '../tiles.ts'
import { assemble, kernelsOf } from './module.ts'

const folder = process.argv[2] ?? '.'
const written = new Set(LEVELS.flatMap(level => [...kernelsOf(level).keys()]))
const missing = OPCODES.filter(name => !written.has(name))
if (missing.length > 0) throw new Error(`no module has a kernel for: ${missing.join(', ')}`)
for (const level of LEVELS) {
  for (const shared of [false, true]) {
    const name = `simd${level === 'portable' ? '' : `-${level}`}${shared ? '-shared' : ''}.wasm`
    writeFileSync(`${folder}/${name}`, assemble({ level, shared }))
  }
}
