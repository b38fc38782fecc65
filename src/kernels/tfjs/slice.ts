/**
 * Rows `start` … `end`−1 of a matrix: tf.slice, but for tfjs-wasm, whose slice first copies its whole input, however
 * small the slice is. Taking a matrix apart would then be quadratic in its parts. Reading a range copies just that.
 */
import type { Tensor2D } from '@tensorflow/tfjs-core'
import type { Tf } from './tf.ts'

/** What tfjs-wasm's backend offers beside the interface of all backends. */
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
