/**
 * Tensors as PyTorch lays them out: element [i, j, …] of a tensor is element offset + i·strides[0] + j·strides[1] + … of its
 * storage. A transposed matrix is the same bytes with its strides exchanged.
 */

export interface Strided {
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Whether the elements lie one behind the other, in rows. The stride of a dimension of size 1 says nothing. */
export function isContiguous({ shape, strides }: Strided): boolean {
  let expected = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d] ?? 0
    if (size !== 1 && strides[d] !== expected) return size === 0 || elementsOf(shape) === 0
    expected *= size
  }
  return true
}

/** The place of the last element in the storage. The tensor is not empty. */
export function lastElement({ offset, shape, strides }: Strided): number {
  return shape.reduce((last, size, d) => last + (size - 1) * (strides[d] ?? 0), offset)
}

/** Puts elements of `size` bytes in rows. `bytes` begins with the tensor's first element. */
export function gather(bytes: Uint8Array, { shape, strides }: Strided, size: number): Uint8Array {
  const count = elementsOf(shape)
  const rows = new Uint8Array(count * size)
  const index = shape.map(() => 0)
  let from = 0
  for (let to = 0; to < rows.length; to += size) {
    for (let b = 0; b < size; b++) rows[to + b] = bytes[from * size + b] ?? 0
    // The next index, counted up from the last dimension.
    for (let d = shape.length - 1; d >= 0; d--) {
      const stride = strides[d] ?? 0
      index[d] = (index[d] ?? 0) + 1
      from += stride
      if (index[d] !== shape[d]) break
      from -= stride * (shape[d] ?? 0)
      index[d] = 0
    }
  }
  return rows
}

/** Turns the bytes of each element round, in a new array: big-endian → little-endian. */
export function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  const swapped = new Uint8Array(bytes.length)
  for (let at = 0; at < bytes.length; at += size) {
    for (let b = 0; b < size; b++) swapped[at + b] = bytes[at + size - 1 - b] ?? 0
  }
  return swapped
}
