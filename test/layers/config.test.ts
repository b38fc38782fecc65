import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseConfig } from '../../dist/layers/config.js'

const PLAIN = {
  architectures: ['BertForTokenClassification'],
  model_type: 'bert',
  hidden_act: 'gelu',
  hidden_size: 48,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 96,
  vocab_size: 100,
  max_position_embeddings: 64,
  type_vocab_size: 5,
  layer_norm_eps: 1e-12,
  id2label: { 0: 'O', 1: 'B-PER', 2: 'I-PER' },
}
const codeOf = (json: Uint8Array | string): unknown => {
  try {
    parseConfig(json)
    return 'none'
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}
const withKeys = (keys: Record<string, unknown>) => JSON.stringify({ ...PLAIN, ...keys })

test('known keys are read, the rest is left alone', () => {
  expect(parseConfig(withKeys({ torch_dtype: 'float32', pad_token_id: 0, quantization_config: {} }))).toEqual({
    decoding: { decoding: 'argmax', temperature: 1, oBias: 0 },
    modelType: 'bert',
    vocabSize: 100,
    hiddenSize: 48,
    numHiddenLayers: 3,
    numAttentionHeads: 4,
    intermediateSize: 96,
    maxPositionEmbeddings: 64,
    typeVocabSize: 5,
    layerNormEps: 1e-12,
    labels: ['O', 'B-PER', 'I-PER'],
  })
})

test("DistilBERT's names; it has neither token types nor an epsilon of its own", () => {
  const { architectures, hidden_act, hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, ...same } =
    PLAIN
  const distil = {
    ...same,
    model_type: 'distilbert',
    activation: hidden_act,
    dim: hidden_size,
    n_layers: num_hidden_layers,
    n_heads: num_attention_heads,
    hidden_dim: intermediate_size,
    layer_norm_eps: 0.5,
  }
  const expected = { ...parseConfig(withKeys({})), modelType: 'distilbert', typeVocabSize: 2 }
  expect(parseConfig(JSON.stringify(distil))).toEqual(expected)
  expect(parseConfig(JSON.stringify({ ...distil, architectures: ['DistilBertForTokenClassification'] }))).toEqual(
    expected,
  )
  for (const wrong of [{ architectures }, { activation: 'relu' }]) {
    expect(codeOf(JSON.stringify({ ...distil, ...wrong }))).toBe('CONFIG_UNSUPPORTED')
  }
  expect(codeOf(JSON.stringify({ ...distil, dim: undefined, hidden_size: 48 }))).toBe('CONFIG_VALUE')
})

test('what old files leave out has the value that transformers gives it', () => {
  const left = ['type_vocab_size', 'layer_norm_eps', 'id2label', 'architectures']
  const old = Object.fromEntries(Object.entries(PLAIN).filter(([key]) => !left.includes(key)))
  expect(parseConfig(JSON.stringify({ ...old, num_labels: 3 }))).toMatchObject({
    typeVocabSize: 2,
    layerNormEps: 1e-12,
    labels: ['LABEL_0', 'LABEL_1', 'LABEL_2'],
  })
  expect(parseConfig(JSON.stringify(old)).labels).toEqual(['LABEL_0', 'LABEL_1'])
})

test('labels are ordered by id, however the file orders them', () => {
  const labels = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [11 - i, `L${11 - i}`]))
  expect(parseConfig(withKeys({ id2label: labels })).labels).toEqual(Array.from({ length: 12 }, (_, i) => `L${i}`))
})

describe('refused', () => {
  test.each([
    ['CONFIG_UNSUPPORTED', { model_type: 'roberta' }],
    ['CONFIG_UNSUPPORTED', { hidden_act: 'relu' }],
    ['CONFIG_UNSUPPORTED', { hidden_act: 'gelu_new' }],
    ['CONFIG_UNSUPPORTED', { position_embedding_type: 'relative_key' }],
    ['CONFIG_UNSUPPORTED', { is_decoder: true }],
    ['CONFIG_UNSUPPORTED', { add_cross_attention: true }],
    ['CONFIG_UNSUPPORTED', { architectures: ['BertForSequenceClassification'] }],
    ['CONFIG_UNSUPPORTED', { architectures: 'BertForTokenClassification' }],
    ['CONFIG_VALUE', { hidden_size: undefined }],
    ['CONFIG_VALUE', { hidden_size: '48' }],
    ['CONFIG_VALUE', { hidden_size: 48.5 }],
    ['CONFIG_VALUE', { hidden_size: 0 }],
    ['CONFIG_VALUE', { hidden_size: -48 }],
    ['CONFIG_VALUE', { hidden_size: 1e12 }],
    ['CONFIG_VALUE', { num_attention_heads: 5 }],
    ['CONFIG_VALUE', { num_hidden_layers: 1e9 }],
    ['CONFIG_VALUE', { layer_norm_eps: 0 }],
    ['CONFIG_VALUE', { layer_norm_eps: null, vocab_size: null }],
    ['CONFIG_VALUE', { id2label: undefined, num_labels: 1.5 }],
    ['CONFIG_LABELS', { id2label: {} }],
    ['CONFIG_LABELS', { id2label: [] }],
    ['CONFIG_LABELS', { id2label: 'O' }],
    ['CONFIG_LABELS', { id2label: { 0: 'O', 2: 'B-PER' } }],
    ['CONFIG_LABELS', { id2label: { 0: 'O', 1: 7 } }],
    ['CONFIG_LABELS', { id2label: { '00': 'O' } }],
  ])('%s: %j', (code, keys) => {
    expect(codeOf(withKeys(keys))).toBe(code)
  })

  test.each(['', 'null', '[]', '7', '{', '{"a":1}x', '\ufeff{'])('CONFIG_NOT_JSON: %j', text => {
    expect(codeOf(text)).toBe('CONFIG_NOT_JSON')
    expect(codeOf(new TextEncoder().encode(text))).toBe('CONFIG_NOT_JSON')
  })

  test('bytes that are not UTF-8, and nesting without end', () => {
    expect(codeOf(Uint8Array.of(0xff, 0xfe, 0x7b))).toBe('CONFIG_NOT_JSON')
    expect(codeOf('['.repeat(1e6))).toBe('CONFIG_NOT_JSON')
  })
})

test('any value under any key gives a configuration or a coded error', () => {
  const key = fc.constantFrom(...Object.keys(PLAIN), '__proto__', 'constructor')
  fc.assert(
    fc.property(key, fc.jsonValue(), (name, value) => {
      const code = codeOf(`{${JSON.stringify(PLAIN).slice(1, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`)
      expect(['none', 'CONFIG_VALUE', 'CONFIG_LABELS', 'CONFIG_UNSUPPORTED']).toContain(code)
    }),
    { numRuns: 500 },
  )
})
