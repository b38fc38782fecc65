/**
 * The two spellings of BERT. DistilBERT (Sanh 2019) is BERT with half of the layers, without token types and without the pooler:
 * the same arithmetic, with other names in config.json and other keys in the file. So a table of names is all that it takes.
 * In the place of its token types stands a table of zeros: x + 0 is x, to the bit.
 */

export type ModelType = 'bert' | 'distilbert'

/** The keys of config.json that have another name in another family. */
type SizeKey = 'hidden_size' | 'num_hidden_layers' | 'num_attention_heads' | 'intermediate_size' | 'hidden_act'

export interface Family {
  readonly modelType: ModelType
  /** The class of transformers, as `architectures` names it. */
  readonly architecture: string
  /** Before every key but the classifier's. */
  readonly prefix: string
  /** How keys of the encoder begin if a model was saved without its head. */
  readonly parts: readonly string[]
  /** Names in config.json. */
  readonly sizes: Readonly<Record<SizeKey, string>>
  readonly hasTokenTypes: boolean
  /** Parts of keys, and BERT's words for them; in an order in which each is replaced at most once, in both directions. */
  readonly words: readonly (readonly [own: string, bert: string])[]
}

const BERT: Family = {
  modelType: 'bert',
  architecture: 'BertForTokenClassification',
  prefix: 'bert.',
  parts: ['embeddings.', 'encoder.', 'pooler.'],
  sizes: {
    hidden_size: 'hidden_size',
    num_hidden_layers: 'num_hidden_layers',
    num_attention_heads: 'num_attention_heads',
    intermediate_size: 'intermediate_size',
    hidden_act: 'hidden_act',
  },
  hasTokenTypes: true,
  words: [],
}

const DISTILBERT: Family = {
  modelType: 'distilbert',
  architecture: 'DistilBertForTokenClassification',
  prefix: 'distilbert.',
  parts: ['embeddings.', 'transformer.'],
  sizes: {
    hidden_size: 'dim',
    num_hidden_layers: 'n_layers',
    num_attention_heads: 'n_heads',
    intermediate_size: 'hidden_dim',
    hidden_act: 'activation',
  },
  hasTokenTypes: false,
  words: [
    ['distilbert.transformer.', 'bert.encoder.'],
    ['distilbert.', 'bert.'],
    ['.attention.q_lin.', '.attention.self.query.'],
    ['.attention.k_lin.', '.attention.self.key.'],
    ['.attention.v_lin.', '.attention.self.value.'],
    ['.attention.out_lin.', '.attention.output.dense.'],
    ['.sa_layer_norm.', '.attention.output.LayerNorm.'],
    ['.ffn.lin1.', '.intermediate.dense.'],
    ['.ffn.lin2.', '.output.dense.'],
    ['.output_layer_norm.', '.output.LayerNorm.'],
  ],
}

export const FAMILIES: Readonly<Record<ModelType, Family>> = { bert: BERT, distilbert: DISTILBERT }

/** The table that says whether a token belongs to the first or the second text. */
export const TOKEN_TYPES = 'bert.embeddings.token_type_embeddings.weight'

/** A family's key → BERT's. */
export function toBert({ words }: Family, key: string): string {
  return words.reduce((name, [own, bert]) => replaceOnce(name, own, bert), key)
}

/** BERT's key → the family's. */
export function fromBert({ words }: Family, key: string): string {
  return words.reduce((name, [own, bert]) => replaceOnce(name, bert, own), key)
}

/** A prefix (without a dot before it) is replaced at the start alone. */
function replaceOnce(text: string, from: string, to: string): string {
  if (!from.startsWith('.')) return text.startsWith(from) ? to + text.slice(from.length) : text
  return text.replace(from, () => to)
}
