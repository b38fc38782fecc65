/** `--eval`: conlleval's F1 of a model on a CoNLL file, whichever file its weights are in. */
import { openAnyWeights } from '../../convert/open.ts'
import { decodeConll, readConll, type ConllFile } from '../../eval/conll.ts'
import { scores } from '../../eval/conlleval.ts'
import { evaluateFile, prepareGold } from '../../eval/evaluate.ts'
import { Labels } from '../../eval/labels.ts'
import { loadKernels } from '../../kernels/load.ts'
import { BertForTokenClassification } from '../../layers/token-classifier.ts'
import { checkFit } from '../../ner/fit.ts'
import { Tagger } from '../../ner/tagger.ts'
import type { ModelSource } from '../../source/source.ts'
import { Tokenizer } from '../../tokenizer/tokenizer.ts'
import { LARGEST_FILE } from '../eval/files.ts'
import { readBytes } from '../input.ts'

export interface Input {
  readonly path: string
  readonly file: ConllFile
}

export async function readInput(path: string): Promise<Input> {
  return { path, file: readConll(decodeConll(await readBytes(path, LARGEST_FILE), path), path) }
}

/** F1 in percent, in the arithmetic that the file gets by default. */
export async function evaluate(source: ModelSource, { path, file }: Input): Promise<number> {
  const tokenizer = await Tokenizer.fromSource(source)
  const model = await BertForTokenClassification.loadOn(await loadKernels(), source, openAnyWeights)
  try {
    checkFit(tokenizer, model.config)
    const tagger = new Tagger(tokenizer, model)
    // Gold that does not fit the labels is found at once.
    prepareGold(file, path, new Labels(tagger.labels), {})
    const { conlleval } = await evaluateFile(tagger, file, path, {})
    return scores(conlleval.total).f1
  } finally {
    await model.dispose()
  }
}
