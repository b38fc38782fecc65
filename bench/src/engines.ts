/** The engines to measure: this runtime's backends and dtypes, and the alternatives that a user has. */
import type { BackendOptions } from '../../dist/kernels/options.js'

export interface Engine {
  readonly id: string
  readonly label: string
  readonly group: 'ours' | 'peer'
  /** The file in hosts/ that runs it. */
  readonly host: 'ours' | 'pipeline' | 'onnxruntime' | 'tfjs' | 'transformers'
  /** Whether it must equal the reference to 1e-3. int8 engines are compared too, with a wider tolerance. */
  readonly exact: boolean
  /** If true, it cannot use more than one thread (in Node). */
  readonly oneThread?: true
  /** The longest input: the engine is so slow that longer ones would only waste time. */
  readonly maxTokens?: number
  readonly options: EngineOptions
}

export interface EngineOptions extends BackendOptions {
  /** onnxruntime: the package and the export. transformers: the build. */
  readonly runtime?: 'web' | 'node'
  readonly graph?: string
  /** tfjs: `first` as one would first write it, `fast` as its fastest path needs it. */
  readonly style?: 'first' | 'fast'
  /** transformers.js's dtype */
  readonly quantised?: boolean
}

const ours = (
  id: string,
  label: string,
  exact: boolean,
  options: BackendOptions,
  rest: Partial<Engine> = {},
): Engine => ({
  id,
  label: `bert-ner ${label}`,
  group: 'ours',
  host: 'ours',
  exact,
  options,
  ...rest,
})

const peer = (
  id: string,
  label: string,
  host: Engine['host'],
  exact: boolean,
  options: EngineOptions,
  rest: Partial<Engine> = {},
): Engine => ({ id, label, group: 'peer', host, exact, options, ...rest })

export const OURS: readonly Engine[] = [
  ours('simd-fp32', 'simd fp32', true, { backend: 'simd', dtype: 'fp32' }),
  ours('simd-w8a16', 'simd w8a16', false, { backend: 'simd', dtype: 'w8a16' }),
  ours('simd-w8a7', 'simd w8a7', false, { backend: 'simd', dtype: 'w8a7' }),
  ours('simd-q8', 'simd q8', false, { backend: 'simd', dtype: 'q8' }),
  // On Node 24 and later, x86-64.
  ours('simd-turbo-fp32', 'simd turbo fp32', true, { backend: 'simd', dtype: 'fp32', turbo: true }),
  ours('simd-turbo-q8', 'simd turbo q8', false, { backend: 'simd', dtype: 'q8', turbo: true }),
  ours('tfjs', 'tfjs', true, { backend: 'tfjs' }, { oneThread: true }),
  ours('naive', 'naive', true, { backend: 'naive' }, { oneThread: true, maxTokens: 32 }),
]

/**
 * The peers, each with the graph that it runs fastest. At 128 tokens of BERT-base, the transformer optimiser's fused graph
 * makes onnxruntime-web a tenth faster. It makes onnxruntime-node 5 to 15 % slower, since its own optimiser does as much.
 */
export const PEERS: readonly Engine[] = [
  peer('ort-web-fp32', 'onnxruntime-web fp32', 'onnxruntime', true, { runtime: 'web', graph: 'model_optimized' }),
  peer('ort-web-int8', 'onnxruntime-web int8', 'onnxruntime', false, {
    runtime: 'web',
    graph: 'model_optimized_quantized',
  }),
  peer('tfjs-fast', 'stock tfjs-wasm, its fastest path', 'tfjs', true, { style: 'fast' }, { oneThread: true }),
  peer(
    'tfjs-first',
    'stock tfjs-wasm, as first written',
    'tfjs',
    true,
    { style: 'first' },
    { oneThread: true, maxTokens: 32 },
  ),
  peer('ort-node-fp32', 'onnxruntime-node fp32 (native)', 'onnxruntime', true, { runtime: 'node', graph: 'model' }),
  peer('ort-node-int8', 'onnxruntime-node int8 (native)', 'onnxruntime', false, {
    runtime: 'node',
    graph: 'model_quantized',
  }),
]

/** Text in, entities out. Ours on the default backend. */
export const PIPELINES: readonly Engine[] = [
  ours('pipeline-q8', 'pipeline, q8', false, { dtype: 'q8' }, { host: 'pipeline' }),
  ours('pipeline-fp32', 'pipeline, fp32', true, { dtype: 'fp32' }, { host: 'pipeline' }),
  // Its web build has threads only on pages that are cross-origin isolated, and none in Node.
  peer(
    'transformers-web',
    'transformers.js, web build, q8 (wasm)',
    'transformers',
    false,
    { runtime: 'web', quantised: true },
    { oneThread: true },
  ),
  peer('transformers-node', 'transformers.js, Node, q8 (native)', 'transformers', false, {
    runtime: 'node',
    quantised: true,
  }),
]
