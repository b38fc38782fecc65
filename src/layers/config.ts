/**
 * config.json → {@link BertConfig}. Known keys are picked one by one, each within bounds, and whatever would change the
 * arithmetic in a way that is not implemented here is refused: a model that loads is a model that computes what its
 * authors trained.
 */
import { ConfigError } from '../errors.ts'
import { readFile, type ModelSource } from '../source/source.ts'

/** The shape of one BERT. Names are those of config.json, in camel case. */
export interface BertConfig {
  readonly vocabSize: number // V
  readonly hiddenSize: number // C
  readonly numHiddenLayers: number
  readonly numAttentionHeads: number // H, divides C
  readonly intermediateSize: number // F
  readonly maxPositionEmbeddings: number // longest sequence, special tokens included
  readonly typeVocabSize: number
  readonly layerNormEps: number
  /** The name of each output, [L]: `labels[3]` is `id2label["3"]`. */
  readonly labels: readonly string[]
  /** How labels are chosen: `bert_ner` of config.json, a key of our own. */
  readonly decoding: DecodingConfig
}

/** Chosen once for a model, on held-out text. Without the key: the model's own probabilities, each token by itself. */
export interface DecodingConfig {
  /** `argmax`: each token's likeliest label. `constrained`: the likeliest sequence that the labels' scheme allows. */
  readonly decoding: 'argmax' | 'constrained'
  /** Logits are divided by it before softmax: above 1, probabilities are less sure (Guo 2017 §4.2). 0.05 … 20 */
  readonly temperature: number
  /** Added to the logit of `O` after that: above 0, fewer entities are found. −20 … 20 */
  readonly oBias: number
}

/**
 * Reads config.json of a model.
 *
 * @throws SourceError where there is no such file; {@link ConfigError} with code `CONFIG_NOT_JSON`, `CONFIG_VALUE` (missing,
 *   of the wrong type or out of bounds), `CONFIG_LABELS`, or `CONFIG_UNSUPPORTED` (a kind of model that is not implemented).
 */
export async function loadConfig(source: ModelSource): Promise<BertConfig> {
  return parseConfig(await readFile(source, 'config.json'))
}

/** {@link loadConfig} on the bytes of the file, or on its text. */
export function parseConfig(json: Uint8Array | string): BertConfig {
  const values = parseObject(json)
  refuseWhatIsNotImplemented(values)
  const config: BertConfig = {
    vocabSize: integer(values, 'vocab_size', 1, 1 << 24),
    hiddenSize: integer(values, 'hidden_size', 1, 1 << 15),
    numHiddenLayers: integer(values, 'num_hidden_layers', 1, 1024),
    numAttentionHeads: integer(values, 'num_attention_heads', 1, 1024),
    intermediateSize: integer(values, 'intermediate_size', 1, 1 << 17),
    maxPositionEmbeddings: integer(values, 'max_position_embeddings', 1, 1 << 20),
    typeVocabSize: integer(values, 'type_vocab_size', 1, 1 << 16, 2),
    layerNormEps: epsilon(values.get('layer_norm_eps')),
    labels: labelNames(values.get('id2label'), values.get('num_labels')),
    decoding: decodingConfig(values.get('bert_ner')),
  }
  if (config.hiddenSize % config.numAttentionHeads !== 0) {
    throw wrong('hidden_size', `a multiple of num_attention_heads (${config.numAttentionHeads})`, config.hiddenSize)
  }
  return config
}

/** What a checkpoint may ask for beside plain BERT, and the values that mean plain BERT. */
const IMPLEMENTED: readonly (readonly [key: string, ...values: unknown[]])[] = [
  ['model_type', 'bert'],
  // gelu_python is the same erf form of GELU, spelled out; gelu_new and gelu_pytorch_tanh are another function.
  ['hidden_act', 'gelu', 'gelu_python'],
  ['position_embedding_type', 'absolute'],
  ['is_decoder', false],
  ['is_encoder_decoder', false],
  ['add_cross_attention', false],
]

function refuseWhatIsNotImplemented(values: ReadonlyMap<string, unknown>): void {
  for (const [key, ...known] of IMPLEMENTED) {
    const value = values.get(key) ?? known[0]
    if (!known.includes(value)) throw unsupported(key, known.map(show).join(' or '), show(value))
  }
  // BertForSequenceClassification has a classifier of the same name and shape, that was trained on something else.
  const architectures = values.get('architectures') ?? ['BertForTokenClassification']
  if (!Array.isArray(architectures) || !architectures.includes('BertForTokenClassification')) {
    throw unsupported('architectures', '["BertForTokenClassification"]', show(architectures))
  }
}

