/**
 * The module's memory and its allocator, for weights, activations, programs and scratch. First fit, lowest address first: parts that
 * live long settle at the bottom, and the top is used again and again. Memory only grows. It goes back to the system when
 * nobody refers to it any more.
 */
import { outOfMemory } from './failures.ts'
import { ZEROS_BYTES } from './layout.ts'

const PAGE = 65536
/** 2 GiB: addresses stay positive int32. */
const MAX_PAGES = 32768
const ALIGNMENT = 64
/**
 * Bytes that there are behind the last part: kernels may read up to the end of a vector, and attention in integers V eight numbers at
 * a time, beginning with the last one. They ignore what is no part of it.
 */
const SLACK = 64

interface Span {
  start: number
  end: number
}

export class ModuleMemory {
  readonly memory: WebAssembly.Memory
  /** Free parts below the top, by address, no two adjacent. */
  #free: Span[] = []
  readonly #sizes = new Map<number, number>()
  #top = ZEROS_BYTES

  constructor(shared: boolean) {
    try {
      this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared })
    } catch (cause) {
      throw outOfMemory(PAGE, cause)
    }
  }

  /** Returns an address with room for `bytes` bytes, a multiple of 64. The contents are undefined. */
  allocate(bytes: number): number {
    const size = Math.max(Math.ceil(bytes / ALIGNMENT), 1) * ALIGNMENT
    const index = this.#free.findIndex(({ start, end }) => end - start >= size)
    const hole = this.#free[index]
    let address = this.#top
    if (hole) {
      address = hole.start
      hole.start += size
      if (hole.start === hole.end) this.#free.splice(index, 1)
    } else {
      // A hole that touches the top is the first part of the new one.
      const last = this.#free.at(-1)
      if (last?.end === this.#top) {
        address = last.start
        this.#free.pop()
      }
      this.#grow(address + size + SLACK)
      this.#top = address + size
    }
    this.#sizes.set(address, size)
    return address
  }

  release(address: number): void {
    const size = this.#sizes.get(address)
    if (size === undefined) return
    this.#sizes.delete(address)
    const next = this.#free.findIndex(({ start }) => start > address)
    const index = next < 0 ? this.#free.length : next
    this.#free.splice(index, 0, { start: address, end: address + size })
    this.#join(index)
    this.#join(index - 1)
  }

  #join(index: number): void {
    const [left, right] = [this.#free[index], this.#free[index + 1]]
    if (!left || left.end !== right?.start) return
    left.end = right.end
    this.#free.splice(index + 1, 1)
  }

  #grow(bytes: number): void {
    const pages = Math.ceil(bytes / PAGE) - this.memory.buffer.byteLength / PAGE
    if (pages <= 0) return
    try {
      this.memory.grow(pages)
    } catch (cause) {
      throw outOfMemory(bytes, cause)
    }
  }

  // Views do not survive growth, so each use makes a new one.
  int8(address: number, length: number): Int8Array {
    return new Int8Array(this.memory.buffer, address, length)
  }
  uint16(address: number, length: number): Uint16Array {
    return new Uint16Array(this.memory.buffer, address, length)
  }
  int32(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length)
  }
  float32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length)
  }
}
