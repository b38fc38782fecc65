/**
 * The same answers as transformers' pipeline, over texts of many scripts, on small models with random weights:
 * test/reference/pipeline.py wrote them.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { pipeline, type AggregationStrategy, type CallOptions, type Entity, type NerPipeline } from '../../dist/node.js'
import { randomModel, type RandomModelOptions } from '../helpers/random-model.js'

type Row = readonly (string | number)[]

interface Case {
  text?: string
  words?: string[]
  delimiter?: string
  stride: number | null
  ignore: string[]
  /** Fields in the order of the answer; null where they are those of the case before. */
  expected: Record<AggregationStrategy, Row[]> | null
}

interface Fixture {
  /** model_max_length of the cases with a stride. */
  short: number
  vocab: string[]
  models: Record<string, { model: RandomModelOptions; tokenizer_config: object; cases: Case[] }>
}

const fixture = JSON.parse(gunzipSync(readFileSync('test/fixtures/pipeline.json.gz')).toString()) as Fixture
const STRATEGIES = ['none', 'simple', 'first', 'average', 'max'] as const

describe.each(Object.entries(fixture.models))('%s', (_, { model, tokenizer_config, cases }) => {
  const load = async (maxLength: number): Promise<NerPipeline> => {
    const files = {
      ...randomModel(model),
      'vocab.txt': Buffer.from(fixture.vocab.map(piece => `${piece}\n`).join('')),
      'tokenizer_config.json': Buffer.from(JSON.stringify({ ...tokenizer_config, model_max_length: maxLength })),
    }
    const ner = await pipeline('token-classification', files)
    computeOnce(ner.model)
    return ner
  }
  let loading: Promise<[long: NerPipeline, short: NerPipeline]> | undefined

  test.each(STRATEGIES)(
    '%s',
    async strategy => {
      loading ??= Promise.all([load(512), load(fixture.short)])
      const [long, short] = await loading
      let expected: Row[] = []
      const wrong: unknown[] = []
      for (const each of cases) {
        expected = each.expected?.[strategy] ?? expected
        const ner = each.stride === null ? long : short
        const units = offsetsIn(each)
        const found = rowsOf(await answer(ner, each, strategy))
        if (!isEqual(found, inUtf16(expected, units))) wrong.push({ ...each, expected, found })
        // Python's own offsets, for one strategy: they are counted in the same place for all.
        if (strategy === 'first') {
          expect(isEqual(rowsOf(await answer(ner, each, strategy, 'codepoint')), expected)).toBe(true)
        }
      }
      expect(wrong).toEqual([])
    },
    60_000,
  )
})

/** Every strategy asks for the same logits again. */
function computeOnce(model: NerPipeline['model']): void {
  const forward = model.forward.bind(model)
  const seen = new Map<string, ReturnType<typeof forward>>()
  model.forward = batch => {
    const key = [batch.ids, batch.typeIds, batch.starts].join('|')
    const result = seen.get(key) ?? forward(batch)
    seen.set(key, result)
    return result
  }
}

async function answer(
  ner: NerPipeline,
  { text = '', words, delimiter = ' ', stride, ignore }: Case,
  aggregation_strategy: AggregationStrategy,
  offsetUnit: 'utf16' | 'codepoint' = 'utf16',
): Promise<Entity[]> {
  const options: CallOptions = {
    aggregation_strategy,
    ignore_labels: ignore,
    offsetUnit,
    ...(stride === null ? {} : { stride }),
  }
  if (!words) return ner(text, options)
  const [entities = []] = await ner([words], { ...options, is_split_into_words: true, delimiter })
  return entities
}

function rowsOf(entities: readonly Entity[]): Row[] {
  return entities.map(entity => Object.values(entity) as Row)
}

/** Scores, which are second, within 1e-4; all else exactly. */
function isEqual(found: readonly Row[], expected: readonly Row[]): boolean {
  return (
    found.length === expected.length &&
    found.every((row, i) =>
      row.every((value, k) => {
        const other = expected[i]?.[k]
        return k === 1 ? Math.abs(Number(value) - Number(other)) < 1e-4 : value === other
      }),
    )
  )
}

/** The UTF-16 offset of each code point, and of the end. */
function offsetsIn({ text, words, delimiter }: Case): number[] {
  const units = [0]
  for (const character of text ?? words?.join(delimiter) ?? '') units.push((units.at(-1) ?? 0) + character.length)
  return units
}

/** Python's rows with the offsets that JavaScript counts: the last two fields. */
function inUtf16(rows: readonly Row[], units: readonly number[]): Row[] {
  return rows.map(row => row.map((value, k) => (k < row.length - 2 ? value : (units[Number(value)] ?? NaN))))
}

test('the fixture holds what it says: 300 texts or more, with and without stride, and entities of every label', () => {
  const cases = Object.values(fixture.models).flatMap(model => model.cases)
  expect(new Set(cases.filter(each => each.stride === null).map(each => each.text)).size).toBeGreaterThanOrEqual(300)
  expect(new Set(cases.filter(each => each.stride !== null).map(each => each.text)).size).toBeGreaterThanOrEqual(300)
  for (const { model, cases } of Object.values(fixture.models)) {
    const labels = new Set(cases.flatMap(each => each.expected?.none.map(([label]) => label) ?? []))
    expect([...labels].sort()).toEqual([...(model.labels ?? [])].sort())
  }
})
