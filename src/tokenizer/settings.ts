/**
 * Reads which tokenizer a folder's vocabulary belongs to. transformers chooses a class by name: `tokenizer_class` of
 * tokenizer_config.json, else that of config.json, else the one for the kind of model, which is BERT here.
 */
import { readJson, type JsonInput, type JsonObject } from '../json/object.ts'
import type { DeclaringFiles } from './declared.ts'
import { TOKENIZER_FILES, unsupported, wrongValue } from './errors.ts'

/** The files beside tokenizer.json or vocab.txt. Any of them may be missing. */
export interface SettingsFiles {
  /** tokenizer_config.json */
  readonly config?: JsonInput | undefined
  /** special_tokens_map.json */
  readonly specialTokensMap?: JsonInput | undefined
  /** added_tokens.json */
  readonly addedTokens?: JsonInput | undefined
  /** config.json, of which only `tokenizer_class` is read. */
  readonly modelConfig?: JsonInput | undefined
}

export interface Settings extends DeclaringFiles {
  /**
   * Whether it is a BertTokenizer. transformers 5 builds that class from the vocabulary and tokenizer_config.json alone,
   * whatever tokenizer.json says. Any other class is built as tokenizer.json says.
   */
  readonly isBert: boolean
}

export const CONFIG_FILE = 'tokenizer_config.json'

export function readSettings(files: SettingsFiles): Settings {
  const read = (input: JsonInput | undefined, name: string) =>
    input === undefined ? undefined : readJson(input, name, TOKENIZER_FILES)
  const config = readJson(files.config ?? {}, CONFIG_FILE, TOKENIZER_FILES)
  refuseOtherTokenizers(config)
  return {
    config,
    specialTokensMap: read(files.specialTokensMap, 'special_tokens_map.json'),
    addedTokens: read(files.addedTokens, 'added_tokens.json'),
    isBert: isBert(config.has(CLASS) ? config : read(files.modelConfig, 'config.json')),
  }
}

const CLASS = 'tokenizer_class'

/** Classes that are BertTokenizer under another name. In older versions, `Fast` is appended to it. */
const BERT = ['Bert', 'DistilBert', 'Electra', 'LayoutLM', 'Lxmert', 'MobileBert', 'SqueezeBert'].map(
  name => `${name}Tokenizer`,
)
/** Classes that follow tokenizer.json. */
const PLAIN = ['PreTrainedTokenizerFast', 'TokenizersBackend']

function isBert(named: JsonObject | undefined): boolean {
  if (!named?.has(CLASS)) return true
  const name = named.string(CLASS)
  if (PLAIN.includes(name)) return false
  if (BERT.includes(name.endsWith('Fast') ? name.slice(0, -'Fast'.length) : name)) return true
  throw unsupported(named.at(CLASS), `${BERT[0]}, one of its kind, or ${PLAIN.join(' or ')}`, name)
}

/** Keys that choose how to find words and pieces, each with the value that means BERT's way. */
const WAYS = [
  ['word_tokenizer_type', 'basic'],
  ['subword_tokenizer_type', 'wordpiece'],
] as const

function refuseOtherTokenizers(config: JsonObject): void {
  for (const [key, way] of WAYS) {
    if (config.has(key) && config.get(key) !== way) throw unsupported(config.at(key), `"${way}"`, config.get(key))
  }
  // transformers chooses among these by its own version number.
  const versions = config.has('fast_tokenizer_files') ? config.list('fast_tokenizer_files') : []
  const other = versions.find(name => name !== 'tokenizer.json')
  if (other !== undefined) throw wrongValue(config.at('fast_tokenizer_files'), 'tokenizer.json alone', other)
}
