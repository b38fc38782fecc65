/** Which kernels exist, and the number by which a record calls each. */

/** The instructions that a module needs. `wide`: relaxed SIMD, on tiles for vectors of 256 bits (turbo.ts). */
export type Level = 'portable' | 'relaxed' | 'wide'

/** What a module was assembled for. */
export interface Features {
  readonly level: Level
  readonly shared: boolean
}

/** A tile of linear.ts: what it multiplies, how many rows of x and outputs it takes. */
export interface TileShape {
  readonly name: string
  readonly arithmetic: 'f32' | 'w8a16' | 'w8a7Pairs' | 'w8a7Fused'
  readonly rows: number
  /** Outputs: the width of a panel. */
  readonly width: number
  /** The modules that have it: those of this level; and with `portable`, relaxed ones too. */
  readonly level: Level
}

/**
 * Sizes by measuring (docs/kernels.md). 4 × 8 is the largest that V8 before version 12 keeps in registers; wide tiles are for
 * engines that join pairs of vectors into 256 bits (turbo.ts), where sixteen registers hold twice as much.
 */
export const TILES = [
  { name: 'f32', arithmetic: 'f32', rows: 4, width: 8, level: 'portable' },
  { name: 'w8a16', arithmetic: 'w8a16', rows: 4, width: 8, level: 'portable' },
  { name: 'w8a7Pairs', arithmetic: 'w8a7Pairs', rows: 4, width: 8, level: 'relaxed' },
  { name: 'w8a7Fused', arithmetic: 'w8a7Fused', rows: 4, width: 8, level: 'relaxed' },
  { name: 'f32Wide', arithmetic: 'f32', rows: 6, width: 16, level: 'wide' },
  { name: 'w8a16Wide', arithmetic: 'w8a16', rows: 5, width: 16, level: 'wide' },
] as const satisfies readonly TileShape[]

/** An opcode is an index into this list. */
export const OPCODES: readonly string[] = [
  'addNorm',
  'embed',
  'packTable',
  'operand_f32',
  'operand_w8a16',
  'operand_w8a7',
  ...TILES.map(({ name }) => `linear_${name}`),
  'pack_f32_8',
  'pack_w8a16_8',
  'pack_w8a7_8',
  'packHeads_8',
  'attention_8',
  'pack_f32_16',
  'pack_w8a16_16',
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
