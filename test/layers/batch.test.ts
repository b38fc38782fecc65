import { describe, expect, test } from '@jest/globals'
import { checkBatch, packBatch } from '../../dist/layers/batch.js'
import { parseConfig } from '../../dist/layers/config.js'
import { randomModel } from '../helpers/random-model.js'

const config = parseConfig(randomModel({ vocab: 100, positions: 16, types: 2 })['config.json'])

test('sequences are laid back to back, and positions start again with each', () => {
  const { ids, typeIds, positions, starts } = packBatch([
    { ids: [7, 8, 9], typeIds: [0, 1, 0] },
    { ids: [5], typeIds: [1] },
    { ids: [3, 4], typeIds: [0, 0] },
  ])
  expect([...ids]).toEqual([7, 8, 9, 5, 3, 4])
  expect([...typeIds]).toEqual([0, 1, 0, 1, 0, 0])
  expect([...positions]).toEqual([0, 1, 2, 0, 0, 1])
  expect([...starts]).toEqual([0, 3, 4, 6])
})

test('no sequence at all is a batch too', () => {
  expect([...packBatch([]).starts]).toEqual([0])
  expect(() => {
    checkBatch(packBatch([]), config)
  }).not.toThrow()
})

describe('OPTION_BATCH', () => {
  const good = packBatch([{ ids: [1, 2, 3], typeIds: [0, 0, 1] }])
  test.each([
    ['an id that the vocabulary does not have', { ids: Int32Array.of(1, 100, 3) }, 'ids[1]'],
    ['a negative id', { ids: Int32Array.of(1, 2, -1) }, 'ids[2]'],
    ['a token type that the table does not have', { typeIds: Int32Array.of(2, 0, 0) }, 'typeIds[0]'],
    ['a sequence longer than the positions', { positions: Int32Array.of(14, 15, 16) }, 'positions[2]'],
    ['an empty sequence', { starts: Int32Array.of(0, 0, 3) }, 'sequence 0'],
    ['starts that go backwards', { starts: Int32Array.of(0, 2, 1, 3) }, 'sequence 1'],
    ['starts that end early', { starts: Int32Array.of(0, 2) }, 'starts'],
    ['no starts', { starts: new Int32Array() }, 'starts'],
    ['too few positions', { positions: Int32Array.of(0) }, 'positions'],
    ['too few token types', { typeIds: Int32Array.of(0) }, 'typeIds'],
  ])('%s', (_, change, subject) => {
    expect(() => {
      checkBatch({ ...good, ...change }, config)
    }).toThrow(expect.objectContaining({ code: 'OPTION_BATCH', subject: `batch, ${subject}` }))
  })

  test.each([
    ['lists of unequal length', { ids: [1, 2], typeIds: [0] }, 'typeIds of sequence 1'],
    ['no token types', { ids: [1, 2] }, 'typeIds of sequence 1'],
    ['no ids', {}, 'ids of sequence 1'],
    ['a fraction, which an Int32Array would cut', { ids: [1, 2.5], typeIds: [0, 0] }, 'ids of sequence 1, [1]'],
    ['a number that it would wrap', { ids: [2 ** 32 + 1], typeIds: [0] }, 'ids of sequence 1, [0]'],
    ['NaN, which it would make 0', { ids: [1], typeIds: [NaN] }, 'typeIds of sequence 1, [0]'],
    ['a bigint', { ids: [1n], typeIds: [0] }, 'ids of sequence 1, [0]'],
  ])('packing %s', (_, sequence, subject) => {
    expect(() => packBatch([{ ids: [1], typeIds: [0] }, sequence as never])).toThrow(
      expect.objectContaining({ code: 'OPTION_BATCH', subject: `batch, ${subject}` }),
    )
  })

  test.each([
    ['nothing', undefined, 'ids'],
    ['plain lists', { ...good, starts: [0, 3] }, 'starts'],
    ['another type of numbers', { ...good, positions: new Float32Array(3) }, 'positions'],
  ])('%s for a batch', (_, batch, subject) => {
    expect(() => {
      checkBatch(batch as never, config)
    }).toThrow(expect.objectContaining({ code: 'OPTION_BATCH', subject: `batch, ${subject}` }))
  })
})
