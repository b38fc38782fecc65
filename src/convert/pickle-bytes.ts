/** The bytes of a pickle, read from the first to the last: numbers are little-endian, but for floats; texts are UTF-8. */
import { decodeUtf8 } from '../values.ts'
import { badPickle } from './errors.ts'

const LONGEST_LINE = 1000

export class PickleBytes {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #subject: string
  #at = 0

  constructor(bytes: Uint8Array, subject: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#subject = subject
  }

  /** The byte that comes next. */
  get at(): number {
    return this.#at
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1))
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  float(): number {
    return this.#view.getFloat64(this.#take(8), false)
  }

  text(length: number): string {
    const at = this.#take(length)
    return decodeUtf8(this.#bytes.subarray(at, at + length), found => this.#wrong('UTF-8', found), true)
  }

  /** Text up to a line break, which is behind us then. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at)
    if (end < 0 || end - this.#at > LONGEST_LINE) throw this.#wrong('a name', 'none that ends')
    const text = this.text(end - this.#at)
    this.#take(1)
    return text
  }

  /** A whole number of `length` bytes in two's complement. Beyond 2^53 it is rounded, and no count. */
  long(length: number): number {
    const at = this.#take(length)
    let value = 0
    for (let i = length - 1; i >= 0; i--) value = value * 256 + this.#view.getUint8(at + i)
    return length > 0 && this.#view.getUint8(at + length - 1) >= 0x80 ? value - 256 ** length : value
  }

  /** Moves on by `count` bytes, and returns where they begin. */
  #take(count: number): number {
    const at = this.#at
    if (at + count > this.#bytes.length) throw this.#wrong('more bytes', 'the end: it broke off')
    this.#at = at + count
    return at
  }

  #wrong(expected: string, found: string) {
    return badPickle(`${this.#subject}, byte ${this.#at}`, expected, found)
  }
}
