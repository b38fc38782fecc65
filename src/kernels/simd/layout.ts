/**
 * What the host and the module agree on: how an operation is written down in memory.
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
export const DTYPE = { F32: 0, F16: 1, BF16: 2, I8: 3 } as const

/** Formats of packed weights. The same names name the kernels that multiply by them. */
export type Scheme = 'f32' | 'w8a16' | 'w8a7'

/**
 * How relaxed dot products read the bytes of activations. The standard fixes it for 7 bits alone; with the eighth set, an
 * engine takes them as unsigned (x86) or as signed (Arm), always the same way, or it saturates on the way.
 */
export const CODES = { seven: 0, unsigned: 1, signed: 2 } as const
export type Codes = keyof typeof CODES

/** Bytes that one activation row's scale and zero point take: f32, i32. */
export const ROW_SCALE_BYTES = 8

/** The arguments of each operation in the order of their words. Addresses and strides are bytes. */
export const ARGUMENTS = {
  /** y[T, N] = x·Wᵀ + b, optionally through GELU. x: an operand. Tasks: blocks of rows × groups of panels. */
  linear: {
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
  /** x to the operand of a product: integers where the weights are, tile by tile. Tasks: blocks of whole tiles. */
  operand: {
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
    codes: 'i32',
  },
  /** Rows of weights to a panel. Tasks: blocks of rows. */
  pack: {
    source: 'i32',
    sourceStride: 'i32',
    dtype: 'i32',
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
  },
  /** Rows of a float table to int8 with one scale a row. Tasks: blocks of rows. */
  packTable: {
    source: 'i32',
    sourceStride: 'i32',
    dtype: 'i32',
    sourceScales: 'i32',
    rows: 'i32',
    rowBlock: 'i32',
    width: 'i32',
    q: 'i32',
    scales: 'i32',
  },
  /** LayerNorm(word[ids] + position[positions] + tokenType[typeIds]). Tasks: blocks of rows. */
  embed: {
    y: 'i32',
    yStride: 'i32',
    rows: 'i32',
    rowBlock: 'i32',
    width: 'i32',
    indices: 'i32',
    table0: 'i32',
    stride0: 'i32',
    dtype0: 'i32',
    scales0: 'i32',
    table1: 'i32',
    stride1: 'i32',
    dtype1: 'i32',
    scales1: 'i32',
    table2: 'i32',
    stride2: 'i32',
    dtype2: 'i32',
    scales2: 'i32',
    weight: 'i32',
    bias: 'i32',
    epsilon: 'f32',
  },
  /** LayerNorm(x + residual). Tasks: blocks of rows. */
  addNorm: {
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
  /** K and V of each head to panels. Tasks: sequences × heads. */
  packHeads: {
    qkv: 'i32',
    stride: 'i32',
    width: 'i32',
    heads: 'i32',
    headSize: 'i32',
    spans: 'i32',
  },
  /** softmax(Q·Kᵀ/√D)·V. Tasks: blocks of query rows × heads. */
  attention: {
    qkv: 'i32',
    stride: 'i32',
    width: 'i32',
    heads: 'i32',
    headSize: 'i32',
    blocks: 'i32',
    y: 'i32',
    yStride: 'i32',
    scale: 'f32',
  },
} as const satisfies Record<string, Readonly<Record<string, 'i32' | 'f32'>>>

/** A sequence in `spans`: first token, tokens, address of its packed K and V, 0. One in `blocks`: with the first query. */
export const SPAN_BYTES = 16

export type Layout = keyof typeof ARGUMENTS
