/** The tiles of linear.ts: which there are, and which modules have them. */

/** The instructions that a module needs. `wide`: relaxed SIMD, on tiles for vectors of 256 bits (turbo.ts). */
export const LEVELS = ['portable', 'relaxed', 'wide'] as const
export type Level = (typeof LEVELS)[number]

/** The features that a module was assembled for. */
export interface Features {
  readonly level: Level
  readonly shared: boolean
}

/** The format of packed weights and of activations: float32; int8 and int16; int8 and one byte. */
export type Format = 'f32' | 'w8a16' | 'bytes'

export interface TileShape {
  readonly name: string
  readonly format: Format
  /** How it multiplies. Bytes are one format with three ways. */
  readonly arithmetic: 'f32' | 'w8a16' | 'bytesPairs' | 'bytesQuads' | 'bytesFused'
  /** Rows of x. */
  readonly rows: number
  /** Outputs: the width of a panel. */
  readonly width: number
  /** The level whose modules have it. Relaxed modules have the portable tiles too. */
  readonly level: Level
}

/**
 * Sizes by measurement (docs/kernels.md). 4 × 8 is the largest that V8 before version 12 keeps in registers. A fused step has nothing
 * between product and sum, so 6 × 8 fits into sixteen of them, and hides the instruction's latency. Wide tiles are for engines that join pairs of vectors into 256 bits (turbo.ts): there sixteen registers hold twice as much.
 */
export const TILES = [
  { name: 'f32', format: 'f32', arithmetic: 'f32', rows: 4, width: 8, level: 'portable' },
  { name: 'w8a16', format: 'w8a16', arithmetic: 'w8a16', rows: 4, width: 8, level: 'portable' },
  { name: 'bytesPairs', format: 'bytes', arithmetic: 'bytesPairs', rows: 4, width: 8, level: 'relaxed' },
  { name: 'bytesQuads', format: 'bytes', arithmetic: 'bytesQuads', rows: 4, width: 8, level: 'relaxed' },
  { name: 'bytesFused', format: 'bytes', arithmetic: 'bytesFused', rows: 6, width: 8, level: 'relaxed' },
  { name: 'f32Wide', format: 'f32', arithmetic: 'f32', rows: 6, width: 16, level: 'wide' },
  { name: 'w8a16Wide', format: 'w8a16', arithmetic: 'w8a16', rows: 5, width: 16, level: 'wide' },
] as const satisfies readonly TileShape[]

export function tile(name: (typeof TILES)[number]['name']): TileShape {
  const found = TILES.find(shape => shape.name === name)
  if (!found) throw new Error(`no tile ${name}`)
  return found
}

/** The tile of the level's modules that multiplies int16: attention in integers has panels of its width. */
export const int16Tile = (level: Level): TileShape => tile(level === 'wide' ? 'w8a16Wide' : 'w8a16')

/** The tiles of a module of this level. */
export function tilesOf(level: Level): readonly TileShape[] {
  return TILES.filter(shape => shape.level === level || (shape.level === 'portable' && level === 'relaxed'))
}
