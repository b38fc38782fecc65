/** Turns the operations of the Kernels interface into steps: how each is cut into tasks, and its arguments. */
import type { EmbeddingTables, PackedBatch } from '../kernels.ts'
import { READING, QUERY_ROWS, ROW_SCALE_BYTES, padded } from './layout.ts'
import { SimdTensor, type Step, type StepOf } from './program.ts'
import type { Format, TileShape } from './tiles.ts'
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

const roundUp = (value: number, to: number) => Math.ceil(value / to) * to

/** K and V into panels as wide as those of `tile`; then one task per head and 16 query rows. */
export function attentionSteps(
  qkv: SimdTensor,
  starts: Int32Array,
  heads: number,
  y: SimdTensor,
  tile: TileShape,
): Step[] {
  const panelWidth = tile.width
  const width = (qkv.shape[1] ?? 0) / 3
  const headSize = width / heads
  const sequences = Array.from(starts.subarray(1), (end, b) => ({
    first: starts[b] ?? 0,
    tokens: end - (starts[b] ?? 0),
  }))
  const offsets: number[] = []
  let bytes = 0
  for (const { tokens } of sequences) {
    offsets.push(bytes)
    const keys = roundUp(tokens, panelWidth) * roundUp(headSize, 4)
    bytes += 4 * heads * (keys + roundUp(headSize, panelWidth) * roundUp(tokens, 4))
  }
  const packed = SimdTensor.temporary(bytes)
  const longest = Math.max(0, ...sequences.map(({ tokens }) => tokens))
  const common = { stride: qkv.stride, width, heads, headSize }
  const blocks = sequences.flatMap((sequence, b) =>
    Array.from({ length: Math.ceil(sequence.tokens / QUERY_ROWS) }, (_, i) => ({
      ...sequence,
      b,
      from: i * QUERY_ROWS,
    })),
  )
  const place = (b: number) => packed.address + (offsets[b] ?? 0)
  const pack: StepOf<'packHeads'> = {
    operation: 'packHeads',
    tile,
    tasks: sequences.length * heads,
    inputs: [qkv],
    outputs: [packed],
    dataWords: 4 * sequences.length,
    data: () => Int32Array.from(sequences.flatMap(({ first, tokens }, b) => [first, tokens, place(b), 0])),
    arguments: data => ({ qkv: qkv.address, ...common, spans: data }),
  }
  const attend: StepOf<'attention'> = {
    operation: 'attention',
    tile,
    tasks: blocks.length * heads,
    inputs: [qkv, packed],
    outputs: [y],
    scratch:
      4 *
      QUERY_ROWS *
      (roundUp(headSize, 4) + roundUp(longest, panelWidth) + roundUp(longest, 4) + roundUp(headSize, panelWidth)),
    dataWords: 4 * blocks.length,
    data: () => Int32Array.from(blocks.flatMap(({ first, tokens, b, from }) => [first, tokens, place(b), from])),
    arguments: data => ({
      qkv: qkv.address,
      ...common,
      blocks: data,
      y: y.address,
      yStride: y.stride,
      scale: 1 / Math.sqrt(headSize),
    }),
  }
  return [pack, attend]
}
