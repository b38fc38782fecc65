/**
 * Brings weights into the module's memory: copied a few megabytes at a time, and packed there. So no more than a slice of a
 * tensor is ever held twice, and between two slices others get their turn: a page stays awake.
 */
import type { LinearPart, LinearWeights, NormWeights, EmbeddingWeights, StoredTensor } from '../kernels.ts'
import { breathe } from '../../platform.ts'
import { decode } from '../stored.ts'
import { boundsOf, type Activations } from './bounds.ts'
import { STORED, padded, type Reading } from './layout.ts'
import type { ModuleMemory } from './memory.ts'
import { execute, type Engine, type StepOf } from './program.ts'
import type { TileShape } from './tiles.ts'

/** Bytes of a tensor that are staged at a time. */
const STAGE_BYTES = 2 << 20
/** Float tables up to this size stay float, even if int8 is asked for: they cost little memory. */
const SMALL_TABLE_BYTES = 4 << 20

export interface SimdLinear extends LinearWeights, Activations {
  readonly tile: TileShape
  readonly panels: number
  readonly panelBytes: number
  readonly panelCount: number
  /** For each panel, the biases of its outputs; with integers also their scales and sums of weights. */
  readonly columns: number
  readonly columnBytes: number
}

export interface SimdTable extends EmbeddingWeights {
  readonly data: number
  readonly stride: number
  readonly stored: number
  readonly scales: number
}

export interface SimdNorm extends NormWeights {
  readonly weight: number
  readonly bias: number
}

/** Packs the parts of one product, one below the other, into panels for `tile`. `bytes`: how the engine reads bytes. */
export async function packLinear(
  engine: Engine,
  parts: readonly LinearPart[],
  tile: TileShape,
  bytes: Reading,
): Promise<SimdLinear> {
  const { memory } = engine
  const [, inputs = 0] = parts[0]?.weight.shape ?? []
  const outputs = parts.reduce((sum, { weight }) => sum + (weight.shape[0] ?? 0), 0)
  const { format } = tile
  const width = padded(inputs)
  // As many panels as fill a padded row of the result: its padding is then computed, as zero.
  const panelCount = padded(outputs) / tile.width
  const panelBytes = width * tile.width * (format === 'f32' ? 4 : 1)
  const columnBytes = tile.width * (format === 'f32' ? 4 : 12)
  const panels = memory.allocate(panelCount * panelBytes)
  const columns = memory.allocate(panelCount * columnBytes)
  // Only in the last panels are there places that no row is packed into.
  const full = Math.floor(outputs / tile.width)
  for (const [start, bytes] of [
    [panels, panelBytes],
    [columns, columnBytes],
  ] as const) {
    memory.int8(start + full * bytes, (panelCount - full) * bytes).fill(0)
  }
  const layout = { panels, panelBytes, panelCount, columns, columnBytes }
  const bounds = boundsOf(tile, inputs <= 65536 ? bytes : 'seven')
  let firstOutput = 0
  const largest = { first: 1, second: 1 }
  for (const { weight, bias } of parts) {
    const biases = decode(bias)
    for await (const stage of stages(engine, weight, inputs)) {
      const biasAt = memory.allocate(4 * stage.rows)
      const sums = memory.allocate(8 * stage.rows)
      memory.float32(biasAt, stage.rows).set(biases.subarray(stage.first, stage.first + stage.rows))
      const values = {
        ...stage,
        ...layout,
        width,
        biasAt,
        sums,
        firstOutput,
        ...bounds.weights(weight.stored === 'I8'),
      }
      await execute(engine, [packStep(tile, values)], true)
      if (format !== 'f32') {
        memory.int32(sums, 2 * stage.rows).forEach((sum, i) => {
          const which = i % 2 ? 'second' : 'first'
          largest[which] = Math.max(largest[which], sum)
        })
      }
      memory.release(biasAt)
      memory.release(sums)
      firstOutput += stage.rows
    }
  }
  return { inputs, outputs, ...layout, ...bounds.activations(largest) }
}

interface Stage {
  readonly first: number
  readonly rows: number
  readonly source: number
  readonly sourceStride: number
  readonly stored: number
  readonly sourceScales: number
}

/** Copies the rows of a tensor into memory, slice by slice. A slice is gone when the next one is asked for. */
async function* stages(engine: Engine, tensor: StoredTensor, width: number): AsyncGenerator<Stage> {
  const { memory } = engine
  const [rows = 0] = tensor.shape
  const element = tensor.data.BYTES_PER_ELEMENT
  const stride = padded(width) * element
  const step = rowsOfStage(stride)
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first)
    const source = memory.allocate(count * stride)
    const sourceScales = memory.allocate(4 * count)
    copyRows(memory, tensor, first, count, width, source)
    if (tensor.stored === 'I8') memory.float32(sourceScales, count).set(tensor.scale.subarray(first, first + count))
    await breathe()
    yield {
      first,
      rows: count,
      source,
      sourceStride: stride,
      stored: STORED[tensor.stored],
      sourceScales,
    }
    memory.release(source)
    memory.release(sourceScales)
  }
}

