/**
 * The SIMD backend: the host of our own WebAssembly module (assembly/). Operations are recorded; reading a tensor
 * runs all that was recorded, as one program (program.ts).
 */
import type { EmbeddingTables, Kernels, LinearPart, PackedBatch, StoredTensor, Tensor } from '../kernels.ts'
import type { RunningDType } from '../options.ts'
import { takesQuads } from './bounds.ts'
import { disposed } from './failures.ts'
import { int16Tile, type TileShape } from './tiles.ts'
import type { Reading } from './layout.ts'
import { attentionSteps, type AttentionParts } from './attention-steps.ts'
import { addNormStep, embedStep, linearSteps } from './steps.ts'
import { execute, releaseIfUnused, releaseUse, retain, SimdTensor, type Engine, type Step } from './program.ts'
import { packLinear, packTable, storeNorm, type SimdLinear, type SimdNorm, type SimdTable } from './weights.ts'

/** The arithmetic of the linear layers: see `dtype` in options.ts. */
export interface SimdArithmetic {
  readonly dtype: 'auto' | 'fp32' | 'q8'
  readonly f32: TileShape
  readonly q8: TileShape
  /** The tile for products in pairs of pairs, where bounds.ts takes them. Default: `q8`. */
  readonly quads?: TileShape
  /** The tile for int8 products of up to HEAD_OUTPUTS outputs. Default: `q8`. */
  readonly head?: TileShape
  /** How the engine reads an activation of one byte. Default: 7 bits. */
  readonly reading?: Reading
}

/** Outputs up to which a product is taken for the classification head: cheap, and no layer after it averages its rounding. */
const HEAD_OUTPUTS = 64

export class SimdKernels implements Kernels {
  readonly name = 'simd'
  readonly device = 'wasm'
  readonly #engine: Engine
  readonly #arithmetic: SimdArithmetic
  #recorded: Step[] = []
  #scopes: SimdTensor[][] = []
  /** Programs run one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  #disposed = false
  #isInt8 = false

  constructor(engine: Engine, arithmetic: SimdArithmetic) {
    this.#engine = engine
    this.#arithmetic = arithmetic
  }

  /** What the arithmetic came to for the weights that were loaded: int8 weights may compute in int8, float weights not. */
  get dtype(): RunningDType {
    if (!this.#isInt8) return 'fp32'
    const { q8, reading = 'seven' } = this.#arithmetic
    if (q8.format === 'w8a16') return 'w8a16'
    return reading === 'seven' ? 'w8a7' : 'q8'
  }

  /** The number of threads that compute. */
  get threads(): number {
    return this.#engine.threads
  }

  /** Bytes of the module's memory. It grows until the largest batch fits, and no further. */
  get memoryBytes(): number {
    return this.#engine.memory.memory.buffer.byteLength
  }

  /** Prepares a product. int8 weights stay int8; float weights become int8 if the dtype says so. */
  linearWeights(parts: readonly LinearPart[]): Promise<SimdLinear> {
    const { dtype, f32, q8, quads = q8, head = q8, reading = 'seven' } = this.#arithmetic
    const outputs = parts.reduce((sum, { weight }) => sum + (weight.shape[0] ?? 0), 0)
    const int8 = outputs <= HEAD_OUTPUTS ? head : takesQuads(parts, reading) ? quads : q8
    const asInt8 = dtype === 'q8' || (dtype === 'auto' && parts.every(({ weight }) => weight.stored === 'I8'))
    if (outputs > HEAD_OUTPUTS) this.#isInt8 = asInt8
    return this.#queue(() => packLinear(this.#engine, parts, asInt8 ? int8 : f32, reading))
  }

  embeddingWeights(table: StoredTensor): Promise<SimdTable> {
    return this.#queue(() => packTable(this.#engine, table, this.#arithmetic.dtype === 'q8'))
  }

  normWeights(weight: StoredTensor, bias: StoredTensor, epsilon: number): Promise<SimdNorm> {
    return this.#queue(() => Promise.resolve(storeNorm(this.#engine.memory, weight, bias, epsilon)))
  }

  embed(batch: PackedBatch, tables: EmbeddingTables, norm: SimdNorm): SimdTensor {
    const y = this.#matrix(batch.ids.length, norm.width)
    this.#record([embedStep(batch, tables, norm, y, this.threads)])
    return y
  }

  linear(x: SimdTensor, weights: SimdLinear): SimdTensor {
    return this.#linear(x, weights, false)
  }

  linearGelu(x: SimdTensor, weights: SimdLinear): SimdTensor {
    return this.#linear(x, weights, true)
  }

  #linear(x: SimdTensor, weights: SimdLinear, gelu: boolean): SimdTensor {
    const y = this.#matrix(x.shape[0] ?? 0, weights.outputs)
    y.fromIntegers = weights.tile.format !== 'f32'
    this.#record(linearSteps(x, y, weights, gelu, this.threads))
    return y
  }

