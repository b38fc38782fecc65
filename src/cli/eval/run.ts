/** The action of `bert-ner eval`: read, run, score, say. */
import { resolve } from 'node:path'
import { ConllError } from '../../errors.ts'
import { decodeConll, readConll } from '../../eval/conll.ts'
import { evaluateFile, type EvaluateOptions } from '../../eval/evaluate.ts'
import type { EvalFlags, Outcome } from './flags.ts'
import { escapeControls } from '../../escape.ts'
import { jsonPieces } from '../json.ts'
import { write, writeAll } from '../output.ts'
import { checkExpectation } from './expectation.ts'
import { checkFolder, LARGEST_FILE, writePredictions } from './files.ts'
import { readBytes } from '../input.ts'
import { evaluationJson } from './json.ts'
import { startProgress, type Progress } from './progress.ts'
import { formatErrors } from './errors.ts'
import { formatEvaluation } from './report.ts'

export async function runEval(path: string, flags: EvalFlags): Promise<void> {
  if (flags.predictions === true) {
    const { scorePredictions } = await import('./predictions.ts')
    await scorePredictions(path, flags)
    return
  }
  const outcome = await evaluate(path, flags)
  if (flags.writePredictions !== undefined) {
    await writePredictions(resolve(flags.writePredictions), outcome.file, outcome.evaluation)
  }
  if (flags.json === true) {
    await writeAll(jsonPieces(evaluationJson(outcome)))
    await write('\n')
  } else {
    const report = formatEvaluation(outcome) + (flags.errors === true ? formatErrors(outcome) : '')
    await write(report.split('\n').map(escapeControls).join('\n'))
  }
  checkExpectation(outcome.evaluation.conlleval.total, flags)
}

async function evaluate(path: string, flags: EvalFlags): Promise<Outcome> {
  // What can fail at once does: before a large model is loaded, and minutes are spent on running it.
  const start = performance.now()
  const file = readConll(decodeConll(await readBytes(path, LARGEST_FILE), path), path)
  if (file.words === 0) throw noWords(path)
  if (flags.writePredictions !== undefined) await checkFolder(flags.writePredictions)
  const read = performance.now()
  const { loadModel } = await import('./model.ts')
  const model = await loadModel(flags)
  const loaded = performance.now()
  const progress = await startProgress()
  try {
    const evaluation = await evaluateFile(model.tagger, file, path, evaluateOptions(flags, progress))
    const wall = performance.now() - loaded + (read - start)
    const { tokenizerMs, modelMs } = evaluation.run
    const harness = wall - tokenizerMs - modelMs
    const timing = { load: loaded - read, wall, tokenizer: tokenizerMs, model: modelMs, harness }
    return { path, file, model, evaluation, timing, flags }
  } finally {
    progress.stop()
    await model.dispose()
  }
}

function noWords(path: string): ConllError {
  return new ConllError({
    code: 'CONLL_NO_WORDS',
    subject: path,
    expected: 'words with their tags, one on each line',
    found: 'none',
    nextStep: 'Check that this is the file that was meant, and that it is whole.',
  })
}

function evaluateOptions(flags: EvalFlags, progress: Progress): EvaluateOptions {
  const { wordTag, context, seed, resamples } = flags
  return {
    ...{ wordTag, context, seed, resamples },
    ...(flags.scheme === undefined ? {} : { scheme: flags.scheme }),
    ...(flags.decoding === undefined ? {} : { decoding: flags.decoding }),
    ...(flags.modelScheme === undefined ? {} : { modelScheme: flags.modelScheme }),
    ...(flags.batchTokens === undefined ? {} : { batchTokens: flags.batchTokens }),
    ...(flags.lower === true ? { letterCase: 'lower' } : flags.upper === true ? { letterCase: 'upper' } : {}),
    onProgress: (done, total) => {
      progress.update(done, total)
    },
  }
}