function parseObject(json: Uint8Array | string): ReadonlyMap<string, unknown> {
  let value: unknown
  try {
    const text = typeof json === 'string' ? json : new TextDecoder('utf-8', { fatal: true }).decode(json)
    value = JSON.parse(text)
  } catch (cause) {
    throw notAnObject(cause instanceof Error ? cause.message : 'something else', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnObject(show(value))
  return new Map(Object.entries(value))
}

function integer(
  values: ReadonlyMap<string, unknown>,
  key: string,
  min: number,
  max: number,
  missing?: number,
): number {
  const value = values.get(key) ?? missing
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw wrong(key, `an integer from ${min} to ${max}`, value)
  }
  return value
}

/** BERT's own value is 1e-12: so small that it only keeps 0/0 away. */
function epsilon(value: unknown = 1e-12): number {
  if (typeof value !== 'number' || !(value > 0 && value < 1)) {
    throw wrong('layer_norm_eps', 'a number above 0 and below 1', value)
  }
  return value
}

const DECODINGS: readonly unknown[] = ['argmax', 'constrained'] satisfies DecodingConfig['decoding'][]

function decodingConfig(value: unknown = {}): DecodingConfig {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('bert_ner', 'an object', value)
  const values = new Map<string, unknown>(Object.entries(value))
  const decoding = values.get('decoding') ?? 'argmax'
  if (!DECODINGS.includes(decoding)) throw wrong('bert_ner.decoding', `one of ${DECODINGS.join(', ')}`, decoding)
  const number = (key: string, min: number, max: number, otherwise: number): number => {
    const found = values.get(key) ?? otherwise
    if (typeof found !== 'number' || !(found >= min && found <= max)) {
      throw wrong(`bert_ner.${key}`, `a number from ${min} to ${max}`, found)
    }
    return found
  }
  return {
    decoding: decoding as DecodingConfig['decoding'],
    temperature: number('temperature', 0.05, 20, 1),
    oBias: number('o_bias', -20, 20, 0),
  }
}

const MAX_LABELS = 1 << 16

/** id2label maps "0" … "L−1" to names. Without it, transformers calls them LABEL_0 …, num_labels many (2 by default). */
function labelNames(id2label: unknown, numLabels: unknown = 2): string[] {
  if (id2label === undefined || id2label === null) {
    if (typeof numLabels !== 'number' || !Number.isInteger(numLabels) || numLabels < 1 || numLabels > MAX_LABELS) {
      throw wrong('num_labels', `an integer from 1 to ${MAX_LABELS}`, numLabels)
    }
    return Array.from({ length: numLabels }, (_, id) => `LABEL_${id}`)
  }
  if (typeof id2label !== 'object' || Array.isArray(id2label)) throw wrongLabels(show(id2label))
  const byId = new Map<string, unknown>(Object.entries(id2label))
  if (byId.size < 1 || byId.size > MAX_LABELS) throw wrongLabels(`${byId.size} entries`)
  return Array.from({ length: byId.size }, (_, id) => {
    const name = byId.get(String(id))
    if (typeof name !== 'string') throw wrongLabels(`${show(name)} under "${id}", with ${byId.size} entries in all`)
    return name
  })
}

function wrong(key: string, expected: string, found: unknown): ConfigError {
  return new ConfigError({
    code: 'CONFIG_VALUE',
    subject: `config.json, ${key}`,
    expected,
    found: show(found),
    nextStep: 'Take config.json from the same place as the weights: it must describe them.',
  })
}

function wrongLabels(found: string): ConfigError {
  return new ConfigError({
    code: 'CONFIG_LABELS',
    subject: 'config.json, id2label',
    expected: `a name for each of "0", "1", … without a gap, at most ${MAX_LABELS}`,
    found,
    nextStep: 'Write id2label as {"0": "O", "1": "B-PER", …}, one entry for each row of classifier.weight.',
  })
}

function unsupported(key: string, expected: string, found: string): ConfigError {
  return new ConfigError({
    code: 'CONFIG_UNSUPPORTED',
    subject: `config.json, ${key}`,
    expected,
    found,
    nextStep: 'Only BERT encoders with a token classification head are implemented: choose a model of that kind.',
  })
}

function notAnObject(found: string, cause?: unknown): ConfigError {
  return new ConfigError({
    code: 'CONFIG_NOT_JSON',
    subject: 'config.json',
    expected: 'one JSON object in UTF-8',
    found,
    nextStep: 'Fetch the file again: it is damaged, or is no config.json.',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** A value as JSON, short enough for a message. */
function show(value: unknown): string {
  const json = value === undefined ? 'nothing' : JSON.stringify(value)
  return json.length > 80 ? `${json.slice(0, 77)}…` : json
}
