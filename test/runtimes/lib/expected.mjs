/** The one answer that every runtime has to give, and what else is demanded of it. */
import assert from 'node:assert/strict'

/** By transformers 5.23 with the weights of weights/: `pipeline(…, aggregation_strategy='first')`. */
export const ENTITIES = [
  ['PER', 'Angela Merkel', 0, 13],
  ['PER', 'Tim Cook', 18, 26],
  ['ORG', 'Apple', 30, 35],
  ['LOC', 'Berlin', 48, 54],
]

/** The most bytes of JavaScript, compressed, that a page loads for the pipeline and the default model, without the weights. */
export const MOST_SCRIPT = 55_000

/** Checks a measurement. Without `threads`, as many as the machine has, at most four. */
export function check(measured, { threads, backend = 'simd' } = {}) {
  assert.deepEqual(measured.entities, ENTITIES)
  assert.equal(measured.backend, backend)
  assert.equal(measured.threads, threads ?? Math.min(4, measured.cores))
  return measured
}
