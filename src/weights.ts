/**
 * `bert-ner/weights`: the default model for pages and bundles. Its settings are inline; the addresses of its two large files are
 * written out, so that every bundler emits these as they are.
 */
import { CONFIG, MODEL_SIZE, TOKENIZER_CONFIG, VOCAB_SIZE } from './default-model-tables.ts'
import { FetchedSource, type FetchOptions } from './source/fetched.ts'
import type { ModelSource } from './source/source.ts'

export type { FetchOptions } from './source/fetched.ts'
export type { ModelFile, ModelSource } from './source/source.ts'

/**
 * The model that comes with this package: `pipeline('ner', defaultModel())`. Nothing is fetched before the pipeline asks for it;
 * `progress_callback` hears of each piece that arrives.
 *
 * @throws OptionError `OPTION_VALUE` for an option that is none
 */
export function defaultModel(options: FetchOptions = {}): ModelSource {
  const text = new TextEncoder()
  const files = {
    'config.json': text.encode(CONFIG),
    'tokenizer_config.json': text.encode(TOKENIZER_CONFIG),
    'vocab.txt': { url: new URL('../weights/vocab.txt', import.meta.url).href, size: VOCAB_SIZE },
    'model.safetensors': { url: new URL('../weights/model.safetensors', import.meta.url).href, size: MODEL_SIZE },
  }
  return new FetchedSource({ files }, options)
}
