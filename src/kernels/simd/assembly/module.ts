/** One .wasm file per set of features: {portable, relaxed, wide} × {unshared, shared memory}. */
import * as wasm from 'wasmati'
import { OPCODES, TILES, type Features, type TileShape } from '../kernels.ts'
import { attention, packHeads } from './attention.ts'
import { procedure, trap, type Written } from './code.ts'
import { geluAll } from './gelu.ts'
import * as linear from './linear.ts'
import { chain } from './chain.ts'
import { operand } from './operand.ts'
import { addNorm, embed, pack, packTable } from './operations.ts'
import { kernel } from './record.ts'
import { scheduler } from './scheduler.ts'

const arithmetic = {
  f32: linear.f32Portable,
  f32Relaxed: linear.f32Relaxed,
  w8a16: linear.w8a16,
  w8a7Pairs: linear.w8a7Pairs,
  w8a7Fused: linear.w8a7Fused,
} as const

/** The bytes of the module with these features. */
export function assemble(features: Features): Uint8Array {
  const kernels = new Map<string, Written>([
    ['addNorm', addNorm],
    ['embed', embed],
    ['packTable', packTable],
    ['operand_f32', operand('f32')],
    ['operand_w8a16', operand('w8a16')],
    ['operand_w8a7', operand('w8a7')],
  ])
  for (const shape of TILES as readonly TileShape[]) {
    if (shape.level !== features.level && !(shape.level === 'portable' && features.level === 'relaxed')) continue
    const { rows, arithmetic: kind, width } = shape
    const relaxed = kind === 'f32' && features.level !== 'portable' ? arithmetic.f32Relaxed : arithmetic[kind]
    const math: linear.Arithmetic = { ...relaxed, rows, vectors: width / 4, fuses: features.level !== 'portable' }
    const product = linear.multiply(math)
    kernels.set(`linear_${shape.name}`, linear.linear(math, product))
    const packing = `pack_${math.scheme}_${width}`
    if (!kernels.has(packing)) kernels.set(packing, pack(math.scheme, width))
    if (math.scheme === 'f32') {
      kernels.set(`packHeads_${width}`, packHeads(width))
      kernels.set(`attention_${width}`, attention(math, product))
    }
  }
  return encode(kernels, features)
}

/** What stands in the table for a kernel that a module does not have. */
const missing = procedure('missing', kernel, trap)

/** Kernels stand in a table, at their opcodes. */
function encode(kernels: ReadonlyMap<string, Written>, { shared, level }: Features): Uint8Array {
  const entries = OPCODES.map(name => wasm.Const.refFunc((kernels.get(name) ?? missing).func))
  const table = wasm.table({ type: wasm.funcref, min: entries.length, max: entries.length }, entries)
  const memory = { ...wasm.importMemory({ min: 1, max: 65536, shared }), module: 'env', string: 'memory' }
  const run = scheduler(table, shared).func
  // The third name tells what a module needs.
  const exports = {
    run,
    gelu: geluAll(level !== 'portable').func,
    ...(level === 'portable' ? {} : { [level]: run }),
    ...(level === 'relaxed' ? { pairs: chain(linear.w8a7Pairs).func, fused: chain(linear.w8a7Fused).func } : {}),
  }
  return wasm.Module({ exports, memory }).toBytes()
}
