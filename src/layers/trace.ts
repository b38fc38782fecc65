/**
 * A look inside a forward pass: hidden states, attention, and the logits that the head finds after each layer.
 *
 * Hidden states and logits are the backend's own. Attention probabilities are computed here, in float64, from the Q and K
 * that the backend multiplied: fast backends fuse softmax(Q·Kᵀ/√D)·V and never store them.
 */
import { OptionError } from '../errors.ts'

/** Values that a traced forward pass has read from its backend. */
export interface TraceValues {
  readonly heads: number
  readonly starts: Int32Array // [B+1]
  readonly hiddenStates: readonly Float32Array[] // layers + 1 of [T, C]
  readonly layerLogits: readonly Float32Array[] // layers + 1 of [T, L]
  readonly qkv: readonly Float32Array[] // layers of [T, 3·C]
}

export class Trace {
  readonly #values: TraceValues

  constructor(values: TraceValues) {
    this.#values = values
  }

  /** After the embedding, and after each layer: layers + 1 of [T, C], row-major. */
  get hiddenStates(): readonly Float32Array[] {
    return this.#values.hiddenStates
  }

  /**
   * Says how much each token of a sequence looks at each other one, in one head: softmax(Q·Kᵀ/√D) (Vaswani 2017 §3.2.1).
   *
   * `probabilities[i · n + j]` is the weight that token i gives to token j; each row adds up to 1.
   *
   * @param layer 0 … layers − 1
   * @param head 0 … H − 1
   * @param sequence of the batch, 0 … B − 1
   * @returns [n, n], query by key, for the n tokens of the sequence
   * @throws OptionError `OPTION_VALUE` if there is no such layer, head or sequence
   */
  attention(layer: number, head: number, sequence = 0): Float32Array {
    const { qkv, heads, starts } = this.#values
    const values = pick(qkv, layer, 'layer')
    checkIndex(head, heads, 'head')
    checkIndex(sequence, starts.length - 1, 'sequence')
    const [start, end] = [starts[sequence]!, starts[sequence + 1]!]
    const width = values.length / starts.at(-1)! // 3·C
    return attentionProbabilities(values.subarray(start * width, end * width), end - start, heads, head)
  }

  /**
   * Gives the logits that the classification head finds in a hidden state, so that one sees a label form ("logit lens").
   *
   * The head was trained on the last hidden state alone: in the first layers its logits are a hint, not an answer.
   *
   * @param layer 0 is the embedding; `layers`, the last, gives the logits of the forward pass itself
   * @returns [T, L], row-major
   * @throws OptionError `OPTION_VALUE` if there is no such layer
   */
  layerLogits(layer: number): Float32Array {
    return pick(this.#values.layerLogits, layer, 'layer')
  }
}

/** qkv: [n, 3·C], a row per token: its Q, its K, its V; head h has columns h·D … (h+1)·D−1 of each. → [n, n] */
function attentionProbabilities(qkv: Float32Array, n: number, heads: number, head: number): Float32Array {
  const width = qkv.length / n // 3·C
  const [C, D] = [width / 3, width / 3 / heads]
  const probabilities = new Float32Array(n * n)
  for (let i = 0; i < n; i++) {
    const query = qkv.subarray(i * width + head * D, i * width + (head + 1) * D) // [D]
    const scores = Float64Array.from({ length: n }, (_, j) => {
      const key = j * width + C + head * D
      return query.reduce((dot, value, d) => dot + value * qkv[key + d]!, 0) / Math.sqrt(D)
    })
    const largest = scores.reduce((a, b) => Math.max(a, b))
    const exponentials = scores.map(score => Math.exp(score - largest))
    const sum = exponentials.reduce((a, b) => a + b)
    probabilities.set(
      exponentials.map(value => value / sum),
      i * n,
    )
  }
  return probabilities
}

function pick(list: readonly Float32Array[], index: number, name: string): Float32Array {
  checkIndex(index, list.length, name)
  return list[index]!
}

function checkIndex(value: unknown, length: number, name: string): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < length) return
  throw new OptionError({
    code: 'OPTION_VALUE',
    subject: name,
    expected: length > 0 ? `a whole number from 0 to ${length - 1}` : `no ${name} at all, since the batch is empty`,
    found: typeof value === 'string' ? JSON.stringify(value) : String(value),
    nextStep: `This trace has ${length} of them, counted from 0.`,
  })
}
