/**
 * The layout of an operation in memory, on which host and module agree. opcodes.ts lists the operations.
 *
 * A forward pass is an array of records, one per operation, each of RECORD_BYTES bytes of 32-bit words:
 *
 *   opcode | tasks | next | – | done | 0 | arguments …
 *
 * An operation falls into `tasks` pieces that do not depend on each other. Threads take them by counting `next` up. When
 * `done` has reached `tasks`, the operation is finished, and all go on to the next record.
 */

export const RECORD_BYTES = 128
/** Indices of 32-bit words in a record. `done` is aligned to eight bytes and the word after it stays zero. */
export const WORD = { opcode: 0, tasks: 1, next: 2, done: 4, arguments: 6 } as const

/** Every row of every matrix starts at a multiple of 16 elements. The gap after a row is zero. */
export const ROW_PADDING = 16
export const padded = (width: number): number => Math.ceil(width / ROW_PADDING) * ROW_PADDING

/** The first bytes of memory, always zero: they are the bias of a product that has none. */
export const ZEROS_BYTES = 1024

/** Query rows in one task of attention. Only their scores, 16 × n, are ever stored of the T × T matrix. */
export const QUERY_ROWS = 16

/** How attention lays out the K and V of a head that it packs, and a thread's scratch memory. */
export interface Packing {
  /** D and n are rounded up to multiples of it. */
  readonly step: number
  /** Of one number. */
  readonly bytes: number
  /** Bytes before K and V, for the scales of both; and in scratch memory before the query rows, for their factors. */
  readonly header: number
  /** Query rows whose scores are in scratch memory at a time. */
  readonly rows: number
}

export const PACKING: Readonly<Record<'f32' | 'int16', Packing>> = {
  f32: { step: 4, bytes: 4, header: 0, rows: QUERY_ROWS },
  int16: { step: 8, bytes: 2, header: 64, rows: 4 },
}

/** The stored type of a table or of weights, as a number in a record. */
export const STORED = { F32: 0, F16: 1, BF16: 2, I8: 3 } as const

/**
 * How relaxed dot products read a byte of the activations. The standard defines it for 7 bits only. If the eighth is set, an
 * engine takes the byte as unsigned (x86) or as signed (Arm), always the same way, or it saturates.
 */
export const READING = { seven: 0, unsigned: 1, signed: 2 } as const
export type Reading = keyof typeof READING

/** Bytes of the scale and zero point of one row of activations: f32, i32. */
export const ROW_SCALE_BYTES = 8

/** Bytes of an entry of `spans` or `blocks`: first token, tokens, address of the packed K and V, and 0 or the first query. */
export const SPAN_BYTES = 16