  /** `parts`: for those who measure its steps. Fewer than all leave the result as it was in memory. */
  attention(qkv: SimdTensor, starts: Int32Array, heads: number, parts: AttentionParts = 3): SimdTensor {
    const [rows = 0, width = 0] = qkv.shape
    const y = this.#matrix(rows, width / 3)
    const { f32 } = this.#arithmetic
    this.#record(attentionSteps(qkv, starts, heads, y, qkv.fromIntegers ? int16Tile(f32.level) : f32, parts))
    return y
  }

  addLayerNorm(x: SimdTensor, residual: SimdTensor, norm: SimdNorm): SimdTensor {
    const [rows = 0, width = 0] = x.shape
    const y = this.#matrix(rows, width)
    this.#record([addNormStep(x, residual, norm, y, this.threads)])
    return y
  }

  scope<R extends Tensor | readonly Tensor[]>(body: () => R): R {
    const made: SimdTensor[] = []
    this.#scopes.push(made)
    let kept: ReadonlySet<Tensor> = new Set()
    try {
      const result = body()
      kept = new Set(Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor])
      return result
    } finally {
      this.#scopes.pop()
      for (const tensor of made) {
        if (kept.has(tensor)) this.#scopes.at(-1)?.push(tensor)
        else this.free(tensor)
      }
    }
  }

  read(wanted: SimdTensor): Promise<Float32Array> {
    const steps = this.#recorded
    this.#recorded = []
    wanted.uses++
    return this.#queue(async () => {
      try {
        if (steps.length > 0) await execute(this.#engine, steps)
        return this.#copy(wanted)
      } finally {
        releaseUse(this.#engine.memory, wanted)
      }
    })
  }

  free(tensor: SimdTensor): void {
    tensor.freed = true
    if (!this.#disposed) releaseIfUnused(this.#engine.memory, tensor)
  }

  /** Ends the threads, and lets go of the module's memory with all weights: it goes back to the system. */
  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    this.#recorded = []
    await this.#engine.dispose()
  }

  #matrix(rows: number, width: number): SimdTensor {
    const tensor = SimdTensor.matrix(rows, width)
    this.#scopes.at(-1)?.push(tensor)
    return tensor
  }

  #record(steps: readonly Step[]): void {
    if (this.#disposed) throw disposed()
    for (const step of steps) this.#recorded.push(retain(step))
  }

  /** Runs tasks one after the other: all that touch the module's memory come through here. */
  #queue<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      if (this.#disposed) throw disposed()
      return task()
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Copies the rows of a tensor without their padding. */
  #copy(tensor: SimdTensor): Float32Array {
    const [rows = 0, width = 0] = tensor.shape
    const stride = tensor.stride / 4
    const all = this.#engine.memory.float32(tensor.address, rows * stride)
    const values = new Float32Array(rows * width)
    if (stride === width) values.set(all)
    else for (let row = 0; row < rows; row++) values.set(all.subarray(row * stride, row * stride + width), row * width)
    return values
  }
}
