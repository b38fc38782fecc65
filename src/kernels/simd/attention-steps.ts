/** Turns attention into two steps: K and V of each head are packed, then each task takes one head of some query rows. */
import { scoreLimit } from './bounds.ts'
import { PACKING, QUERY_ROWS, type Packing } from './layout.ts'
import { SimdTensor, type Step, type StepOf } from './program.ts'
import type { TileShape } from './tiles.ts'

const roundUp = (value: number, to: number) => Math.ceil(value / to) * to

/** How far attention goes, for those who measure its steps: K and V packed; the scores; the softmax too (in integers only); all. */
export type AttentionParts = 0 | 1 | 2 | 3

/** Bytes of the packed K and V of a head of n tokens, and of a thread's scratch memory, as the kernels lay them out. */
function sizes({ step, bytes, header, rows }: Packing, D: number, n: number, width: number) {
  const [depth, keys, keyPanels, valuePanels] = [
    roundUp(D, step),
    roundUp(n, step),
    roundUp(n, width),
    roundUp(D, width),
  ]
  return {
    packed: header + bytes * (keyPanels * depth + valuePanels * keys),
    scratch: header + rows * (bytes * (depth + keys) + 4 * (keyPanels + valuePanels)),
  }
}

/** K and V into panels as wide as those of `tile`, in its format; then one task per head and QUERY_ROWS query rows. */
export function attentionSteps(
  qkv: SimdTensor,
  starts: Int32Array,
  heads: number,
  y: SimdTensor,
  tile: TileShape,
  parts: AttentionParts = 3,
): Step[] {
  const width = (qkv.shape[1] ?? 0) / 3
  const headSize = width / heads
  const sizeOf = (tokens: number) =>
    sizes(PACKING[tile.format === 'f32' ? 'f32' : 'int16'], headSize, tokens, tile.width)
  const sequences = Array.from(starts.subarray(1), (end, b) => ({
    first: starts[b] ?? 0,
    tokens: end - (starts[b] ?? 0),
  }))
  const offsets: number[] = []
  let bytes = 0
  for (const { tokens } of sequences) {
    offsets.push(bytes)
    bytes += heads * sizeOf(tokens).packed
  }
  const packed = SimdTensor.temporary(bytes)
  const longest = Math.max(0, ...sequences.map(({ tokens }) => tokens))
  const common = { stride: qkv.stride, width, heads, headSize, limit: scoreLimit(headSize) }
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
    outputs: parts === 0 ? [packed, y] : [packed],
    scratch: PACKING.int16.header,
    dataWords: 4 * sequences.length,
    data: () => Int32Array.from(sequences.flatMap(({ first, tokens }, b) => [first, tokens, place(b), 0])),
    arguments: data => ({ ...common, qkv: qkv.address, spans: data }),
  }
  const attend: StepOf<'attention'> = {
    operation: 'attention',
    tile,
    tasks: blocks.length * heads,
    inputs: [qkv, packed],
    outputs: [y],
    scratch: sizeOf(longest).scratch,
    dataWords: 4 * blocks.length,
    data: () => Int32Array.from(blocks.flatMap(({ first, tokens, b, from }) => [first, tokens, place(b), from])),
    arguments: data => ({
      ...common,
      qkv: qkv.address,
      blocks: data,
      y: y.address,
      yStride: y.stride,
      // In integers 2 is the base, and 1/ln 2 part of the scale.
      scale: (tile.format === 'f32' ? 1 : Math.LOG2E) / Math.sqrt(headSize),
      parts,
    }),
  }
  return parts === 0 ? [pack] : [pack, attend]
}
