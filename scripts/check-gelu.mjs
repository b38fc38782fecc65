/**
 * Compares the SIMD kernels' GELU with float64, for every float32 of both signs from 2⁻¹² to 8. These are 252 million
 * numbers, and take a minute or so. `node scripts/check-gelu.mjs [module]`, after a build. It prints the largest error, and
 * fails if it exceeds the bound that docs/kernels.md states.
 */
import { readFile } from 'node:fs/promises'
import { gelu } from '../dist/kernels/naive/gelu.js'

const BOUND = 2e-6
const CHUNK = 1 << 20
const file = process.argv[2] ?? new URL('../dist/kernels/simd/engine/simd.wasm', import.meta.url)
const memory = new WebAssembly.Memory({ initial: (4 * CHUNK) / 65536, maximum: 32768 })
const module = await WebAssembly.compile(await readFile(file))
const { exports } = await WebAssembly.instantiate(module, { env: { memory } })

/** Φ by Taylor's formula around the nearest of 2049 points; naive sums a series at these. Error below 1e-15. */
const STEP = 1 / 256
const nodes = Float64Array.from({ length: 8 / STEP + 2 }, (_, i) => (i === 0 ? 0.5 : gelu(i * STEP) / (i * STEP)))
function phi(x) {
  const i = Math.round(x / STEP)
  const a = i * STEP
  const h = x - a
  const density = Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI)
  // Derivatives of the density: Hermite polynomials.
  const sum =
    1 - (h / 2) * (a - (h / 3) * (a * a - 1 - (h / 4) * (a * a * a - 3 * a - (h / 5) * (a ** 4 - 6 * a * a + 3))))
  return nodes[i] + density * h * sum
}

const [first, last] = Array.from(new Uint32Array(Float32Array.of(2 ** -12, 8).buffer))
let worst = 0
let worstAt = 0
let count = 0
for (const sign of [1, -1]) {
  for (let start = first; start <= last; start += CHUNK) {
    const length = Math.min(CHUNK, last - start + 1)
    const bits = new Uint32Array(memory.buffer, 0, CHUNK)
    for (let i = 0; i < length; i++) bits[i] = (start + i) | (sign < 0 ? 0x80000000 : 0)
    const x = new Float32Array(memory.buffer, 0, CHUNK).slice(0, length)
    exports.gelu(0, CHUNK)
    const y = new Float32Array(memory.buffer, 0, CHUNK)
    for (let i = 0; i < length; i++) {
      const magnitude = Math.abs(x[i])
      const expected = sign > 0 ? magnitude * phi(magnitude) : -magnitude * (1 - phi(magnitude))
      const error = Math.abs(y[i] - expected)
      if (!(error <= worst)) {
        worst = error
        worstAt = x[i]
      }
    }
    count += length
  }
}
console.log(`${count} numbers, largest error ${worst.toExponential(2)} at ${worstAt} (bound ${BOUND})`)
if (!(worst < BOUND)) process.exitCode = 1
