import { describe, expect, test } from '@jest/globals'
import { packBatch } from '../../dist/layers/batch.js'
import { BertForTokenClassification } from '../../dist/layers/token-classifier.js'
import { sourceFromBytes } from '../../dist/source/source.js'
import { MINI, randomIds, randomModel } from '../helpers/random-model.js'

const sequence = (length: number, seed = 0) => ({
  ids: randomIds(length, MINI.vocab, seed),
  typeIds: randomIds(length, 2, seed + 1),
})

describe.each(['F32', 'F16', 'BF16', 'I8'] as const)('%s weights', dtype => {
  test('a batch gives bit for bit what its sequences give alone', async () => {
    const model = await BertForTokenClassification.load(sourceFromBytes(randomModel({ dtype, std: 0.1 })), {
      backend: 'naive',
    })
    const sequences = [5, 1, 33, 12, 2].map((length, seed) => sequence(length, seed))
    const together = await model.forward(packBatch(sequences))
    const alone = await Promise.all(sequences.map(async one => [...(await model.forward(packBatch([one]))).logits]))
    expect([...together.logits]).toEqual(alone.flat())
    await model.dispose()
    for (const batch of [packBatch(sequences), packBatch([])]) {
      await expect(model.forward(batch)).rejects.toMatchObject({ code: 'BACKEND_DISPOSED' })
    }
  })
})
