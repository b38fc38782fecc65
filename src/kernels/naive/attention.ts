/**
 * Scaled dot-product attention, in several heads (Vaswani 2017 §3.2.1 and §3.2.2). Every token asks a question (Q); every
 * token of its sequence offers a key (K) and a value (V). The answer is the mean of the values, each weighted by how well its
 * key fits the question.
 *
 *   P = softmax(Q·Kᵀ / √D)      context = P·V      once per head, inside each sequence
 *
 * qkv: [T, 3·C], one row per token: its Q, then its K, then its V; in each of them head h has columns h·D … (h+1)·D−1.
 */

/** → [T, C], the heads side by side */
export function attention(qkv: Float32Array, starts: Int32Array, heads: number): Float32Array {
  const T = starts.at(-1) ?? 0
  const C = qkv.length / T / 3
  const D = C / heads
  const context = new Float32Array(T * C) // [T, C]
  for (let b = 0; b + 1 < starts.length; b++) {
    const [start, end] = [starts[b]!, starts[b + 1]!]
    for (let h = 0; h < heads; h++) {
      for (let i = start; i < end; i++) {
        const query = i * 3 * C + h * D
        const scores = new Float64Array(end - start) // [n]: how well the key of each token fits the query of token i
        for (let j = start; j < end; j++) {
          const key = j * 3 * C + C + h * D
          let dot = 0
          for (let d = 0; d < D; d++) dot += qkv[query + d]! * qkv[key + d]!
          scores[j - start] = dot / Math.sqrt(D)
        }
        const weights = softmax(scores) // [n]: row i of P
        for (let d = 0; d < D; d++) {
          let sum = 0
          for (let j = start; j < end; j++) {
            const value = j * 3 * C + 2 * C + h * D
            sum += weights[j - start]! * qkv[value + d]!
          }
          context[i * C + h * D + d] = sum
        }
      }
    }
  }
  return context
}

/** In place: eˣ / Σ eˣ. The largest score is subtracted first, which changes nothing but keeps eˣ from overflowing. */
function softmax(scores: Float64Array): Float64Array {
  const largest = scores.reduce((a, b) => Math.max(a, b))
  let sum = 0
  for (let j = 0; j < scores.length; j++) sum += scores[j] = Math.exp(scores[j]! - largest)
  for (let j = 0; j < scores.length; j++) scores[j]! /= sum
  return scores
}
