/** The options that choose a backend and its arithmetic, and their types. */

export const BACKENDS = ['simd', 'tfjs', 'naive'] as const
export type Backend = (typeof BACKENDS)[number]

export const DTYPES = ['auto', 'fp32', 'w8a16', 'w8a7', 'q8'] as const
/**
 * The arithmetic of the linear layers: `fp32`, or int8 weights with 16-bit (`w8a16`) or 7-bit activations (`w8a7`). `q8` picks
 * the fastest int8 arithmetic that is precise (docs/kernels.md). `auto` is fp32, except for int8 files on backends that can
 * compute in int8.
 */
export type DType = (typeof DTYPES)[number]

/** The arithmetic that runs: what `auto` and `q8` came to. `q8` stands for bytes that are read with more than seven bits. */
export type RunningDType = Exclude<DType, 'auto'>

export interface BackendOptions {
  /** Default: the fastest that runs here. */
  readonly backend?: Backend
  /**
   * The name of a tfjs backend: `wasm` (default), `cpu`, or another that the page registered. The other backends have one
   * device each, and refuse any other: simd `wasm`, naive `cpu`.
   */
  readonly device?: string
  /** Default `auto`. naive and tfjs compute in fp32, whatever the file stores, and take no other. */
  readonly dtype?: DType
  /** simd only: how many threads compute, 1 … 64. Default: one per core, four at most. The others compute in one. */
  readonly threads?: number
  /** simd only, experimental, Node 24 and later: 256-bit vectors, by a flag of V8 that holds for the whole process. */
  readonly turbo?: boolean
  /** The WebAssembly code: for simd a compiled module, for tfjs the URL or path of the folder that holds its .wasm files. */
  readonly wasm?: WebAssembly.Module | string
}
