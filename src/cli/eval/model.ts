/** The model to be scored: tokenizer and network, as evaluation wants them. */
import { fileURLToPath } from 'node:url'
import { BertForTokenClassification } from '../../layers/bert.ts'
import type { WordTagger } from '../../eval/word-tags.ts'
import { sourceFromFolder } from '../../node/folder.ts'
import { Tokenizer } from '../../tokenizer/tokenizer.ts'
import type { EvalFlags } from './command.ts'
import { backendOptions } from '../model-options.ts'
import { hashFile } from './files.ts'

export interface LoadedModel {
  readonly tagger: WordTagger
  readonly folder: string
  /** SHA-256 of each file that decides on the answer; those that the model does not have are left out. */
  readonly files: Readonly<Record<string, string>>
  readonly backend: string
  dispose(): Promise<void>
}

const FILES = ['model.safetensors', 'config.json', 'tokenizer.json', 'vocab.txt', 'tokenizer_config.json']

export async function loadModel(flags: EvalFlags): Promise<LoadedModel> {
  const folder = flags.model ?? fileURLToPath(new URL('../../../weights/', import.meta.url))
  const source = sourceFromFolder(folder)
  const tokenizer = await Tokenizer.fromSource(source)
  const model = await BertForTokenClassification.load(source, backendOptions(flags))
  const files: Record<string, string> = {}
  for (const name of FILES) {
    const hash = await hashFile(source, name)
    if (hash !== null) files[name] = hash
  }
  return {
    folder,
    files,
    backend: model.backend,
    dispose: () => model.dispose(),
    tagger: {
      labels: model.config.labels,
      // As the pipeline does: what the tokenizer's configuration says; more only where it is asked for.
      maxLength: Math.min(flags.maxLength ?? tokenizer.modelMaxLength ?? Infinity, model.config.maxPositionEmbeddings),
      encodeWords: words => tokenizer.encodeWords(words),
      logits: async batch => (await model.forward(batch)).logits,
    },
  }
}
