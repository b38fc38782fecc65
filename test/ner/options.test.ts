import { describe, expect, test } from '@jest/globals'
import { checkCallOptions, checkPipelineOptions } from '../../dist/ner/options.js'

describe('options of a call', () => {
  test('have the defaults of the reference', () => {
    expect(checkCallOptions({}, {})).toEqual({
      aggregation_strategy: 'none',
      ignore_labels: new Set(['O']),
      is_split_into_words: false,
      delimiter: ' ',
      top_k: 0,
      threshold: 0,
      offsetUnit: 'utf16',
    })
  })

  test('come before those of the pipeline; undefined counts as left out', () => {
    const checked = checkCallOptions({ aggregation_strategy: 'max', top_k: 2 }, { aggregation_strategy: undefined, top_k: 3 } as never) // prettier-ignore
    expect(checked).toMatchObject({ aggregation_strategy: 'max', top_k: 3 })
  })

  test.each([
    ['aggregation_strategy', 'FIRST'],
    ['ignore_labels', 'O'],
    ['ignore_labels', [1]],
    ['stride', -1],
    ['stride', 1.5],
    ['stride', '8'],
    ['is_split_into_words', 1],
    ['delimiter', 3],
    ['batch_size', 0],
    ['top_k', Infinity],
    ['threshold', 1.1],
    ['threshold', NaN],
    ['threshold', null],
    ['signal', true],
    ['signal', { aborted: false }],
    ['offsetUnit', 'bytes'],
    ['delimiter', '\t'], // without is_split_into_words
  ])('%s: %p is refused', (name, value) => {
    expect(() => checkCallOptions({}, { [name]: value })).toThrow(
      expect.objectContaining({ code: 'OPTION_VALUE', subject: name, name: 'OptionError' }),
    )
  })

  test('a misspelt name is refused with the names there are', () => {
    expect(() => checkCallOptions({}, { agregation: 'first' } as never)).toThrow(
      expect.objectContaining({ code: 'OPTION_UNKNOWN', expected: expect.stringContaining('aggregation_strategy') }),
    )
    for (const options of [null, [], 'simple', 3]) {
      expect(() => checkCallOptions({}, options as never)).toThrow(expect.objectContaining({ code: 'OPTION_VALUE' }))
    }
  })
})

describe('options of a pipeline', () => {
  test('are parted into those for loading, those for the hub, and the defaults of calls', () => {
    expect(checkPipelineOptions({ backend: 'naive', turbo: false, top_k: 2, revision: 'v1', token: false })).toEqual({
      load: { backend: 'naive', turbo: false },
      hub: { revision: 'v1', token: false },
      call: { top_k: 2 },
    })
    expect(checkPipelineOptions({})).toEqual({ load: {}, hub: {}, call: {} })
  })

  test.each([
    [{ progress_callback: 'log' }, 'OPTION_VALUE'],
    [{ signal: new AbortController().signal }, 'OPTION_UNKNOWN'],
    [{ quantized: true }, 'OPTION_UNKNOWN'],
    [{ token: true }, 'OPTION_VALUE'],
    [{ fetch: 'x' }, 'OPTION_VALUE'],
    [{ cache_dir: '' }, 'OPTION_VALUE'],
  ])('%o is refused', (options, code) => {
    expect(() => checkPipelineOptions(options as never)).toThrow(expect.objectContaining({ code }))
  })
})
