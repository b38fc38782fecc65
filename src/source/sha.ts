/**
 * SHA-256 and SHA-1 of bytes that come in pieces (FIPS 180-4), for where there is no node:crypto. SubtleCrypto wants all bytes at
 * once, which for a model's weights would be their whole size in memory. State: 8 (5) words; a block: 64 bytes, 16 words.
 */
import type { Hasher } from './hub/store.ts'

const BLOCK = 64
/** Where the length begins in the last block, which is padded up to there. */
const LENGTH_AT = BLOCK - 8

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (§4.2.2). */
const K = Int32Array.from(primes(64), prime => fraction(Math.cbrt(prime)))

/** Cuts what comes into blocks, and pads the last (§5.1): 1, zeros, and the length in bits as 64-bit number. */
abstract class Sha implements Hasher {
  readonly #rest = new Uint8Array(BLOCK)
  readonly #state: Int32Array
  #length = 0

  constructor(state: Int32Array) {
    this.#state = state
  }

  update(bytes: Uint8Array): void {
    const held = this.#length % BLOCK
    this.#length += bytes.byteLength
    let at = 0
    if (held > 0) {
      at = Math.min(BLOCK - held, bytes.byteLength)
      this.#rest.set(bytes.subarray(0, at), held)
      if (held + at < BLOCK) return
      this.compress(this.#state, this.#rest, 0, 1)
    }
    const blocks = Math.floor((bytes.byteLength - at) / BLOCK)
    this.compress(this.#state, bytes, at, blocks)
    this.#rest.set(bytes.subarray(at + blocks * BLOCK))
  }

  /** Ends the hash: nothing is added afterwards. */
  hex(): string {
    const length = this.#length
    const zeros = (LENGTH_AT - 1 - (length % BLOCK) + BLOCK) % BLOCK
    const end = new Uint8Array(1 + zeros + 8)
    end[0] = 0x80
    const view = new DataView(end.buffer)
    view.setUint32(1 + zeros, Math.floor(length / 2 ** 29))
    view.setUint32(5 + zeros, (length * 8) % 2 ** 32)
    this.update(end)
    return Array.from(this.#state, word => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** Takes `blocks` blocks of `bytes`, from the byte `at` on, into the state. */
  protected abstract compress(state: Int32Array, bytes: Uint8Array, at: number, blocks: number): void
}

export class Sha256 extends Sha {
  readonly #schedule = new Int32Array(64)

  constructor() {
    // The same of the square roots of the first 8 primes (§5.3.3).
    super(Int32Array.from(primes(8), prime => fraction(Math.sqrt(prime))))
  }

  // Plain variables, and a sum cut to 32 bits at each step: with lists and helpers it takes seven times as long.
  protected compress(state: Int32Array, bytes: Uint8Array, at: number, blocks: number): void {
    const [w, k] = [this.#schedule, K]
    let h0 = state[0]!
    let h1 = state[1]!
    let h2 = state[2]!
    let h3 = state[3]!
    let h4 = state[4]!
    let h5 = state[5]!
    let h6 = state[6]!
    let h7 = state[7]!
    for (let block = 0; block < blocks; block++, at += BLOCK) {
      readWords(w, bytes, at)
      for (let t = 16; t < 64; t++) {
        const x = w[t - 15]!
        const y = w[t - 2]!
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
        w[t] = (((s1 + w[t - 7]!) | 0) + ((s0 + w[t - 16]!) | 0)) | 0
      }
      let a = h0
      let b = h1
      let c = h2
      let d = h3
      let e = h4
      let f = h5
      let g = h6
      let h = h7
      for (let t = 0; t < 64; t++) {
        const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
        const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
        const choice = g ^ (e & (f ^ g))
        const majority = (a & b) ^ (c & (a ^ b))
        const t1 = (((((h + sum1) | 0) + choice) | 0) + ((k[t]! + w[t]!) | 0)) | 0
        h = g
        g = f
        f = e
        e = (d + t1) | 0
        d = c
        c = b
        b = a
        a = (t1 + ((sum0 + majority) | 0)) | 0
      }
      h0 = (h0 + a) | 0
      h1 = (h1 + b) | 0
      h2 = (h2 + c) | 0
      h3 = (h3 + d) | 0
      h4 = (h4 + e) | 0
      h5 = (h5 + f) | 0
      h6 = (h6 + g) | 0
      h7 = (h7 + h) | 0
    }
    state.set([h0, h1, h2, h3, h4, h5, h6, h7])
  }
}

/** git names small files by it (`blob SIZE\0` and the bytes). Nothing here trusts it against an attacker. */
export class Sha1 extends Sha {
  readonly #schedule = new Int32Array(80)

  constructor() {
    super(Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0))
  }

  protected compress(state: Int32Array, bytes: Uint8Array, at: number, blocks: number): void {
    const w = this.#schedule
    for (let block = 0; block < blocks; block++, at += BLOCK) {
      readWords(w, bytes, at)
      for (let t = 16; t < 80; t++) {
        const x = w[t - 3]! ^ w[t - 8]! ^ w[t - 14]! ^ w[t - 16]!
        w[t] = (x << 1) | (x >>> 31)
      }
      let a = state[0]!
      let b = state[1]!
      let c = state[2]!
      let d = state[3]!
      let e = state[4]!
      for (let t = 0; t < 80; t++) {
        const sum = (((a << 5) | (a >>> 27)) + mix(t, b, c, d) + e + w[t]!) | 0
        e = d
        d = c
        c = (b << 30) | (b >>> 2)
        b = a
        a = sum
      }
      state.set([state[0]! + a, state[1]! + b, state[2]! + c, state[3]! + d, state[4]! + e])
    }
  }
}

/** The function of a round and its constant (§4.1.1, §4.2.1). */
function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (((b & c) | (~b & d)) + 0x5a827999) | 0
  if (t < 40) return ((b ^ c ^ d) + 0x6ed9eba1) | 0
  if (t < 60) return (((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc) | 0
  return ((b ^ c ^ d) + 0xca62c1d6) | 0
}

/** Sixteen words, the highest byte of each first. */
function readWords(w: Int32Array, bytes: Uint8Array, at: number): void {
  for (let t = 0; t < 16; t++, at += 4) {
    w[t] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  }
}

function fraction(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0
}

function primes(count: number): number[] {
  const found: number[] = []
  for (let n = 2; found.length < count; n++) if (found.every(prime => n % prime !== 0)) found.push(n)
  return found
}
