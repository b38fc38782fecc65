/**
 * How an operation is written down in memory: the agreement between host and module. opcodes.ts lists the operations.
 *
 * A forward pass is an array of records, one per operation, each of RECORD_BYTES bytes of 32-bit words:
 *
 *   opcode | tasks | next | – | done | 0 | arguments …
 *
 * An operation falls into `tasks` pieces that do not depend on each other. Threads take them by counting up `next`; when
 * `done` has reached `tasks` the operation is finished, and all go on to the following record.
 */

export const RECORD_BYTES = 128
/** Indices of 32-bit words in a record. `done` is aligned to eight bytes and the word after it stays zero. */
export const WORD = { opcode: 0, tasks: 1, next: 2, done: 4, arguments: 6 } as const

/** Every row of every matrix starts at a multiple of 16 elements; what lies between is zero. */
export const ROW_PADDING = 16
export const padded = (width: number): number => Math.ceil(width / ROW_PADDING) * ROW_PADDING

/** This many bytes from address 0 on are zero and stay so: the bias of a product that has none. */
export const ZEROS_BYTES = 1024

/** Query rows that one task of attention takes: their scores, 16 × n, are all that is ever stored of the T × T matrix. */
export const QUERY_ROWS = 16

/** How elements of a table or of weights are stored, as a number in a record. */
export const STORED = { F32: 0, F16: 1, BF16: 2, I8: 3 } as const

/**
 * How relaxed dot products read the bytes of activations. The standard fixes it for 7 bits alone; with the eighth set, an
 * engine takes them as unsigned (x86) or as signed (Arm), always the same way, or it saturates on the way.
 */
export const READING = { seven: 0, unsigned: 1, signed: 2 } as const
export type Reading = keyof typeof READING

/** Bytes that one activation row's scale and zero point take: f32, i32. */
export const ROW_SCALE_BYTES = 8

/** A sequence in `spans`: first token, tokens, address of its packed K and V, 0. One in `blocks`: with the first query. */
export const SPAN_BYTES = 16
