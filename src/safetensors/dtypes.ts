/**
 * The element types that safetensors 0.8 publishes, and the typed array that holds each.
 * The order is that of the reference implementation. Its writer lays tensors out from the last type of this list to the
 * first, so every tensor of a file starts at a multiple of its element size.
 */

const BITS = {
  BOOL: 8,
  F4: 4, // E2M1, two per byte
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8, // a power of two: the scale of a block in the MX formats
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64, // real and imaginary parts alternate, F32 each
  F64: 64,
  I64: 64,
  U64: 64,
} as const

export type TensorDType = keyof typeof BITS

/** The array type of each element type. If JavaScript has none, the elements are given as raw bits. */
export interface DTypeArrays {
  BOOL: Uint8Array
  F4: Uint8Array
  F6_E2M3: Uint8Array
  F6_E3M2: Uint8Array
  U8: Uint8Array
  I8: Int8Array
  F8_E5M2: Uint8Array
  F8_E4M3: Uint8Array
  F8_E8M0: Uint8Array
  F8_E4M3FNUZ: Uint8Array
  F8_E5M2FNUZ: Uint8Array
  I16: Int16Array
  U16: Uint16Array
  F16: Uint16Array
  BF16: Uint16Array
  I32: Int32Array
  U32: Uint32Array
  F32: Float32Array
  C64: Float32Array
  F64: Float64Array
  I64: BigInt64Array
  U64: BigUint64Array
}

/** All element types, in the reference's order. */
export const TENSOR_DTYPES = Object.keys(BITS) as readonly TensorDType[]

/** Bits of one element. */
export const DTYPE_BITS: ReadonlyMap<string, number> = new Map(Object.entries(BITS))

/** Position of each type in {@link TENSOR_DTYPES}. */
export const DTYPE_RANK: ReadonlyMap<string, number> = new Map(TENSOR_DTYPES.map((dtype, rank) => [dtype, rank]))

const BY_NAME: ReadonlyMap<string, TensorDType> = new Map(TENSOR_DTYPES.map(dtype => [dtype, dtype]))

/** The element type of this name, as one string that all its tensors share; undefined if there is none. */
export function dtypeOf(name: string): TensorDType | undefined {
  return BY_NAME.get(name)
}

const ARRAYS: { readonly [D in TensorDType]: ArrayConstructor<DTypeArrays[D]> } = {
  BOOL: Uint8Array,
  F4: Uint8Array,
  F6_E2M3: Uint8Array,
  F6_E3M2: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  F8_E5M2: Uint8Array,
  F8_E4M3: Uint8Array,
  F8_E8M0: Uint8Array,
  F8_E4M3FNUZ: Uint8Array,
  F8_E5M2FNUZ: Uint8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  C64: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
}

interface ArrayConstructor<A> {
  readonly BYTES_PER_ELEMENT: number
  readonly name: string
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A
}

/** The name of the array type that holds elements of `dtype`, for messages and for checks across realms. */
export function arrayName(dtype: TensorDType): string {
  return ARRAYS[dtype].name
}

/**
 * Gives bytes `[start, end)` as elements of `dtype`: a view if they are aligned to the element size, else a copy.
 * Little-endian, like the file, and like every platform on which JavaScript engines are in wide use.
 */
export function viewElements<D extends TensorDType>(
  dtype: D,
  bytes: Uint8Array,
  start: number,
  end: number,
): DTypeArrays[D] {
  const Elements: ArrayConstructor<DTypeArrays[D]> = ARRAYS[dtype]
  const size = Elements.BYTES_PER_ELEMENT
  const length = (end - start) / size
  if ((bytes.byteOffset + start) % size !== 0) return new Elements(bytes.slice(start, end).buffer, 0, length)
  return new Elements(bytes.buffer, bytes.byteOffset + start, length)
}
