/** The model to be scored: tokenizer and network, as evaluation wants them. */
import { BertForTokenClassification } from '../../layers/token-classifier.ts'
import { checkFit } from '../../ner/fit.ts'
import { Tagger } from '../../ner/tagger.ts'
import { sourceFromFolder } from '../../node/folder.ts'
import { Tokenizer } from '../../tokenizer/tokenizer.ts'
import type { EvalFlags, LoadedModel } from './flags.ts'
import { backendOptions } from '../model-options.ts'
import { modelFolder } from '../hub/locate.ts'
import { hashFile } from './files.ts'

const FILES = ['model.safetensors', 'config.json', 'tokenizer.json', 'vocab.txt', 'tokenizer_config.json']

export async function loadModel(flags: EvalFlags): Promise<LoadedModel> {
  const folder = await modelFolder(flags.model)
  const source = sourceFromFolder(folder)
  const tokenizer = await Tokenizer.fromSource(source)
  const model = await BertForTokenClassification.load(source, backendOptions(flags))
  checkFit(tokenizer, model.config)
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
