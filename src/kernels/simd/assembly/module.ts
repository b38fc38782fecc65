/** One .wasm file per set of features: {portable, relaxed, wide} × {unshared, shared memory}. */
import * as wasm from 'wasmati'
import { kernelName, OPCODES, OPERATION_NAMES, type Operation } from '../opcodes.ts'
import { tilesOf, type Features, type Level, type TileShape } from '../tiles.ts'
import { addNorm } from './add-norm.ts'
import { attention, packHeads } from './attention.ts'
import { attention16, packHeads16 } from './attention16.ts'
import { chain } from './chain.ts'
import { procedure, trap, type Written } from './code.ts'
import { embed } from './embed.ts'
import { geluAll } from './gelu.ts'
import * as linear from './linear.ts'
import { operand } from './operand.ts'
import { pack, packTable } from './pack.ts'
import { kernel } from './record.ts'
import { scheduler } from './scheduler.ts'

/** A tile of a module, with the product that its kernels share. */
interface Tile {
  readonly math: linear.Arithmetic
  readonly width: number
  readonly product: ReturnType<typeof linear.multiply>
}

/** Writes the kernel of each operation. An operation that is missing here does not compile. */
const AUTHORS: Readonly<Record<Operation, (tile: Tile) => Written>> = {
  addNorm: () => addNorm,
  embed: () => embed,
  packTable: () => packTable,
  operand: ({ math }) => operand(math.format),
  linear: ({ math, product }) => linear.linear(math, product),
  pack: ({ math, width }) => pack(math.format, width),
  packHeads: ({ math, width }) => (math.format === 'f32' ? packHeads(width) : packHeads16(width)),
  attention: ({ math, width, product }) => (math.format === 'f32' ? attention(math, product) : attention16(width)),
}

/** The kernels of a module of this level, by name. */
export function kernelsOf(level: Level): ReadonlyMap<string, Written> {
  const kernels = new Map<string, Written>()
  for (const shape of tilesOf(level)) {
    const tile = tileOf(shape, level)
    for (const operation of OPERATION_NAMES) {
      const name = kernelName(operation, shape)
      if (name !== undefined && !kernels.has(name)) kernels.set(name, AUTHORS[operation](tile))
    }
  }
  return kernels
}

function tileOf({ arithmetic, rows, width }: TileShape, level: Level): Tile {
  const fuses = level !== 'portable'
  const math = { ...linear.arithmetic(arithmetic, fuses), rows, vectors: width / 4, fuses }
  return { math, width, product: linear.multiply(math) }
}

/** Stands in the table for a kernel that only modules of other levels have. */
const missing = procedure('missing', kernel, trap)

/** The bytes of the module with these features. Kernels stand in a table, at their opcodes. */
export function assemble({ level, shared }: Features): Uint8Array {
  const kernels = kernelsOf(level)
  const entries = OPCODES.map(name => wasm.Const.refFunc((kernels.get(name) ?? missing).func))
  const table = wasm.table({ type: wasm.funcref, min: entries.length, max: entries.length }, entries)
  const memory = { ...wasm.importMemory({ min: 1, max: 65536, shared }), module: 'env', string: 'memory' }
  const run = scheduler(table, shared).func
  // The name of a level as an export tells the host what a module needs.
  const exports = {
    run,
    gelu: geluAll(level !== 'portable').func,
    ...(level === 'portable' ? {} : { [level]: run }),
    ...(level === 'relaxed' ? { pairs: chain(linear.bytesPairs).func, fused: chain(linear.bytesFused).func } : {}),
  }
  return wasm.Module({ exports, memory }).toBytes()
}
