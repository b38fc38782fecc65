/** The action of `bert-ner eval`: read, run, score, say. */
import { resolve } from 'node:path'
import { ConllError, OptionError } from '../../errors.ts'
import { escapeControls } from '../../escape.ts'
import { decodeConll, readConll, type ConllFile } from '../../eval/conll.ts'
import { evaluateFile, prepareGold, type EvaluateOptions } from '../../eval/evaluate.ts'
import { typesOfFile } from '../../eval/gold.ts'
import { Labels } from '../../eval/labels.ts'
import { quote } from '../../values.ts'
import { readBytes } from '../input.ts'
import { jsonPieces } from '../json.ts'
import { write, writeAll } from '../output.ts'
import { startProgress } from '../progress.ts'
import { formatErrors } from './errors.ts'
import { checkExpectation } from './expectation.ts'
import { checkFolder, LARGEST_FILE, writePredictions } from './files.ts'
import type { EvalFlags, LoadedModel, Outcome } from './flags.ts'
import { evaluationJson } from './json.ts'
import { formatEvaluation } from './report.ts'
import { formatTable } from './table.ts'

export async function runEval(paths: readonly string[], flags: EvalFlags): Promise<void> {
  const [path = '-'] = paths
  if (flags.predictions === true) {
    const { scorePredictions } = await import('./predictions.ts')
    await scorePredictions(path, flags)
    return
  }
  const outcomes = await evaluateAll(paths, flags)
  const [outcome] = outcomes
  if (outcome === undefined) return
  if (flags.writePredictions !== undefined) {
    await writePredictions(resolve(flags.writePredictions), outcome.file, outcome.evaluation)
  }
  if (flags.json === true) {
    const all = outcomes.map(evaluationJson)
    await writeAll(jsonPieces(outcomes.length === 1 ? all[0] : all))
    await write('\n')
  } else {
    const one = () => formatEvaluation(outcome) + (flags.errors === true ? formatErrors(outcome) : '')
    const report = outcomes.length === 1 ? one() : formatTable(outcomes)
    await write(report.split('\n').map(escapeControls).join('\n'))
  }
  checkExpectation(outcome.evaluation.conlleval.total, flags)
}

interface Input {
  readonly path: string
  readonly file: ConllFile
  /** Milliseconds that reading took. */
  readonly reading: number
}

async function readInput(path: string): Promise<Input> {
  const start = performance.now()
  const file = readConll(decodeConll(await readBytes(path, LARGEST_FILE), path), path)
  if (file.words === 0) throw noWords(path)
  return { path, file, reading: performance.now() - start }
}

/** One model runs over all files. Checks all that it can before a large model is loaded and minutes are spent. */
async function evaluateAll(paths: readonly string[], flags: EvalFlags): Promise<Outcome[]> {
  const inputs: Input[] = []
  for (const path of paths) inputs.push(await readInput(path))
  if (flags.writePredictions !== undefined) await checkFolder(flags.writePredictions)
  const start = performance.now()
  const { loadModel } = await import('./model.ts')
  const model = await loadModel(flags)
  const load = performance.now() - start
  try {
    const labels = new Labels(model.tagger.labels)
    checkDrop(flags.drop ?? [], inputs, labels)
    for (const { file, path } of inputs) prepareGold(file, path, labels, evaluateOptions(flags))
    const outcomes: Outcome[] = []
    for (const input of inputs) outcomes.push(await evaluate(input, model, load, flags))
    return outcomes
  } finally {
    await model.dispose()
  }
}

async function evaluate(
  { path, file, reading }: Input,
  model: LoadedModel,
  load: number,
  flags: EvalFlags,
): Promise<Outcome> {
  const start = performance.now()
  const progress = await startProgress({ unit: 'tokens', isInterleaved: false })
  try {
    const onProgress = (done: number, total: number) => progress.update(done, done, total)
    const evaluation = await evaluateFile(model.tagger, file, path, { ...evaluateOptions(flags), onProgress })
    const wall = performance.now() - start + reading
    const { tokenizerMs, modelMs } = evaluation.run
    const harness = wall - tokenizerMs - modelMs
    const timing = { load, wall, tokenizer: tokenizerMs, model: modelMs, harness }
    return { path, file, model, evaluation, timing, flags }
  } finally {
    progress.stop()
  }
}

/** A slip in the name of a type would leave nothing out, in silence. */
function checkDrop(drop: readonly string[], inputs: readonly Input[], { types }: Labels): void {
  const known = new Set([...types, ...inputs.flatMap(({ file }) => typesOfFile(file))])
  const unknown = drop.find(type => !known.has(type))
  if (unknown === undefined) return
  throw new OptionError({
    code: 'OPTION_DROP',
    subject: '--drop',
    expected: `types of the model or of a file (${[...known].join(', ')})`,
    found: quote(unknown),
    nextStep: 'Name types as they stand after B- and I-; files come before --drop, or behind --.',
  })
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

function evaluateOptions(flags: EvalFlags): EvaluateOptions {
  const { wordTag, context, seed, resamples, drop = [] } = flags
  return {
    ...{ wordTag, context, seed, resamples, drop },
    ...(flags.scheme === undefined ? {} : { scheme: flags.scheme }),
    ...(flags.decoding === undefined ? {} : { decoding: flags.decoding }),
    ...(flags.modelScheme === undefined ? {} : { modelScheme: flags.modelScheme }),
    ...(flags.batchTokens === undefined ? {} : { batchTokens: flags.batchTokens }),
    ...(flags.lower === true ? { letterCase: 'lower' } : flags.upper === true ? { letterCase: 'upper' } : {}),
  }
}
