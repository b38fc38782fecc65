/** Tensors that PyTorch wrote: test/fixtures/NAME.safetensors.gz, by the scripts in test/reference. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { readSafetensors } from '../../dist/safetensors/reader.js'

export interface FixtureTensor {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

export function readFixture(name: string): Map<string, FixtureTensor> {
  const path = fileURLToPath(new URL(`../fixtures/${name}.safetensors.gz`, import.meta.url))
  const { tensors } = readSafetensors(Uint8Array.from(gunzipSync(readFileSync(path))))
  return new Map(
    Array.from(tensors, ([key, { dtype, shape, data }]) => {
      if (dtype !== 'F32') throw new Error(`${name}, ${key}: expected F32, found ${dtype}`)
      return [key, { shape, values: data }]
    }),
  )
}

/** The largest |a − b|; NaN and lengths that differ count as Infinity. */
export function maxDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity
  let largest = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? NaN) - (b[i] ?? NaN))
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference
  }
  return largest
}

/** A line per tensor, for the message of a failing test. */
export function table(differences: ReadonlyMap<string, number>): string {
  return Array.from(differences, ([name, value]) => `${name.padEnd(32)} ${value.toExponential(2)}`).join('\n')
}
