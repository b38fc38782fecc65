/**
 * Which tensors a converted file has. The weights that the model uses, by today's names, and no others:
 *
 *     int8   X.weight I8 [N, K] and X.weight_scale F32 [N, 1] for linear layers and large tables, as compressed-tensors names them;
 *            F32 for biases, layer norms, the token types and the classifier, which are small and count for much
 *     f16    F16       f32   F32
 */
import { byteLength } from '../safetensors/header.ts'
import { sortEntries, type TensorEntry } from '../safetensors/writer.ts'
import { fromBert, TOKEN_TYPES, type Family } from '../layers/family.ts'
import type { Shapes } from '../layers/weights.ts'

export const STORES = ['int8', 'f16', 'f32'] as const
export type Store = (typeof STORES)[number]

/** One weight of the model, and the tensors that hold it. */
export interface PlannedWeight {
  /** BERT's key. */
  readonly key: string
  /** Its name in the file. */
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: 'I8' | 'F16' | 'F32'
}

export interface Plan {
  readonly weights: readonly PlannedWeight[]
  /** In the order of the file, with the first byte of each after the header. */
  readonly entries: readonly (TensorEntry & { readonly start: number })[]
  readonly dataBytes: number
}

/** `stored`: the element type of each key in the file that is read. */
export function planOf(shapes: Shapes, family: Family, store: Store, stored: (key: string) => string): Plan {
  const weights = Array.from(shapes, ([key, shape]): PlannedWeight => {
    // What is int8 already stays as it is: nothing is gained by rounding again.
    const isInt8 = store === 'int8' && (isLarge(key, shape) || stored(key) === 'I8')
    return { key, name: fromBert(family, key), shape, dtype: isInt8 ? 'I8' : store === 'f16' ? 'F16' : 'F32' }
  })
  const entries = sortEntries(weights.flatMap(entriesOf))
  let end = 0
  const placed = entries.map(entry => {
    const start = end
    end += byteLength(entry.dtype, entry.shape, () => entry.name)
    return { ...entry, start }
  })
  return { weights, entries: placed, dataBytes: end }
}

export function scaleName(name: string): string {
  return `${name}_scale`
}

function entriesOf({ name, shape, dtype }: PlannedWeight): TensorEntry[] {
  const entry = { name, shape, dtype }
  return dtype === 'I8' ? [entry, { name: scaleName(name), shape: [shape[0] ?? 0, 1], dtype: 'F32' }] : [entry]
}

const CLASSIFIER = 'classifier.weight'

function isLarge(key: string, shape: readonly number[]): boolean {
  return shape.length === 2 && key !== CLASSIFIER && key !== TOKEN_TYPES
}

/** `quantization_config` of config.json, as the default model has it: so Python loads the file too. */
export function quantizationConfig(family: Family): unknown {
  const kept = [CLASSIFIER, ...(family.hasTokenTypes ? [TOKEN_TYPES] : [])]
  return {
    quant_method: 'compressed-tensors',
    format: 'int-quantized',
    quantization_status: 'compressed',
    config_groups: {
      group_0: {
        targets: ['Linear', 'Embedding'],
        weights: { num_bits: 8, type: 'int', symmetric: true, strategy: 'channel', dynamic: false },
      },
    },
    ignore: kept.map(key => fromBert(family, key).replace(/\.weight$/, '')),
    dequantize: true,
  }
}
