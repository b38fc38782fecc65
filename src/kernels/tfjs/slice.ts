/**
 * Takes rows `start` … `end`−1 of a matrix.
 *
 * QUIRK: tf.slice would do, but tfjs-wasm copies the whole input for every slice (tfjs-backend-wasm 4.22, src/kernels/Slice.ts):
 * taking a matrix apart would be quadratic in its parts. Reading a range copies only that range.
 */
import type { Tensor2D } from '@tensorflow/tfjs-core'
import type { Tf } from './tf.ts'

/** A method of tfjs-wasm's backend that the interface of all backends lacks. */
interface RangeReader {
  readSync(dataId: object, start: number, end: number): Float32Array
}

/** x: [rows, width] → [end − start, width] */
export function rows(tf: Tf, x: Tensor2D, start: number, end: number): Tensor2D {
  const [, width] = x.shape
  if (tf.getBackend() !== 'wasm') return tf.slice(x, [start, 0], [end - start, width])
  const backend = tf.backend() as unknown as RangeReader
  return tf.tensor2d(backend.readSync(x.dataId, start * width, end * width), [end - start, width])
}
