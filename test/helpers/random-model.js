/**
 * A model folder in memory, with random weights that Python draws identically (test/reference/random_model.py): tests and
 * benches then need no large file. Plain JavaScript, so that a bench can import it as it is.
 *
 * Element i of the tensor named `key` is drawn from one 32-bit hash of the counter i:
 *
 *   h   = mix(i · 0x9E3779B9 + seed)               mod 2³²; seed = FNV-1a of the key, XOR the model's seed
 *   sum = h's four bytes added up − 510            −510 … 510: four uniforms, shaped like a normal distribution
 *   v   = float32(sum · float32(std / 147.80054))  standard deviation `std`, 0.02 by default
 *
 * Layer norms' weights are float32(1 + v). F16 and BF16 are v rounded to nearest, ties to even. I8 is drawn by itself:
 * max(−127, sum >> 2), with a scale of float32(float32(std / 36.953) · (1 + (row mod 8) / 8)) per row.
 */

// Under jest, globals are looked up in its sandbox at every use: a hundred times slower than a name of this module.
const { imul, max } = Math

export const BASE = { layers: 12, hidden: 768, heads: 12, intermediate: 3072, vocab: 28996, positions: 512, types: 2 }
export const MINI = { layers: 2, hidden: 64, heads: 4, intermediate: 128, vocab: 1000, positions: 512, types: 2 }
const LABELS = ['O', 'B-MISC', 'I-MISC', 'B-PER', 'I-PER', 'B-ORG', 'I-ORG', 'B-LOC', 'I-LOC']

/** The files of the model: see random-model.d.ts. */
export function randomModel(options = {}) {
  const shape = {
    ...MINI,
    labels: LABELS,
    dtype: 'F32',
    seed: 0,
    std: 0.02,
    epsilon: 1e-12,
    family: 'bert',
    ...options,
  }
  return {
    'config.json': new TextEncoder().encode(JSON.stringify(configOf(shape))),
    'model.safetensors': weightsOf(shape),
  }
}

/** `length` token ids below `vocab`, drawn from the same hash. */
export function randomIds(length, vocab, seed = 0) {
  return Array.from({ length }, (_, i) => mix(imul(i, 0x9e3779b9) + (fnv1a('ids') ^ seed)) % vocab)
}

function configOf(shape) {
  const { layers, hidden, heads, intermediate, vocab, positions, types, labels, epsilon } = shape
  if (shape.family === 'distilbert') {
    return {
      architectures: ['DistilBertForTokenClassification'],
      model_type: 'distilbert',
      activation: 'gelu',
      vocab_size: vocab,
      dim: hidden,
      n_layers: layers,
      n_heads: heads,
      hidden_dim: intermediate,
      max_position_embeddings: positions,
      sinusoidal_pos_embds: false,
      id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
      label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
    }
  }
  return {
    architectures: ['BertForTokenClassification'],
    model_type: 'bert',
    hidden_act: 'gelu',
    vocab_size: vocab,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: intermediate,
    max_position_embeddings: positions,
    type_vocab_size: types,
    layer_norm_eps: epsilon,
    id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  }
}

/** Keys in the order of the file, with shapes; matrices may be stored in int8, vectors are F32 then. */
function keysOf({ layers, hidden: C, intermediate: F, vocab, positions, types, labels, family }) {
  const linear = (name, rows, width) => [
    [`${name}.weight`, [rows, width]],
    [`${name}.bias`, [rows]],
  ]
  const norm = name => linear(name, C).map(([key]) => [key, [C]])
  const distilLayer = i => [
    ...['q', 'k', 'v', 'out'].flatMap(part => linear(`distilbert.transformer.layer.${i}.attention.${part}_lin`, C, C)),
    ...norm(`distilbert.transformer.layer.${i}.sa_layer_norm`),
    ...linear(`distilbert.transformer.layer.${i}.ffn.lin1`, F, C),
    ...linear(`distilbert.transformer.layer.${i}.ffn.lin2`, C, F),
    ...norm(`distilbert.transformer.layer.${i}.output_layer_norm`),
  ]
  if (family === 'distilbert') {
    return [
      ['distilbert.embeddings.word_embeddings.weight', [vocab, C]],
      ['distilbert.embeddings.position_embeddings.weight', [positions, C]],
      ...norm('distilbert.embeddings.LayerNorm'),
      ...Array.from({ length: layers }, (_, i) => distilLayer(i)).flat(),
      ...linear('classifier', labels.length, C),
    ]
  }
  const layer = i => [
    ...['query', 'key', 'value'].flatMap(part => linear(`bert.encoder.layer.${i}.attention.self.${part}`, C, C)),
    ...linear(`bert.encoder.layer.${i}.attention.output.dense`, C, C),
    ...norm(`bert.encoder.layer.${i}.attention.output.LayerNorm`),
    ...linear(`bert.encoder.layer.${i}.intermediate.dense`, F, C),
    ...linear(`bert.encoder.layer.${i}.output.dense`, C, F),
    ...norm(`bert.encoder.layer.${i}.output.LayerNorm`),
  ]
  return [
    ['bert.embeddings.word_embeddings.weight', [vocab, C]],
    ['bert.embeddings.position_embeddings.weight', [positions, C]],
    ['bert.embeddings.token_type_embeddings.weight', [types, C]],
    ...norm('bert.embeddings.LayerNorm'),
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    ...linear('classifier', labels.length, C),
  ]
}