/** Rows of `stride` bytes that are staged at a time: a multiple of 16. */
function rowsOfStage(stride: number): number {
  return Math.max(16, Math.floor(STAGE_BYTES / stride / 16) * 16)
}

/** Copies rows `first` … of a tensor to `address`, each padded with zeros to a multiple of 16 elements. */
function copyRows(
  memory: ModuleMemory,
  tensor: StoredTensor,
  first: number,
  count: number,
  width: number,
  address: number,
): void {
  const stride = padded(width)
  const { data } = tensor
  const view =
    data instanceof Int8Array
      ? memory.int8(address, count * stride)
      : data.BYTES_PER_ELEMENT === 2
        ? memory.uint16(address, count * stride)
        : memory.float32(address, count * stride)
  if (stride === width) {
    view.set(data.subarray(first * width, (first + count) * width))
    return
  }
  view.fill(0)
  for (let row = 0; row < count; row++) {
    view.set(data.subarray((first + row) * width, (first + row + 1) * width), row * stride)
  }
}

interface PackArguments extends Stage {
  readonly panels: number
  readonly panelBytes: number
  readonly columns: number
  readonly columnBytes: number
  readonly width: number
  readonly biasAt: number
  readonly sums: number
  readonly firstOutput: number
  readonly pairLimit: number
  readonly quadLimit: number
}

function packStep(tile: TileShape, values: PackArguments): StepOf<'pack'> {
  const rowBlock = 2 * tile.width
  return {
    operation: 'pack',
    tile,
    tasks: Math.ceil(values.rows / rowBlock),
    inputs: [],
    outputs: [],
    scratch: 5 * values.width,
    arguments: () => ({
      ...values,
      rowBlock,
      bias: values.biasAt,
      sums: values.sums,
      pairLimit: values.pairLimit,
      quadLimit: values.quadLimit,
    }),
  }
}

/** Copies a table in its own type, or as int8 with one scale per row if `asInt8` and it is large. */
export async function packTable(engine: Engine, table: StoredTensor, asInt8: boolean): Promise<SimdTable> {
  const { memory } = engine
  const [rows = 0, width = 0] = table.shape
  if (asInt8 && table.stored !== 'I8' && table.data.byteLength > SMALL_TABLE_BYTES) {
    return quantiseTable(engine, table, rows, width)
  }
  const stride = padded(width) * table.data.BYTES_PER_ELEMENT
  const data = memory.allocate(rows * stride)
  for (let first = 0, step = rowsOfStage(stride); first < rows; first += step) {
    await breathe()
    copyRows(memory, table, first, Math.min(step, rows - first), width, data + first * stride)
  }
  const scales = memory.allocate(4 * rows)
  memory.float32(scales, rows).set(table.stored === 'I8' ? table.scale : new Float32Array(rows))
  return { rows, width, data, stride, stored: STORED[table.stored], scales }
}

async function quantiseTable(engine: Engine, table: StoredTensor, rows: number, width: number): Promise<SimdTable> {
  const { memory } = engine
  const stride = padded(width)
  const data = memory.allocate(rows * stride)
  const scales = memory.allocate(4 * rows)
  for await (const stage of stages(engine, table, width)) {
    const step: StepOf<'packTable'> = {
      operation: 'packTable',
      tasks: Math.ceil(stage.rows / 16),
      inputs: [],
      outputs: [],
      scratch: 4 * stride,
      arguments: () => ({
        ...stage,
        rowBlock: 16,
        width: stride,
        q: data + stage.first * stride,
        scales: scales + 4 * stage.first,
      }),
    }
    await execute(engine, [step], true)
  }
  return { rows, width, data, stride, stored: STORED.I8, scales }
}

export function storeNorm(memory: ModuleMemory, weight: StoredTensor, bias: StoredTensor, epsilon: number): SimdNorm {
  const [width = 0] = weight.shape
  const vector = (tensor: StoredTensor) => {
    const address = allocateZeroed(memory, 4 * padded(width))
    memory.float32(address, width).set(decode(tensor))
    return address
  }
  return { width, epsilon, weight: vector(weight), bias: vector(bias) }
}

function allocateZeroed(memory: ModuleMemory, bytes: number): number {
  const address = memory.allocate(bytes)
  memory.int8(address, bytes).fill(0)
  return address
}
