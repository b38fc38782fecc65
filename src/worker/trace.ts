/** A look inside a pass that ran in the worker: what `Trace` has, with attention fetched when it is asked for. */
import type { LabelScore } from '../ner/entity.ts'
import type { Encoding } from '../tokenizer/encoding.ts'

export interface TraceMessage {
  readonly number: number
  readonly encodings: readonly Encoding[]
  readonly starts: readonly number[]
  readonly hiddenStates: readonly Float32Array[]
  readonly layerLogits: readonly Float32Array[]
  readonly layerLabels: readonly (readonly LabelScore[])[]
}

export interface WorkerTrace {
  /** The pieces of each text, special tokens included. */
  readonly encodings: readonly Encoding[]
  /** [B+1]: rows `starts[b]` … `starts[b+1] − 1` of everything below belong to text b. */
  readonly starts: readonly number[]
  /** After the embedding, and after each layer: layers + 1 of [T, C], row-major. */
  readonly hiddenStates: readonly Float32Array[]
  /** The logits that the classification head finds in each of these ("logit lens"): layers + 1 of [T, L]. */
  readonly layerLogits: readonly Float32Array[]
  /** The likeliest label of each token there, and its probability (softmax without a temperature): layers + 1 of T. */
  readonly layerLabels: readonly (readonly LabelScore[])[]
  /**
   * softmax(Q·Kᵀ/√D) of one head, [n, n], query by key; all count from 0. One trace is kept in the worker: the next one ends this.
   *
   * @throws (rejects with) OptionError `OPTION_VALUE` for a layer, head or sequence that is not there, `OPTION_TRACE` after another trace
   */
  attention(layer: number, head: number, sequence?: number): Promise<Float32Array>
}
