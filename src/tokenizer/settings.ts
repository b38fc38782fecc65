/**
 * The files of a folder that say which tokenizer its vocabulary belongs to. transformers chooses a class by name: by
 * `tokenizer_class` of tokenizer_config.json, else by that of config.json, else by the kind of the model, which is BERT here.
 */
import { readJson, type JsonInput, type JsonObject } from '../json/object.ts'
import type { DeclaringFiles } from './declared.ts'
import { TOKENIZER_FILES, unsupported, wrongValue } from './errors.ts'

/** What lies beside tokenizer.json or vocab.txt. Each file may be missing. */
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
   * Whether it is a BertTokenizer. transformers 5 builds such a one anew, out of the vocabulary and tokenizer_config.json,
   * whatever tokenizer.json says. Otherwise it is what tokenizer.json says.
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

/** Classes that are BertTokenizer under another name, and, with `Fast` behind it, in older versions. */
const BERT = ['Bert', 'DistilBert', 'Electra', 'LayoutLM', 'Lxmert', 'MobileBert', 'SqueezeBert'].map(
  name => `${name}Tokenizer`,
)
/** Classes that are what tokenizer.json says. */
const PLAIN = ['PreTrainedTokenizerFast', 'TokenizersBackend']

function isBert(named: JsonObject | undefined): boolean {
  if (!named?.has(CLASS)) return true
  const name = named.string(CLASS)
  if (PLAIN.includes(name)) return false
  if (BERT.includes(name.endsWith('Fast') ? name.slice(0, -'Fast'.length) : name)) return true
  throw unsupported(named.at(CLASS), `${BERT[0]}, one of its kind, or ${PLAIN.join(' or ')}`, name)
}

/** Keys that name other ways to find words and pieces, and the values that mean BERT's. */
const WAYS = [
  ['word_tokenizer_type', 'basic'],
  ['subword_tokenizer_type', 'wordpiece'],
] as const

function refuseOtherTokenizers(config: JsonObject): void {
  for (const [key, way] of WAYS) {
    if (config.has(key) && config.get(key) !== way) throw unsupported(config.at(key), `"${way}"`, config.get(key))
  }
  // Versions of transformers choose among these by their own number.
  const versions = config.has('fast_tokenizer_files') ? config.list('fast_tokenizer_files') : []
  const other = versions.find(name => name !== 'tokenizer.json')
  if (other !== undefined) throw wrongValue(config.at('fast_tokenizer_files'), 'tokenizer.json alone', other)
}
