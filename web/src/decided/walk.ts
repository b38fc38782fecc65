/** One text on its way through the model, in fp32: everything that the view draws. Numbers come from the package alone. */
import { computed, signal } from '@preact/signals'
import type { EntityGroup, Explanation } from 'bert-ner'
import { defaultModel } from 'bert-ner/weights'
import { pipeline, type WorkerPipeline } from 'bert-ner/worker'

/** A row of the model's input: a piece, or [CLS] and [SEP] around them. */
export interface Piece {
  readonly token: string
  readonly id: number
  readonly typeId: number
  /** `[start, end)` in the text, in UTF-16 units; [0, 0] for [CLS] and [SEP]. */
  readonly offsets: readonly [number, number]
}

export interface Walk {
  readonly text: string
  readonly explanation: Explanation
  readonly pieces: readonly Piece[] // T
  readonly labels: readonly string[] // L
  readonly layers: number
  readonly heads: number
  readonly width: number // C
  /** After the embedding and after each layer: layers + 1 of [T, C]. */
  readonly hiddenStates: readonly Float32Array[]
  /** The head's logits on each of these: layers + 1 of [T, L]. */
  readonly layerLogits: readonly Float32Array[]
  /** The weights of one head, [T, T], query by key. */
  attention(layer: number, head: number): Promise<Float32Array>
  /** Entities of the same text by each strategy, decoded as the model says. */
  readonly strategies: ReadonlyMap<string, readonly EntityGroup[]>
  /** Entities by each decoding, with strategy `first`. */
  readonly decodings: ReadonlyMap<string, readonly EntityGroup[]>
}

/** Pieces that the view can draw. */
export const MOST_PIECES = 64

export type WalkState =
  | { readonly is: 'loading'; readonly progress: number | undefined }
  | { readonly is: 'working' }
  | { readonly is: 'there'; readonly walk: Walk }
  | { readonly is: 'failed'; readonly error: unknown }
export const walk = signal<WalkState>({ is: 'loading', progress: undefined })

/** The piece whose way is followed, and the head that is looked at. */
export const followed = signal(0)
export const layer = signal(0)
export const head = signal(0)

export const there = computed(() => (walk.value.is === 'there' ? walk.value.walk : undefined))

const STRATEGIES = ['simple', 'first', 'average', 'max'] as const
const DECODINGS = ['argmax', 'constrained'] as const

let loading: Promise<WorkerPipeline> | undefined
let asked = 0
let shown: Walk | undefined

/** Sends a text through the model. The latest text wins. */
export async function follow(text: string): Promise<void> {
  const mine = ++asked
  try {
    loading ??= pipeline('token-classification', defaultModel(), {
      dtype: 'fp32',
      progress_callback: event => {
        if (event.status === 'progress' && event.file.endsWith('.safetensors')) {
          walk.value = { is: 'loading', progress: event.progress / 100 }
        }
      },
    })
    const ner = await loading
    if (mine !== asked) return
    if (walk.value.is !== 'there') walk.value = { is: 'working' }
    const made = await walkOf(ner, text)
    if (mine !== asked) return
    const before = shown?.pieces[followed.value]?.token
    const t = followed.value
    if (made.pieces[t]?.token !== before) followed.value = mostNamed(made)
    shown = made
    walk.value = { is: 'there', walk: made }
  } catch (error) {
    if (mine === asked) walk.value = { is: 'failed', error }
  }
}

async function walkOf(ner: WorkerPipeline, text: string): Promise<Walk> {
  const explanation = await ner.tokenizer.explain(text)
  const { tokens, ids, typeIds, offsets } = explanation.encoding
  if (tokens.length > MOST_PIECES) {
    throw new Error(`This text has ${tokens.length} pieces. ${MOST_PIECES} can be drawn: take a sentence of it.`)
  }
  const seen = await ner.trace(text)
  const groups = async <K extends string>(names: readonly K[], options: (name: K) => object) => {
    const results = await Promise.all(names.map(name => ner(text, { aggregation_strategy: 'first', ...options(name) })))
    return new Map(names.map((name, k) => [name, results[k] ?? []]))
  }
  const { labels, numHiddenLayers: layers, numAttentionHeads: heads, hiddenSize: width } = ner.model.config
  return {
    text,
    explanation,
    pieces: tokens.map((token, t) => ({
      token,
      id: ids[t]!,
      typeId: typeIds[t]!,
      offsets: offsets[t]!,
    })),
    ...{ labels, layers, heads, width },
    hiddenStates: seen.hiddenStates,
    layerLogits: seen.layerLogits,
    attention: (l, h) => seen.attention(l, h),
    strategies: await groups(STRATEGIES, aggregation_strategy => ({ aggregation_strategy })),
    decodings: await groups(DECODINGS, decoding => ({ decoding })),
  }
}

/** The last piece whose label is no O: something to follow. */
function mostNamed({ layerLogits, labels, pieces }: Walk): number {
  const logits = layerLogits.at(-1)!
  const L = labels.length
  const isNamed = pieces.map((_, t) => {
    const row = softmax(rowOf(logits, t, L))
    return row.indexOf(Math.max(...row)) !== labels.indexOf('O')
  })
  return Math.max(0, isNamed.lastIndexOf(true))
}

/** softmax of a row of logits, in float64. */
export function softmax(logits: ArrayLike<number>): number[] {
  const row = Array.from(logits)
  const most = Math.max(...row)
  const powers = row.map(x => Math.exp(x - most))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map(x => x / sum)
}

export function rowOf(matrix: Float32Array, row: number, width: number): Float32Array {
  return matrix.subarray(row * width, (row + 1) * width)
}

/** ‖x‖, the length of a vector. */
export function normOf(x: Float32Array): number {
  return Math.sqrt(x.reduce((sum, value) => sum + value * value, 0))
}
