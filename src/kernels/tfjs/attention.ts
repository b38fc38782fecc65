/** Attention as in naive/attention.ts, on matrices that hold the H heads of a sequence one below the other. */
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core'
import { rows } from './slice.ts'
import type { Tf } from './tf.ts'

/** qkv: [T, 3·C] → [T, C] */
export function attention(tf: Tf, qkv: Tensor2D, starts: Int32Array, heads: number): Tensor2D {
  return eachSequence(tf, qkv, starts, one => {
    const [n, width] = one.shape
    const C = width / 3
    const { q, k, v } = split(tf, one, heads)
    const p = tf.softmax(multiply(tf, q, k, heads)) // [H·n, n]
    const context = tf.reshape(multiply(tf, p, v, heads), [heads, n, C / heads]) // [H, n, D]
    return tf.reshape<Rank.R2>(tf.transpose(context, [1, 0, 2]), [n, C])
  })
}

/** Runs `body` on the rows of each sequence, frees its intermediate tensors, and joins the results. */
function eachSequence(tf: Tf, x: Tensor2D, starts: Int32Array, body: (one: Tensor2D) => Tensor2D): Tensor2D {
  if (starts.length === 2) return body(x)
  const results = Array.from(starts.subarray(1), (end, b) => tf.tidy(() => body(rows(tf, x, starts[b]!, end))))
  return tf.concat(results, 0)
}

/** [n, 3·C] → q: [H·n, D], k: [H·D, n], v: [H·n, D]. q is divided by √D, which is cheaper than on n × n scores. */
function split(tf: Tf, qkv: Tensor2D, heads: number): { q: Tensor2D; k: Tensor2D; v: Tensor2D } {
  const [n, width] = qkv.shape
  const D = width / 3 / heads
  const byHead = tf.transpose(tf.reshape(qkv, [n, 3, heads, D]), [1, 2, 0, 3]) // [3, H, n, D]
  const stacked = tf.reshape<Rank.R2>(byHead, [3 * heads * n, D])
  const part = (i: number) => rows(tf, stacked, i * heads * n, (i + 1) * heads * n) // [H·n, D]
  const transposed = tf.transpose(tf.reshape(part(1), [heads, n, D]), [0, 2, 1]) // [H, D, n]
  return { q: tf.mul(part(0), 1 / Math.sqrt(D)), k: tf.reshape(transposed, [heads * D, n]), v: part(2) }
}

/**
 * From so many tokens on, products are made head by head. tfjs-wasm multiplies 2-D matrices by XNNPACK, and stacks of them by
 * scalar code at 2 GFLOP/s; but each head costs a call. Measured with 12 heads of 64: 0.9 against 0.95 ms.
 */
const TOKENS_FOR_XNNPACK = 20

/** The product of each head. a: [H·m, k], b: [H·k, n] → [H·m, n] */
function multiply(tf: Tf, a: Tensor2D, b: Tensor2D, heads: number): Tensor2D {
  const [m, k, n] = [a.shape[0] / heads, a.shape[1], b.shape[1]]
  if (m < TOKENS_FOR_XNNPACK) {
    const products = tf.matMul(tf.reshape(a, [heads, m, k]), tf.reshape(b, [heads, k, n])) // [H, m, n]
    return tf.reshape(products, [heads * m, n])
  }
  const products = Array.from({ length: heads }, (_, h) =>
    tf.tidy(() => tf.matMul<Tensor2D>(rows(tf, a, h * m, (h + 1) * m), rows(tf, b, h * k, (h + 1) * k))),
  )
  return tf.concat(products, 0)
}
