/**
 * config.json → {@link BertConfig}. Known keys are picked one by one, each within bounds. A value that would change the
 * arithmetic in a way that is not implemented here is refused, so a model that loads computes what its authors trained.
 */
import { ConfigError } from '../errors.ts'
import { hasControls } from '../escape.ts'
import { readJson, type JsonErrors, type JsonObject } from '../json/object.ts'
import { explainMissing, readFile, type ModelSource } from '../source/source.ts'
import { codeOf, show } from '../values.ts'
import { FAMILIES, type Family, type ModelType } from './family.ts'

/** The shape of one BERT. Names are those of BERT's config.json, in camel case. */
export interface BertConfig {
  /** Whose names the file uses; the arithmetic is the same. */
  readonly modelType: ModelType
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
 * @throws SourceError if there is no such file; {@link ConfigError} with code `CONFIG_NOT_JSON`, `CONFIG_VALUE` (missing,
 *   of the wrong type or out of bounds), `CONFIG_LABELS`, or `CONFIG_UNSUPPORTED` (a kind of model that is not implemented).
 */
export async function loadConfig(source: ModelSource): Promise<BertConfig> {
  const bytes = await readFile(source, 'config.json', MOST_BYTES).catch(async (error: unknown) => {
    throw codeOf(error) === 'SOURCE_FILE_MISSING' ? await explainMissing(source, error as Error) : error
  })
  return parseConfig(bytes)
}

/** Bytes of config.json, at most. Published ones have some kilobytes, or a megabyte of labels. */
const MOST_BYTES = 2 ** 24

/** {@link loadConfig} on the bytes of the file, or on its text. */
export function parseConfig(json: Uint8Array | string): BertConfig {
  const values = readJson(json, 'config.json', ERRORS)
  const family = familyOf(values)
  const { sizes } = family
  refuseUnsupported(values, family)
  const config: BertConfig = {
    modelType: family.modelType,
    vocabSize: integer(values, 'vocab_size', 1 << 24),
    hiddenSize: integer(values, sizes.hidden_size, 1 << 15),
    numHiddenLayers: integer(values, sizes.num_hidden_layers, 1024),
    numAttentionHeads: integer(values, sizes.num_attention_heads, 1024),
    intermediateSize: integer(values, sizes.intermediate_size, 1 << 17),
    maxPositionEmbeddings: integer(values, 'max_position_embeddings', 1 << 20),
    // A family without token types has BERT's two, of zeros: tokenizers give both to a pair of texts.
    typeVocabSize: family.hasTokenTypes ? integer(values, 'type_vocab_size', 1 << 16, 2) : 2,
    layerNormEps: family.hasTokenTypes ? epsilon(values) : EPSILON,
    labels: labelNames(values),
    decoding: decodingConfig(values),
  }
  if (config.hiddenSize % config.numAttentionHeads !== 0) {
    throw values.wrong(
      sizes.hidden_size,
      `a multiple of ${sizes.num_attention_heads} (${config.numAttentionHeads})`,
      config.hiddenSize,
    )
  }
  return config
}

function familyOf(values: JsonObject): Family {
  const family = FAMILY_LIST.find(({ modelType }) => modelType === (values.get('model_type') ?? 'bert'))
  if (family) return family
  throw unsupported(values.at('model_type'), 'bert or distilbert', values.get('model_type'))
}

const FAMILY_LIST = Object.values(FAMILIES)

/** Keys that can make a checkpoint something other than plain BERT, and the values that mean plain BERT. */
const IMPLEMENTED: readonly (readonly [key: string, ...values: unknown[]])[] = [
  // gelu_python is the same erf form of GELU, spelled out; gelu_new and gelu_pytorch_tanh are another function.
  ['hidden_act', 'gelu', 'gelu_python'],
  ['position_embedding_type', 'absolute'],
  ['is_decoder', false],
  ['is_encoder_decoder', false],
  ['add_cross_attention', false],
]

function refuseUnsupported(values: JsonObject, { sizes, architecture }: Family): void {
  for (const [name, ...known] of IMPLEMENTED) {
    const key = name === 'hidden_act' ? sizes.hidden_act : name
    const value = values.get(key) ?? known[0]
    if (!known.includes(value)) throw unsupported(values.at(key), known.map(show).join(' or '), value)
  }
  // BertForSequenceClassification has a classifier of the same name and shape, that was trained on something else.
  const architectures = values.get('architectures') ?? [architecture]
  if (!Array.isArray(architectures) || !architectures.includes(architecture)) {
    throw unsupported(values.at('architectures'), `["${architecture}"]`, architectures)
  }
}

/** A size: 1 … max. */
function integer(values: JsonObject, key: string, max: number, otherwise?: number): number {
  const value = values.get(key) ?? otherwise
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
    throw values.wrong(key, `an integer from 1 to ${max}`, value)
  }
  return value
}

