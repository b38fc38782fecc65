/** Tensors read ahead of their use: the same values as one by one, in few reads, never two at once, whatever fails. */
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openCheckpoint, sourceFromBytes, writeSafetensors, type ModelSource } from '../../dist/index.js'
import { BertForTokenClassification } from '../../dist/layers/token-classifier.js'
import { ReadAhead } from '../../dist/safetensors/read-ahead.js'

/** A source over bytes as a disk is one: it fills arrays that it is given. It counts reads, and fails at the one numbered `failAt`. */
function disk(files: Record<string, Uint8Array>, failAt = Infinity) {
  const inner = sourceFromBytes(files)
  const seen = { reads: 0, running: 0, most: 0, open: 0 }
  const source: ModelSource = {
    async open(name) {
      const file = await inner.open(name)
      seen.open++
      return {
        size: file.size,
        async read(offset, length, allocate = size => new Uint8Array(size)) {
          const number = seen.reads++
          seen.most = Math.max(seen.most, ++seen.running)
          await new Promise(setImmediate)
          seen.running--
          if (number >= failAt) throw new Error(`read ${number}`)
          const bytes = allocate(length)
          bytes.set(await file.read(offset, length))
          return bytes
        },
        close() {
          expect(seen.running).toBe(0)
          seen.open--
          return Promise.resolve()
        },
      }
    },
  }
  return { source, seen }
}

test('any tensors in any order and any units: what one read each gives', async () => {
  const sizes = fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(50) }, fc.constant(1_500_000)), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(sizes, fc.infiniteStream(fc.nat()), async (lengths, numbers) => {
      const next = () => numbers.next().value as number
      const tensors = lengths.map((length, i) => {
        const data = new Uint8Array(length).fill(i + 1)
        for (let k = 0; k < length; k += 1 + (k >> 2)) data[k] = k
        return [`t${i}`, { dtype: 'U8', shape: [length], data }] as const
      })
      const { source, seen } = disk({ 'model.safetensors': writeSafetensors(tensors) })
      const file = await openCheckpoint(source)
      const names = tensors.map(([name]) => name).sort(() => (next() % 2) - 0.5)
      const units: string[][] = []
      for (const name of names) {
        if (units.length === 0 || next() % 3 === 0) units.push([])
        units.at(-1)?.push(name)
      }
      const expected = new Map<string, Uint8Array>()
      for (const name of names) expected.set(name, (await file.read(name)).data as Uint8Array)
      const reading = new ReadAhead(file, units)
      for (const unit of units) {
        const taken = await reading.take(unit)
        for (const [i, name] of unit.entries()) {
          expect(Buffer.compare(taken[i]?.data as Uint8Array, expected.get(name) ?? new Uint8Array(1))).toBe(0)
        }
      }
      await reading.end()
      await file.close()
      expect(seen.most).toBe(1)
    }),
    { numRuns: 40 },
  )
})

const weights = Object.fromEntries(
  ['config.json', 'model.safetensors'].map(name => [name, new Uint8Array(readFileSync(`weights/${name}`))]),
)

test('the default model is read in some dozen calls', async () => {
  const { source, seen } = disk(weights)
  const model = await BertForTokenClassification.load(source, { backend: 'naive' })
  await model.dispose()
  expect(seen.reads).toBeLessThan(40)
  expect(seen.open).toBe(0)
})

test.each([0, 1, 2, 3, 4, 9])('a source that fails at read %d: its own error, and every file closed', async failAt => {
  const { source, seen } = disk(weights, failAt)
  const loading = BertForTokenClassification.load(source, { threads: 1 })
  await expect(loading).rejects.toThrow(`read ${failAt}`)
  expect(seen).toMatchObject({ running: 0, open: 0 })
})

test('an option that is wrong: its error, and every file closed', async () => {
  const { source, seen } = disk(weights)
  await expect(BertForTokenClassification.load(source, { threads: 0 })).rejects.toMatchObject({
    code: 'OPTION_THREADS',
  })
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  expect(seen).toMatchObject({ running: 0, open: 0 })
})
