/**
 * Scaled dot-product attention, in several heads (Vaswani 2017 §3.2.1 and §3.2.2): every token asks (Q), every token of
 * its sequence offers a key (K) and a value (V), and the answer is the mean of the values, weighted by how well their
 * keys fit the question.
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
  for (const [start, end] of spans(starts)) {
    for (let h = 0; h < heads; h++) {
      for (let i = start; i < end; i++) {
        const weights = attentionRow(qkv, C, D, h, i, start, end) // [n]
        for (let d = 0; d < D; d++) {
          let sum = 0
          for (let j = start; j < end; j++) sum += weights[j - start]! * qkv[j * 3 * C + 2 * C + h * D + d]!
          context[i * C + h * D + d] = sum
        }
      }
    }
  }
  return context
}

/** P of every head: for each sequence in turn [H, n, n], query by key → [Σ H·n²] */
export function attentionProbabilities(qkv: Float32Array, starts: Int32Array, heads: number): Float32Array {
  const C = qkv.length / (starts.at(-1) ?? 0) / 3
  const rows: Float64Array[] = []
  for (const [start, end] of spans(starts)) {
    for (let h = 0; h < heads; h++) {
      for (let i = start; i < end; i++) rows.push(attentionRow(qkv, C, C / heads, h, i, start, end))
    }
  }
  const probabilities = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0))
  let at = 0
  for (const row of rows) {
    probabilities.set(row, at)
    at += row.length
  }
  return probabilities
}

/** Row i of P for head h: softmax over the tokens `start` … `end`−1 of Qᵢ·Kⱼ/√D. → [n] */
function attentionRow(
  qkv: Float32Array,
  C: number,
  D: number,
  h: number,
  i: number,
  start: number,
  end: number,
): Float64Array {
  const scores = new Float64Array(end - start)
  const query = i * 3 * C + h * D
  for (let j = start; j < end; j++) {
    const key = j * 3 * C + C + h * D
    let dot = 0
    for (let d = 0; d < D; d++) dot += qkv[query + d]! * qkv[key + d]!
    scores[j - start] = dot / Math.sqrt(D)
  }
  return softmax(scores)
}

/** In place: eˣ / Σ eˣ. The largest score is subtracted first, which changes nothing but keeps eˣ from overflowing. */
function softmax(scores: Float64Array): Float64Array {
  const largest = scores.reduce((a, b) => Math.max(a, b))
  let sum = 0
  for (let j = 0; j < scores.length; j++) sum += scores[j] = Math.exp(scores[j]! - largest)
  for (let j = 0; j < scores.length; j++) scores[j]! /= sum
  return scores
}

function* spans(starts: Int32Array): Generator<readonly [start: number, end: number]> {
  for (let b = 0; b + 1 < starts.length; b++) yield [starts[b]!, starts[b + 1]!]
}
