/**
 * The element types that safetensors 0.8 publishes, and the typed array in which each is seen.
 * The order is that of the reference implementation: its writer lays tensors out from the last of this list to the
 * first, so that every tensor of a file starts at a multiple of its element size.
 */

const BITS = {
  BOOL: 8,
  F4: 4, // E2M1, two in a byte
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
  C64: 64, // real and imaginary part in turn, F32 each
  F64: 64,
  I64: 64,
  U64: 64,
} as const

export type TensorDType = keyof typeof BITS

/** How the elements of each type are seen. Types that JavaScript has no array for are given as their bits. */
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

/** All types, in the reference's order. */
export const TENSOR_DTYPES = Object.keys(BITS) as readonly TensorDType[]

/** Bits of one element. */
export const DTYPE_BITS: ReadonlyMap<string, number> = new Map(Object.entries(BITS))

/** Position of each type in {@link TENSOR_DTYPES}. */
export const DTYPE_RANK: ReadonlyMap<string, number> = new Map(TENSOR_DTYPES.map((dtype, rank) => [dtype, rank]))

const BY_NAME: ReadonlyMap<string, TensorDType> = new Map(TENSOR_DTYPES.map(dtype => [dtype, dtype]))

/** The type of this name, as the one string that all its tensors share; undefined where there is none. */
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
 * Elements of `dtype` over bytes `[start, end)`: a view where these lie at a multiple of the element size, else a copy.
 * Little-endian, as the file is and as every platform is on which JavaScript engines are in wide use.
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
