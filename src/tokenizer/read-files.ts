/** Reads the tokenizer's files from a model source. */
import { readJson } from '../json/object.ts'
import { readFile, type ModelSource } from '../source/source.ts'
import { codeOf } from '../values.ts'
import { TOKENIZER_FILES } from './errors.ts'
import { CONFIG_FILE, type SettingsFiles } from './settings.ts'

/** tokenizer.json or vocab.txt, and the files beside it. */
export type TokenizerFiles = SettingsFiles &
  ({ readonly json: Uint8Array } | { readonly json: undefined; readonly vocab: Uint8Array })

/** The largest file accepted, in bytes. The largest vocabularies have some megabytes; no string holds more than twice this. */
const MOST = 2 ** 28

/** Reads the files that count. Most exist only in models saved by older versions, so we ask for those only if needed. */
export async function readTokenizerFiles(source: ModelSource): Promise<TokenizerFiles> {
  const [json, config] = await Promise.all([readIfThere(source, 'tokenizer.json'), readIfThere(source, CONFIG_FILE)])
  const said = readJson(config ?? {}, CONFIG_FILE, TOKENIZER_FILES)
  const isListed = said.get('added_tokens_decoder') !== undefined
  const [specialTokensMap, addedTokens, modelConfig] = await Promise.all([
    isListed ? undefined : readIfThere(source, 'special_tokens_map.json'),
    isListed ? undefined : readIfThere(source, 'added_tokens.json'),
    said.has('tokenizer_class') ? undefined : readIfThere(source, 'config.json'),
  ])
  const beside = { config, specialTokensMap, addedTokens, modelConfig }
  return json === undefined
    ? { ...beside, json, vocab: await readFile(source, 'vocab.txt', MOST) }
    : { ...beside, json }
}

async function readIfThere(source: ModelSource, name: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(source, name, MOST)
  } catch (error) {
    if (codeOf(error) === 'SOURCE_FILE_MISSING') return undefined
    throw error
  }
}
