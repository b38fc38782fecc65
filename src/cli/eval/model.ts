/** The model to be scored: tokenizer and network, as evaluation wants them. */
import { stat } from 'node:fs/promises'
import { BertForTokenClassification } from '../../layers/token-classifier.ts'
import { Tagger } from '../../ner/tagger.ts'
import { sourceFromFolder } from '../../node/folder.ts'
import { defaultFolder } from '../../node/default-model.ts'
import { Tokenizer } from '../../tokenizer/tokenizer.ts'
import type { EvalFlags, LoadedModel } from './flags.ts'
import { backendOptions } from '../model-options.ts'
import { hashFile } from './files.ts'

const FILES = ['model.safetensors', 'config.json', 'tokenizer.json', 'vocab.txt', 'tokenizer_config.json']

export async function loadModel(flags: EvalFlags): Promise<LoadedModel> {
  const folder = flags.model ?? defaultFolder()
  if (flags.model !== undefined) await stat(folder) // A wrong path is reported as such, not as a model without files.
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
    tagger: new Tagger(tokenizer, model, flags.maxLength),
  }
}
