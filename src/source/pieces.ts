/** A file that lies, or comes, in pieces of one size. The last few are held: weights are read side by side, not quite in order. */
import { invalidPart, isSize, type ModelFile } from './source.ts'

/** Bytes of a piece: few enough to hold some, enough to be worth a request. */
export const PIECE = 2 ** 23
const HELD = 4
/** Pieces that are asked for before they are needed. */
const AHEAD = 2

/** `load(i)` gives the bytes from `PIECE · i` on: {@link pieceLength} of them. `head`: the first bytes, if they are here already. */
export function fileOfPieces(
  name: string,
  size: number,
  load: (index: number) => Promise<Uint8Array>,
  head: Uint8Array = new Uint8Array(),
): ModelFile {
  const held = new Map<number, Promise<Uint8Array>>()
  const piece = (index: number): Promise<Uint8Array> => {
    const known = held.get(index)
    held.delete(index) // and put it back as the youngest
    const loading = known ?? load(index)
    held.set(index, loading)
    const [oldest] = held.keys()
    if (held.size > HELD && oldest !== undefined) held.delete(oldest)
    // A failure is that of whoever reads the piece, and of nobody who comes later.
    loading.catch(() => held.get(index) === loading && held.delete(index))
    return loading
  }
  return {
    size,
    async read(offset, length) {
      if (!isSize(offset) || !isSize(length) || offset + length > size) throw invalidPart(name, offset, length)
      if (offset + length <= head.byteLength) return head.slice(offset, offset + length)
      const bytes = new Uint8Array(length)
      const last = Math.ceil((offset + length) / PIECE) - 1
      for (let index = Math.floor(offset / PIECE); index <= last && length > 0; index++) {
        for (let next = index + 1; next <= Math.min(last, index + AHEAD); next++)
          void piece(next).catch(() => undefined)
        const start = index * PIECE
        const from = Math.max(0, offset - start)
        bytes.set((await piece(index)).subarray(from, offset + length - start), start + from - offset)
      }
      return bytes
    },
    close() {
      held.clear()
      return Promise.resolve()
    },
  }
}

export function pieceLength(size: number, index: number): number {
  return Math.min(PIECE, size - PIECE * index)
}
