/** Turns the operations of the Kernels interface into steps: how each is cut into tasks, and its arguments. */
import type { EmbeddingTables, PackedBatch } from '../kernels.ts'
import { READING, ROW_SCALE_BYTES, padded } from './layout.ts'
import { SimdTensor, type Step, type StepOf } from './program.ts'
import type { Format } from './tiles.ts'
import type { SimdLinear, SimdNorm, SimdTable } from './weights.ts'

/** A block of activations stays in the second-level cache. */
const BLOCK_BYTES = 1 << 20
/** Bytes of an element of an operand. */
const ELEMENT_BYTES = { f32: 4, w8a16: 2, bytes: 1 } as const satisfies Record<Format, number>
/** Multiplications in a task, at least: some ten microseconds, which pay for a trip to the task counter. */
const TASK_PRODUCTS = 1 << 20

/** Cuts rows into tasks of whole tiles, enough of them for all threads to end at about the same time. */
function rowBlocks(rows: number, threads: number, tileRows = 1): { rowBlock: number; tasks: number } {
  const fair = Math.min(16, Math.ceil(rows / (4 * threads)))
  const rowBlock = Math.max(1, Math.ceil(fair / tileRows)) * tileRows
  return { rowBlock, tasks: Math.ceil(rows / rowBlock) }
}

/** x·Wᵀ + b in two steps: x becomes an operand, in integers if the weights are; then it is multiplied. */
export function linearSteps(x: SimdTensor, y: SimdTensor, weights: SimdLinear, gelu: boolean, threads: number): Step[] {
  const [rows = 0] = x.shape
  const { inputs, tile } = weights
  const { format } = tile
  const width = padded(inputs)
  const qStride = width * ELEMENT_BYTES[format]
  const q = SimdTensor.temporary(rows * qStride, qStride)
  const rowScales = format === 'f32' ? undefined : SimdTensor.temporary(rows * ROW_SCALE_BYTES)
  const { rowBlock, tasks } = rowBlocks(rows, threads, tile.rows)
  const operand: StepOf<'operand'> = {
    operation: 'operand',
    tile,
    tasks,
    inputs: [x],
    outputs: rowScales ? [q, rowScales] : [q],
    arguments: () => ({
      x: x.address,
      xStride: x.stride,
      rows,
      rowBlock,
      width,
      q: q.address,
      qStride,
      tileRows: tile.rows,
      rowScales: rowScales?.address ?? 0,
      limit: weights.limit,
      reading: READING[weights.reading],
    }),
  }
  return [operand, productStep(q, rowScales, rows, y, weights, gelu, threads)]
}

function productStep(
  x: SimdTensor,
  rowScales: SimdTensor | undefined,
  rows: number,
  y: SimdTensor,
  weights: SimdLinear,
  gelu: boolean,
  threads: number,
): StepOf<'linear'> {
  const { tile, inputs, panels, panelBytes, panelCount, columns, columnBytes } = weights
  const blocks = Math.ceil(rows / Math.max(tile.rows, Math.floor(BLOCK_BYTES / x.stride)))
  const rowBlock = Math.ceil(rows / blocks / tile.rows) * tile.rows
  const most = Math.ceil((panelCount * blocks) / (4 * threads))
  const panelGroup = Math.max(1, Math.min(most, Math.round(TASK_PRODUCTS / (rowBlock * tile.width * inputs))))
  return {
    operation: 'linear',
    tile,
    tasks: Math.ceil(rows / rowBlock) * Math.ceil(panelCount / panelGroup),
    inputs: rowScales ? [x, rowScales] : [x],
    outputs: [y],
    scratch: tile.format === 'w8a16' ? 2 * panelBytes : 0,
    arguments: () => ({
      x: x.address,
      xStride: x.stride,
      rows,
      rowBlock,
      panels,
      panelCount,
      panelBytes,
      panelGroup,
      columns,
      columnBytes,
      y: y.address,
      yStride: y.stride,
      gelu: gelu ? 1 : 0,
      rowScales: rowScales?.address ?? 0,
    }),
  }
}

export function embedStep(
  batch: PackedBatch,
  tables: EmbeddingTables,
  norm: SimdNorm,
  y: SimdTensor,
  threads: number,
): StepOf<'embed'> {
  const rows = batch.ids.length
  const { rowBlock, tasks } = rowBlocks(rows, threads)
  // In PyTorch's order, since sums are rounded to float32 one by one.
  const [word, type, position] = [tables.word, tables.tokenType, tables.position] as [SimdTable, SimdTable, SimdTable]
  const indices = new Int32Array(3 * rows)
  indices.set(batch.ids)
  indices.set(batch.typeIds, rows)
  indices.set(batch.positions, 2 * rows)
  return {
    operation: 'embed',
    tasks,
    inputs: [],
    outputs: [y],
    dataWords: indices.length,
    data: () => indices,
    arguments: data => ({
      y: y.address,
      yStride: y.stride,
      rows,
      rowBlock,
      width: norm.width,
      indices: data,
      table0: word.data,
      stride0: word.stride,
      stored0: word.stored,
      scales0: word.scales,
      table1: type.data,
      stride1: type.stride,
      stored1: type.stored,
      scales1: type.scales,
      table2: position.data,
      stride2: position.stride,
      stored2: position.stored,
      scales2: position.scales,
      weight: norm.weight,
      bias: norm.bias,
      epsilon: norm.epsilon,
    }),
  }
}

export function addNormStep(
  x: SimdTensor,
  residual: SimdTensor,
  norm: SimdNorm,
  y: SimdTensor,
  threads: number,
): StepOf<'addNorm'> {
  const [rows = 0] = x.shape
  const { rowBlock, tasks } = rowBlocks(rows, threads)
  return {
    operation: 'addNorm',
    tasks,
    inputs: [x, residual],
    outputs: [y],
    arguments: () => ({
      x: x.address,
      residual: residual.address,
      y: y.address,
      stride: y.stride,
      rows,
      rowBlock,
      width: norm.width,
      weight: norm.weight,
      bias: norm.bias,
      epsilon: norm.epsilon,
    }),
  }
}
