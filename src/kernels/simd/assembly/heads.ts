/**
 * What both attentions, of floats and of integers, do with the heads of a sequence: where a task finds its head, and the sizes of
 * what is packed.
 */
import { SPAN_BYTES, type Packing } from '../layout.ts'
import { procedure, fillZero, i32, load, local, range, when, type I32 } from './code.ts'
import { args } from './record.ts'

export const plus = (a: I32, b: I32) => local.i32(i32.add(a, b))
export const times = (a: I32, b: I32) => local.i32(i32.mul(a, b))
const roundUp = (value: I32, to: number) => local.i32(i32.and(i32.add(value, to - 1), -to))

/** Sizes of the packed K and V of one head, as both kernels and the host (attention-steps.ts) compute them. */
function packedSizes(headSize: I32, tokens: I32, panelWidth: number, packing: Packing) {
  const depth = roundUp(headSize, packing.step)
  const keys = roundUp(tokens, packing.step)
  const keyPanels = local.i32(i32.div(i32.add(tokens, panelWidth - 1), panelWidth))
  const valuePanels = local.i32(i32.div(i32.add(headSize, panelWidth - 1), panelWidth))
  const keyPanelBytes = times(depth, packing.bytes * panelWidth)
  const valuePanelBytes = times(keys, packing.bytes * panelWidth)
  const values = times(keyPanels, keyPanelBytes)
  if (packing.header > 0) values.set(i32.add(values, packing.header))
  const bytes = plus(values, i32.mul(valuePanels, valuePanelBytes))
  return { depth, keys, keyPanels, valuePanels, keyPanelBytes, valuePanelBytes, values, bytes }
}

/** The head that a task packs: where its K and V begin, and where they go. */
export function headToPack(op: I32, task: I32, panelWidth: number, packing: Packing) {
  const { qkv, stride, width, heads, headSize, spans } = args('packHeads', op)
  const span = plus(spans, i32.mul(i32.div(task, heads), SPAN_BYTES))
  const head = local.i32(i32.rem(task, heads))
  const tokens = local.i32(load.i32(span, 4))
  const size = packedSizes(headSize, tokens, panelWidth, packing)
  const to = plus(load.i32(span, 8), i32.mul(head, size.bytes))
  const query = plus(i32.add(qkv, i32.mul(load.i32(span), stride)), i32.mul(i32.mul(head, headSize), 4))
  const key = plus(query, i32.mul(width, 4))
  const value = plus(query, i32.mul(width, 8))
  return { stride, headSize, tokens, size, to, key, value }
}

/** The query rows of a task, from row `first + from` on; the byte in a row where their head begins; its packed K and V. */
export function queriesOf(op: I32, task: I32, panelWidth: number, packing: Packing) {
  const { heads, headSize, blocks } = args('attention', op)
  const block = plus(blocks, i32.mul(i32.div(task, heads), SPAN_BYTES))
  const head = local.i32(i32.rem(task, heads))
  const word = (n: number) => local.i32(load.i32(block, 4 * n))
  const [first, tokens, base, from] = [word(0), word(1), word(2), word(3)]
  const size = packedSizes(headSize, tokens, panelWidth, packing)
  const packed = plus(base, i32.mul(head, size.bytes))
  const column = times(i32.mul(head, headSize), 4)
  return { head, headSize, first, tokens, from, size, packed, column }
}

/** The task of the last head also clears the padding of its rows. */
export const clearPadding = procedure(
  'clearPadding',
  { op: 'i32', head: 'i32', row: 'i32', rows: 'i32' },
  ({ op, head, row, rows }) => {
    const { y, yStride, width, heads } = args('attention', op)
    const bytes = times(width, 4)
    when(i32.eq(i32.add(head, 1), heads), () => {
      const at = plus(i32.add(y, i32.mul(row, yStride)), bytes)
      range(0, rows, 1, () => {
        fillZero(at, i32.sub(yStride, bytes))
        at.set(i32.add(at, yStride))
      })
    })
  },
)
