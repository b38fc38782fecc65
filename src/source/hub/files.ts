/** Which files of a model are fetched: an allow-list, so that no code, no pickle and no card comes with a model. */
import { HubError } from './errors.ts'

export const CONFIG = 'config.json'
export const WEIGHTS = 'model.safetensors'
export const INDEX = 'model.safetensors.index.json'
/** Weights of PyTorch: fetched for `bert-ner convert` alone, whose reader runs nothing. */
export const PICKLE = 'pytorch_model.bin'
export const PICKLE_INDEX = 'pytorch_model.bin.index.json'
/** One of these must be there. */
export const VOCABULARIES = ['tokenizer.json', 'vocab.txt'] as const
export const TOKENIZER_CONFIG = 'tokenizer_config.json'

/** Small files; those that a model does not have are noted as such. */
export const SMALL_FILES = [
  CONFIG,
  TOKENIZER_CONFIG,
  ...VOCABULARIES,
  'special_tokens_map.json',
  'added_tokens.json',
] as const

/** Bytes of an index, at most, and shards that it may name. */
export const LARGEST_INDEX = 25_000_000
const MOST_SHARDS = 1000

/**
 * The shards that an index names: plain file names, in its own folder.
 *
 * @throws HubError `SOURCE_HUB_FILES`
 */
export function shardsOf(index: Uint8Array, name: string = INDEX): string[] {
  const extension = name === PICKLE_INDEX ? '.bin' : '.safetensors'
  let names: unknown[]
  try {
    const { weight_map: map } = JSON.parse(new TextDecoder().decode(index)) as { readonly weight_map: object }
    names = [...new Set<unknown>(Object.values(map))]
  } catch (cause) {
    throw badIndex(name, '{"weight_map": {tensor: file}}', 'something else', cause)
  }
  const isShard = (shard: unknown) =>
    typeof shard === 'string' && /^[\w-][\w.-]{0,200}$/.test(shard) && shard.endsWith(extension)
  const wrong = names.findIndex(shard => !isShard(shard))
  if (wrong >= 0) throw badIndex(name, `names of ${extension} files in the same folder`, JSON.stringify(names[wrong]))
  if (names.length === 0 || names.length > MOST_SHARDS)
    throw badIndex(name, `1 to ${MOST_SHARDS} shards`, `${names.length}`)
  return names as string[]
}

function badIndex(index: string, expected: string, found: string, cause?: unknown): HubError {
  const nextStep = 'The model was saved wrongly: tell its owner, or name another revision.'
  return new HubError('SOURCE_HUB_FILES', index, expected, found, nextStep, { cause })
}