const BYTES = { F32: 4, F16: 2, BF16: 2, I8: 1 }

function weightsOf(model) {
  const entries = keysOf(model).flatMap(([key, shape]) => {
    const dtype = model.dtype === 'I8' && shape.length === 1 ? 'F32' : model.dtype
    const weight = { key, shape, dtype }
    return dtype === 'I8' ? [weight, { key: `${key}_scale`, shape: [shape[0], 1], dtype: 'F32' }] : [weight]
  })
  // Wider elements first, so that every tensor is aligned to its element, as safetensors' own writer does.
  entries.sort((a, b) => BYTES[b.dtype] - BYTES[a.dtype])
  let end = 0
  const header = { __metadata__: { format: 'pt' } }
  for (const entry of entries) {
    entry.count = entry.shape.reduce((a, b) => a * b)
    const start = end
    end += entry.count * BYTES[entry.dtype]
    header[entry.key] = { dtype: entry.dtype, shape: entry.shape, data_offsets: [start, end] }
    entry.start = start
  }
  const json = JSON.stringify(header)
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8))
  const data = 8 + text.length
  const file = new Uint8Array(data + end)
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true)
  file.set(text, 8)
  for (const entry of entries) fill(entry, file.buffer, data + entry.start, model)
  return file
}

function fill({ key, shape, dtype, count }, buffer, offset, { seed, std }) {
  const base = fnv1a(key) ^ seed
  if (key.endsWith('_scale')) {
    const scales = new Float32Array(buffer, offset, count)
    for (let row = 0; row < count; row++) scales[row] = Math.fround(std / 36.953) * (1 + (row % 8) / 8)
  } else if (dtype === 'I8') {
    const values = new Int8Array(buffer, offset, count)
    for (let i = 0; i < count; i++) values[i] = max(-127, draw(i, base) >> 2)
  } else {
    // 1,021 different values: each is made once, so that a model of 108 million weights takes a second.
    const factor = Math.fround(std / 147.80054)
    const centre = /layer_?norm.*weight$/i.test(key) ? 1 : 0
    const table = Float32Array.from({ length: 1021 }, (_, sum) => centre + Math.fround((sum - 510) * factor))
    const values = dtype === 'F32' ? table : Uint16Array.from(table, dtype === 'F16' ? toF16 : toBF16)
    const out = dtype === 'F32' ? new Float32Array(buffer, offset, count) : new Uint16Array(buffer, offset, count)
    for (let i = 0; i < count; i++) out[i] = values[draw(i, base) + 510]
  }
  if (shape.length > 2) throw new Error(`${key}: more than two dimensions`)
}

/** The four bytes of one hash, added up and centred: −510 … 510 */
function draw(i, base) {
  const h = mix(imul(i, 0x9e3779b9) + base)
  return (h & 255) + ((h >>> 8) & 255) + ((h >>> 16) & 255) + (h >>> 24) - 510
}

/** Wellons' lowbias32: every bit of the result depends on every bit of h. → 0 … 2³² − 1 */
function mix(h) {
  h = imul(h ^ (h >>> 16), 0x21f0aaad)
  h = imul(h ^ (h >>> 15), 0x735a2d97)
  return (h ^ (h >>> 15)) >>> 0
}

/** 32-bit FNV-1a over the bytes of an ASCII string. */
function fnv1a(text) {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

function toBF16(value) {
  float[0] = value
  return (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16
}

/** Nearest half, ties to even. Values here are far from overflow. */
function toF16(value) {
  const magnitude = Math.abs(value)
  // One step is 2^(exponent − 10); below 2^−14 (subnormal) it is 2^−24.
  const step = magnitude < 2 ** -14 ? 2 ** -24 : 2 ** (Math.floor(Math.log2(magnitude)) - 10)
  const steps = magnitude / step
  const even = Math.round(steps / 2) * 2
  const rounded = Math.abs(steps - Math.trunc(steps)) === 0.5 ? even : Math.round(steps)
  const exponent = magnitude < 2 ** -14 ? 0 : Math.log2(step) + 10 + 15
  // A subnormal that rounds up to 2^−14, or a fraction that rounds up to 2, carries into the exponent by itself.
  const pattern = exponent === 0 ? rounded : (exponent - 1) * 1024 + rounded
  return (value < 0 ? 0x8000 : 0) | pattern
}
