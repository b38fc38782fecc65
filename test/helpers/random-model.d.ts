export interface RandomModelOptions {
  /** Default {@link MINI}: 2 layers, 64 hidden. */
  layers?: number
  hidden?: number
  heads?: number
  intermediate?: number
  vocab?: number
  positions?: number
  types?: number
  /** Default: the nine of CoNLL-2003. */
  labels?: readonly string[]
  /** How matrices are stored; with I8, vectors are F32. Default F32. */
  dtype?: 'F32' | 'F16' | 'BF16' | 'I8'
  seed?: number
  /** Standard deviation of the weights, 0.02 by default. At 0.02 a small model's attention is nearly uniform. */
  std?: number
  /** layer_norm_eps */
  epsilon?: number
  /** Whose names and keys: `bert` by default. */
  family?: 'bert' | 'distilbert'
}

/** BERT-base: 12 × 768, 108 million weights. */
export declare const BASE: Required<
  Pick<RandomModelOptions, 'layers' | 'hidden' | 'heads' | 'intermediate' | 'vocab' | 'positions' | 'types'>
>
/** 2 × 64: for tests that run in milliseconds. */
export declare const MINI: typeof BASE

/** A model folder for `sourceFromBytes`. No tokenizer: add one where it is needed. */
export declare function randomModel(
  options?: RandomModelOptions,
): Record<'config.json' | 'model.safetensors', Uint8Array>

export declare function randomIds(length: number, vocab: number, seed?: number): number[]
