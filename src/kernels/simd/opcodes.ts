/**
 * The operations of the module, each registered here and nowhere else. This table gives the words that the host writes into a
 * record (program.ts), the arguments that a kernel reads from it (assembly/record.ts), the opcodes, and the list of kernels that
 * every module must have (assembly/module.ts): one without a kernel does not compile.
 */
import { TILES, type TileShape } from './tiles.ts'

interface Registered {
  /** How many kernels it has in a module: one, or one for each format, tile, format and width of panels, or tile that attention takes. */
  readonly per: keyof typeof VARIANTS
  /** Its arguments, in the order of their words. Addresses and strides are bytes. */
  readonly arguments: Readonly<Record<string, 'i32' | 'f32'>>
}

/** The ends of the names of an operation's kernels; undefined if it has none for a tile. */
const VARIANTS = {
  module: () => '',
  format: ({ format }: TileShape) => `_${format}`,
  tile: ({ name }: TileShape) => `_${name}`,
  panel: ({ format, width }: TileShape) => `_${format}_${width}`,
  attention: ({ format, name }: TileShape) => (format === 'bytes' ? undefined : `_${name}`),
} as const

export const OPERATIONS = {
  /** LayerNorm(x + residual). Tasks: blocks of rows. */
  addNorm: {
    per: 'module',
    arguments: {
      x: 'i32',
      residual: 'i32',
      y: 'i32',
      stride: 'i32',
      rows: 'i32',
      rowBlock: 'i32',
      width: 'i32',
      weight: 'i32',
      bias: 'i32',
      epsilon: 'f32',
    },
  },
  /** LayerNorm(word[ids] + tokenType[typeIds] + position[positions]). Tasks: blocks of rows. */
  embed: {
    per: 'module',
    arguments: {
      y: 'i32',
      yStride: 'i32',
      rows: 'i32',
      rowBlock: 'i32',
      width: 'i32',
      indices: 'i32',
      table0: 'i32',
      stride0: 'i32',
      stored0: 'i32',
      scales0: 'i32',
      table1: 'i32',
      stride1: 'i32',
      stored1: 'i32',
      scales1: 'i32',
      table2: 'i32',
      stride2: 'i32',
      stored2: 'i32',
      scales2: 'i32',
      weight: 'i32',
      bias: 'i32',
      epsilon: 'f32',
    },
  },
  /** Rows of a float table to int8 with one scale per row. Tasks: blocks of rows. */
  packTable: {
    per: 'module',
    arguments: {
      source: 'i32',
      sourceStride: 'i32',
      stored: 'i32',
      sourceScales: 'i32',
      rows: 'i32',
      rowBlock: 'i32',
      width: 'i32',
      q: 'i32',
      scales: 'i32',
    },
  },
  /** x to the operand of a product, tile by tile: float32, or integers if the weights are. Tasks: blocks of whole tiles. */
  operand: {
    per: 'format',
    arguments: {
      x: 'i32',
      xStride: 'i32',
      rows: 'i32',
      rowBlock: 'i32',
      width: 'i32',
      q: 'i32',
      qStride: 'i32',
      tileRows: 'i32',
      rowScales: 'i32',
      limit: 'f32',
      reading: 'i32',
    },
  },
  /** y[T, N] = x·Wᵀ + b, optionally through GELU. x: an operand. Tasks: blocks of rows × groups of panels. */
  linear: {
    per: 'tile',
    arguments: {
      x: 'i32',
      xStride: 'i32',
      rows: 'i32',
      rowBlock: 'i32',
      panels: 'i32',
      panelCount: 'i32',
      panelBytes: 'i32',
      panelGroup: 'i32',
      columns: 'i32',
      columnBytes: 'i32',
      y: 'i32',
      yStride: 'i32',
      gelu: 'i32',
      rowScales: 'i32',
    },
  },
  /** Rows of weights to a panel. Tasks: blocks of rows. */
  pack: {
    per: 'panel',
    arguments: {
      source: 'i32',
      sourceStride: 'i32',
      stored: 'i32',
      sourceScales: 'i32',
      bias: 'i32',
      rows: 'i32',
      rowBlock: 'i32',
      width: 'i32',
      firstOutput: 'i32',
      panels: 'i32',
      panelBytes: 'i32',
      columns: 'i32',
      columnBytes: 'i32',
      sums: 'i32',
      pairLimit: 'f32',
      quadLimit: 'f32',
    },
  },
  /** K and V of each head to panels. Tasks: sequences × heads. */
  packHeads: {
    per: 'attention',
    arguments: {
      qkv: 'i32',
      stride: 'i32',
      width: 'i32',
      heads: 'i32',
      headSize: 'i32',
      spans: 'i32',
      limit: 'f32',
    },
  },
  /** softmax(Q·Kᵀ/√D)·V. Tasks: blocks of query rows × heads. */
  attention: {
    per: 'attention',
    arguments: {
      qkv: 'i32',
      stride: 'i32',
      width: 'i32',
      heads: 'i32',
      headSize: 'i32',
      blocks: 'i32',
      y: 'i32',
      yStride: 'i32',
      scale: 'f32',
      limit: 'f32',
      parts: 'i32',
    },
  },
} as const satisfies Readonly<Record<string, Registered>>

export type Operation = keyof typeof OPERATIONS
export const OPERATION_NAMES = Object.keys(OPERATIONS) as readonly Operation[]
export type ArgumentsOf<O extends Operation> = (typeof OPERATIONS)[O]['arguments']

/** The kernel of `operation` for a tile, or undefined if it has none. */
export function kernelName(operation: Operation, tile: TileShape): string | undefined {
  const variant = VARIANTS[OPERATIONS[operation].per](tile)
  return variant === undefined ? undefined : operation + variant
}

/** The names of all kernels. An opcode is an index into this list. */
export const OPCODES: readonly string[] = [
  ...new Set(OPERATION_NAMES.flatMap(operation => TILES.flatMap(tile => kernelName(operation, tile) ?? []))),
]

/** The opcode of `operation`. `tile`: for all that have more than one kernel in a module. */
export function opcode(operation: Operation, tile?: TileShape): number {
  const name = OPERATIONS[operation].per === 'module' ? operation : tile && kernelName(operation, tile)
  if (name === undefined) throw new Error(`${operation} has no kernel for tile ${tile?.name ?? '(none given)'}`)
  return OPCODES.indexOf(name)
}
