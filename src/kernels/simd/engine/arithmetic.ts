/** The arithmetic of a dtype on this engine. */
import { BackendError } from '../../../errors.ts'
import type { DType } from '../../options.ts'
import type { SimdArithmetic } from '../simd.ts'
import { tile, type Features } from '../tiles.ts'
import { probe } from './probe.ts'

/**
 * Chooses the tiles for a dtype. q8 is the fastest arithmetic whose error at BERT-base shape is usually below that of onnxruntime's
 * dynamic int8 (docs/kernels.md): bytes if the engine reads more than seven bits of them, w8a16 if not.
 */
export function chooseArithmetic(
  dtype: DType,
  module: WebAssembly.Module,
  { level, shared }: Features,
): SimdArithmetic {
  const relaxed = level === 'relaxed'
  if (dtype === 'w8a7' && !relaxed) throw noRelaxedSimd()
  const [f32, w8a16] = [tile('f32'), tile('w8a16')]
  if (dtype === 'fp32' || dtype === 'w8a16' || !relaxed) {
    return { dtype: dtype === 'auto' || dtype === 'fp32' ? dtype : 'q8', f32, q8: w8a16 }
  }
  const { tile: fastest, reading } = probe(module, shared)
  const bytes = { q8: tile(fastest), ...(fastest === 'bytesPairs' ? { quads: tile('bytesQuads') } : {}) }
  if (dtype === 'w8a7') return { dtype: 'q8', f32, ...bytes }
  const q8 = reading === 'seven' ? { q8: w8a16 } : bytes
  return { dtype: dtype === 'auto' ? dtype : 'q8', f32, ...q8, head: w8a16, reading }
}

function noRelaxedSimd(): BackendError {
  return new BackendError({
    code: 'BACKEND_UNAVAILABLE',
    subject: "dtype 'w8a7'",
    expected: 'relaxed SIMD (Node 22, Chrome 114, Firefox 146 or later)',
    found: 'none in this engine or in the module that was passed',
    nextStep: "Use 'q8', which takes the fastest there is, or 'w8a16', which runs everywhere.",
  })
}
