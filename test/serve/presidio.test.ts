/** Presidio's routes: its anonymizer as the oracle, and the requests of LiteLLM replayed. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, jest, test } from '@jest/globals'
import { ask, handlerWith, ner } from './service.ts'

jest.setTimeout(60_000)
afterAll(() => ner.dispose())

const handler = handlerWith()

interface Case {
  readonly request: unknown
  readonly answer: { readonly refused?: true }
}

test("the anonymizer's answers are Presidio's: test/reference/presidio_fixture.py", async () => {
  const cases = JSON.parse(gunzipSync(readFileSync('test/fixtures/presidio.json.gz')).toString()) as Case[]
  expect(cases.length).toBeGreaterThan(400)
  for (const { request, answer } of cases) {
    const { status, body } = await ask(handler, '/anonymize', request)
    if (answer.refused) expect({ request, status }).toEqual({ request, status: 422 })
    else expect({ request, body }).toEqual({ request, body: answer })
  }
})

test('a hash without a salt is another one each time', async () => {
  const result = { start: 0, end: 3, score: 1, entity_type: 'PERSON' }
  const request = { text: 'Ada', analyzer_results: [result], anonymizers: { DEFAULT: { type: 'hash' } } }
  const [one, two] = await Promise.all([ask(handler, '/anonymize', request), ask(handler, '/anonymize', request)])
  expect((one.body as { text: string }).text).toMatch(/^[0-9a-f]{64}$/)
  expect(one.body).not.toEqual(two.body)
})

test('LiteLLM: analyze, then anonymize what came back (litellm 1.110.2, guardrail_hooks/presidio.py)', async () => {
  const text = '😀 Angela Merkel (bookings@example.org) met Tim Cook in Berlin.'
  const init = { headers: { 'Content-Type': 'application/json', Accept: 'application/json' } }
  const analyze = { text, language: 'en', entities: ['PERSON', 'EMAIL_ADDRESS'] }
  const analyzed = await ask(handler, '/analyze', analyze, init)
  expect(analyzed.headers.get('content-type')).toContain('application/json')
  expect(analyzed.body).toMatchObject([
    { entity_type: 'PERSON', start: 2, end: 15, analysis_explanation: null },
    { entity_type: 'EMAIL_ADDRESS', start: 17, end: 37, score: 1 },
    { entity_type: 'PERSON', start: 43, end: 51 },
  ])
  const anonymized = await ask(handler, '/anonymize', { text, analyzer_results: analyzed.body }, init)
  expect(anonymized.body).toMatchObject({
    text: '😀 <PERSON> (<EMAIL_ADDRESS>) met <PERSON> in Berlin.',
    items: [{ entity_type: 'PERSON', operator: 'replace', text: '<PERSON>' }, {}, {}],
  })
})

test('all types but NRP without entities; lists; thresholds; nothing is left out in silence', async () => {
  const text = 'The German Angela Merkel met Tim Cook at Intel in Berlin.'
  const types = async (more: object) =>
    ((await ask(handler, '/analyze', { text, language: 'en', ...more })).body as { entity_type: string }[]).map(
      ({ entity_type }) => entity_type,
    )
  expect(await types({})).toEqual(['PERSON', 'PERSON', 'ORGANIZATION', 'LOCATION'])
  expect(await types({ entities: [] })).toEqual(['PERSON', 'PERSON', 'ORGANIZATION', 'LOCATION'])
  expect(await types({ entities: ['NRP'] })).toEqual(['NRP'])
  expect(await types({ score_threshold: 1 })).toEqual([])
  const lists = await ask(handler, '/analyze', { text: [text, ''], language: 'en' })
  expect(lists.body).toMatchObject([[{}, {}, {}, {}], []])
  const refused = [
    [{ language: 'de' }, 'SERVE_LANGUAGE', 422],
    [{ entities: ['PERSON', 'US_PASSPORT'] }, 'SERVE_ENTITIES', 422],
    [{ ad_hoc_recognizers: [{}] }, 'SERVE_UNSUPPORTED', 422],
    [{ score_threshold: 'high' }, 'OPTION_VALUE', 400],
    [{ text: 5 }, 'OPTION_VALUE', 400],
  ] as const
  for (const [more, code, status] of refused) {
    expect(await ask(handler, '/analyze', { text, language: 'en', ...more })).toMatchObject({ status, body: { code } })
  }
  expect((await ask(handler, '/analyze', { text })).status).toBe(422)
})