/** BERT's own value: so small that it only keeps 0/0 away. DistilBERT has no other. */
const EPSILON = 1e-12

function epsilon(values: JsonObject): number {
  const key = 'layer_norm_eps'
  const value = values.get(key) === undefined ? EPSILON : values.get(key)
  if (typeof value !== 'number' || !(value > 0 && value < 1)) {
    throw values.wrong(key, 'a number above 0 and below 1', value)
  }
  return value
}

const DECODINGS: readonly unknown[] = ['argmax', 'constrained'] satisfies DecodingConfig['decoding'][]

function decodingConfig(values: JsonObject): DecodingConfig {
  const given = values.has('bert_ner') ? values.object('bert_ner') : values.inner({}, 'bert_ner')
  const decoding = given.get('decoding') ?? 'argmax'
  if (!DECODINGS.includes(decoding)) throw given.wrong('decoding', `one of ${DECODINGS.join(', ')}`, decoding)
  const number = (key: string, min: number, max: number, otherwise: number): number => {
    const found = given.get(key) ?? otherwise
    if (typeof found === 'number' && found >= min && found <= max) return found
    throw given.wrong(key, `a number from ${min} to ${max}`, found)
  }
  return {
    decoding: decoding as DecodingConfig['decoding'],
    temperature: number('temperature', 0.05, 20, 1),
    oBias: number('o_bias', -20, 20, 0),
  }
}

const MAX_LABELS = 1 << 16

/** id2label maps "0" … "L−1" to names. Without it, transformers calls them LABEL_0 …, num_labels many (2 by default). */
function labelNames(values: JsonObject): string[] {
  if (!values.has('id2label')) {
    return Array.from({ length: integer(values, 'num_labels', MAX_LABELS, 2) }, (_, id) => `LABEL_${id}`)
  }
  const value = values.get('id2label')
  if (typeof value !== 'object' || Array.isArray(value)) throw wrongLabels(show(value))
  const id2label = values.object('id2label')
  const count = id2label.entries().length
  if (count < 1 || count > MAX_LABELS) throw wrongLabels(`${count} entries`)
  return Array.from({ length: count }, (_, id) => {
    const name = id2label.get(String(id))
    if (typeof name !== 'string') throw wrongLabels(`${show(name)} under "${id}", with ${count} entries in all`)
    // A label is printed beside every entity: one with a line break or an escape sequence would forge what stands there.
    if (hasControls(name)) throw wrongLabels(`a control character in ${show(name)} under "${id}"`)
    return name
  })
}

const ERRORS: JsonErrors = {
  wrongValue: (subject, expected, found) =>
    subject === 'config.json'
      ? notAnObject(show(found))
      : new ConfigError({
          code: 'CONFIG_VALUE',
          subject,
          expected,
          found: show(found),
          nextStep: 'Take config.json from the same place as the weights: it must describe them.',
        }),
  notJson: (_, found, cause) => notAnObject(found, cause),
  notUtf8: (_, found, cause) => notAnObject(found, cause),
}

function wrongLabels(found: string): ConfigError {
  return new ConfigError({
    code: 'CONFIG_LABELS',
    subject: 'config.json: id2label',
    expected: `a name for each of "0", "1", … without a gap, at most ${MAX_LABELS}`,
    found,
    nextStep: 'Write id2label as {"0": "O", "1": "B-PER", …}, one entry for each row of classifier.weight.',
  })
}

function unsupported(subject: string, expected: string, found: unknown): ConfigError {
  return new ConfigError({
    code: 'CONFIG_UNSUPPORTED',
    subject,
    expected,
    found: show(found),
    nextStep: 'Choose a BERT or a DistilBERT with a token classification head.',
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
