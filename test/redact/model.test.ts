/** Redaction with the model of the package: what comes out has no accents of names left, comes back, and stays when it is redacted again. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { pipeline, type NerPipeline } from '../../dist/node.js'
import { createRedactor } from '../../dist/redact.js'

let ner: NerPipeline
beforeAll(async () => {
  ner = await pipeline('token-classification', undefined, { threads: 1 })
})
afterAll(() => ner.dispose())

describe.each([
  ['accents in two characters', 'Jose\u0301 lives in Lodz\u0301. Zoe\u0308 too.'],
  ['mail', 'From: Ada Lovelace <ada@example.org>\nTo: Bob Smith\n\nHi Bob,\nAda Lovelace here, from New\nYork.\nAda'],
  [
    'possessives and points',
    "IBM's and Microsoft\u2019s offices in the U.S. and St. Petersburg. JOHN SMITH met John Smith's wife.",
  ],
  ['names that are words', 'Will Smith will go. May Jones may. Rose Miller rose to see Rose.'],
  ['JSON', '{"name": "Angela Merkel", "city": "Berlin"}'],
  ['Markdown', '# Angela Merkel\n\n* **Tim Cook** of [Apple](https://apple.com)\n'],
  ['tokens typed out', '[CLS] Angela Merkel [SEP] went to [MASK] Berlin.'],
])('%s', (_, text) => {
  test.each(['label', 'surrogate'] as const)('%s', async style => {
    const r = createRedactor(ner, { patterns: ['EMAIL', 'URL'], style })
    const redacted = await r.redact(text)
    expect(redacted.entities.length).toBeGreaterThan(1)
    expect(redacted.text).not.toMatch(/[\u0300-\u036f]|Merkel|Smith|Lovelace/i)
    expect(r.restore(redacted.text)).toBe(text)
    expect((await r.redact(redacted.text)).text).toBe(redacted.text)
  })
})

test('a pipeline whose defaults are others', async () => {
  const other = await pipeline('token-classification', undefined, {
    threads: 1,
    offsetUnit: 'codepoint',
    aggregation_strategy: 'simple',
  })
  const { text } = await createRedactor(other).redact('\u{1f600} Angela Merkel left Berlin.')
  await other.dispose()
  expect(text).toBe('\u{1f600} [PER_1] left [LOC_1].')
})
