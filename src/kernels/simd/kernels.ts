/** Which kernels exist, and the number by which a record calls each. */

/** What a module was assembled for. */
export interface Features {
  readonly relaxed: boolean
  readonly shared: boolean
}

/** A tile of linear.ts: what it multiplies, how many rows of x and outputs it takes. */
export interface TileShape {
  readonly name: string
  readonly arithmetic: 'f32' | 'w8a16' | 'w8a7Pairs' | 'w8a7Fused'
  readonly rows: number
  /** Outputs: the width of a panel. */
  readonly width: number
  readonly unroll: number
  /** Where a multiplication and its addition are one instruction, more rows fit into the registers. */
  readonly inRelaxed?: { readonly rows: number; readonly unroll: number }
  /** In relaxed modules only. */
  readonly relaxed: boolean
}

/**
 * Sizes by measuring (docs/kernels.md). More steps in a turn are not better: a compiler that loads first and adds late runs
 * out of registers, and f32 on Node 20 falls from 34 to 15 GFLOP/s between one step and four.
 */
export const TILES = [
  { name: 'f32', arithmetic: 'f32', rows: 4, width: 8, unroll: 1, inRelaxed: { rows: 5, unroll: 2 }, relaxed: false },
  { name: 'w8a16', arithmetic: 'w8a16', rows: 4, width: 8, unroll: 1, relaxed: false },
  { name: 'w8a7Pairs', arithmetic: 'w8a7Pairs', rows: 4, width: 8, unroll: 4, relaxed: true },
  { name: 'w8a7Fused', arithmetic: 'w8a7Fused', rows: 6, width: 8, unroll: 4, relaxed: true },
  // For engines that join pairs of vectors into 256 bits (turbo.ts): twice the width, and sixteen registers are enough again.
  { name: 'f32Wide', arithmetic: 'f32', rows: 6, width: 16, unroll: 2, relaxed: true },
] as const satisfies readonly TileShape[]

/** An opcode is an index into this list. */
export const OPCODES: readonly string[] = [
  'addNorm',
  'embed',
  'packTable',
  'quantise_w8a16',
  'quantise_w8a7',
  ...TILES.map(({ name }) => `linear_${name}`),
  'pack_f32_8',
  'pack_w8a16_8',
  'pack_w8a7_8',
  'packHeads_8',
  'attention_8',
  'pack_f32_16',
  'packHeads_16',
  'attention_16',
]

export function opcode(name: string): number {
  const index = OPCODES.indexOf(name)
  if (index < 0) throw new Error(`no kernel ${name}`)
  return index
}

export function tile(name: (typeof TILES)[number]['name']): TileShape {
  const found = TILES.find(shape => shape.name === name)
  if (!found) throw new Error(`no tile ${name}`)
  return found
}
