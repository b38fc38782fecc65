/** The report for people: how the run was made, conlleval's report as it is, then what goes beyond it. */
import { escapeControls } from '../../escape.ts'
import { lineOf, type ConllSentence } from '../../eval/conll.ts'
import { firstBroken } from '../../eval/schemes.ts'
import type { Evaluation } from '../../eval/evaluate.ts'
import type { Interval } from '../../eval/bootstrap.ts'
import { fixed2, formatConlleval, scores } from '../../eval/conlleval.ts'
import { ERROR_KINDS } from '../../eval/phrase-errors.ts'
import type { SeqevalScores } from '../../eval/seqeval.ts'
import { amount, many, perSecond } from './figures.ts'
import type { Outcome } from './flags.ts'

export function formatEvaluation(outcome: Outcome): string {
  const { evaluation } = outcome
  return [
    formatRun(outcome),
    formatConlleval(evaluation.conlleval),
    formatConfidence(evaluation),
    formatSeqeval(outcome),
    formatConfusion(evaluation),
    formatKinds(evaluation),
    formatSpeed(outcome),
  ].join('\n')
}

function formatRun(outcome: Outcome): string {
  const notes = notesOf(outcome).map(note => `note   ${note}`)
  return [describeFile(outcome), ...describeModel(outcome), ...notes, ''].join('\n')
}

/** `file   a.conll: …`: how it was read. */
export function describeFile({ path, file, evaluation }: Outcome): string {
  const column = file.wordColumn === 1 ? '' : ' (the first counts the words, the second is the word)'
  const others = [
    ...(file.comments > 0 ? [many(file.comments, 'comment line')] : []),
    ...(file.ranges > 0 ? [`${many(file.ranges, 'range or empty node')} left out`] : []),
  ]
  return (
    `file   ${escapeControls(path)}: ${many(file.documents, 'document')}, ${many(file.sentences.length, 'sentence')}, ` +
    `${many(file.words, 'word')}; ${many(file.columns, 'column')}${column}, tags in ${evaluation.scheme.scheme}` +
    others.map(other => `; ${other}`).join('')
  )
}

/** `model  …` and `words  …`: which answered, and how. */
export function describeModel({ model, evaluation, flags }: Outcome): string[] {
  const dropped = flags.drop === undefined ? '' : `; without ${flags.drop.join(', ')}`
  return [
    `model  ${escapeControls(model.folder)}, model.safetensors ${model.files['model.safetensors']?.slice(0, 16) ?? 'in parts'}…; ` +
      `backend ${model.backend}, dtype ${flags.dtype ?? 'auto'}; labels in ${evaluation.modelScheme}`,
    `words  ${WORD_TAG[flags.wordTag]}, ${DECODING[flags.decoding ?? model.tagger.decoding.decoding]}; ` +
      `${CONTEXT[flags.context]}${letterCase(flags)}${dropped}`,
  ]
}

/** Remarks without which the figures could be misread. */
export function notesOf({ evaluation }: Outcome): string[] {
  const { scheme, misfits, firstMisfit } = evaluation.scheme
  const notes = [...evaluation.notes]
  if (misfits > 0) notes.push(`not in ${scheme}: ${many(misfits, 'tag')}, the first in line ${firstMisfit ?? 0}`)
  const { windowed, emptyWords } = evaluation.run
  if (windowed > 0) notes.push(`longer than the model, and run in windows: ${many(windowed, 'text')}`)
  if (emptyWords > 0) notes.push(`empty to the tokenizer, and tagged O: ${many(emptyWords, 'word')}`)
  return notes
}

const WORD_TAG = {
  first: 'tagged by their first piece',
  average: 'tagged by the mean of their pieces',
  max: 'tagged by the surest of their pieces',
} as const
const DECODING = { argmax: 'each by itself', constrained: 'within the scheme' } as const
const CONTEXT = { sentence: 'one sentence at a time', document: 'with the sentences around them' } as const

function letterCase({ lower, upper }: { readonly lower?: true; readonly upper?: true }): string {
  return lower === true ? '; all in lower case' : upper === true ? '; all in upper case' : ''
}

function formatConfidence({ confidence }: Evaluation): string {
  const { precision, recall, f1, resamples, seed } = confidence
  const show = ([low, high]: Interval): string => `${low.toFixed(2)} … ${high.toFixed(2)}`
  return (
    `95 % confidence: precision ${show(precision)}, recall ${show(recall)}, FB1 ${show(f1)}\n` +
    `(bootstrap, ${amount(resamples)} resamples of sentences, seed ${seed})\n`
  )
}

/** Both modes side by side, and why they differ. */
function formatSeqeval({ evaluation, file }: Outcome): string {
  const { default: lenient, strict } = evaluation.seqeval
  const names = new Set([...lenient.types.keys(), ...(strict?.types.keys() ?? [])])
  const none: SeqevalScores = { precision: 0, recall: 0, f1: 0, support: 0 }
  const rows: [string, SeqevalScores, SeqevalScores | undefined][] = [...names]
    .sort()
    .map(name => [name, lenient.types.get(name) ?? none, strict?.types.get(name) ?? none])
  for (const name of ['micro', 'macro', 'weighted'] as const) rows.push([name, lenient[name], strict?.[name]])
  const cells = ({ precision, recall, f1 }: SeqevalScores): string =>
    [precision, recall, f1].map(value => fixed2(100 * value).padStart(8)).join('')
  let text = `${'seqeval'.padEnd(17)}${'default mode'.padStart(24)}   ${'strict, IOB2'.padStart(24)}\n`
  text += `${''.padEnd(17)}       P       R      F1          P       R      F1  support\n`
  for (const [name, a, b] of rows) {
    text += `${name.padStart(17)}${cells(a)}   ${b === undefined ? ''.padEnd(24) : cells(b)}  ${a.support}\n`
  }
  return text + differences(evaluation, file.sentences)
}

function differences(
  { conlleval, seqeval, brokenGuesses, guess }: Evaluation,
  sentences: readonly ConllSentence[],
): string {
  const f1 = scores(conlleval.total).f1
  const same = (other: number | undefined): boolean => other !== undefined && Math.abs(100 * other - f1) < 1e-9
  let text = same(seqeval.default.micro.f1)
    ? 'default, micro, is conlleval’s figure'
    : 'default, micro, differs from conlleval'
  const [first] = brokenGuesses
  if (first === undefined) return `${text}; strict is the same, for each guessed phrase begins with B-\n`
  const sentence = sentences[first]
  const line = sentence ? lineOf(sentence, firstBroken(guess[first] ?? [])) : 0
  text += `; strict leaves out phrases that begin with I-, as they do in\n${many(brokenGuesses.length, 'guessed sentence')}`
  return `${text}, the first in line ${line}\n`
}

function formatConfusion({ confusion: { types, counts } }: Evaluation): string {
  const width = Math.max(7, ...types.map(type => type.length + 2))
  const header = `${'gold ↓  guess →'.padEnd(17)}${types.map(type => type.padStart(width)).join('')}\n`
  const row = (type: string, r: number): string =>
    `${type.padStart(17)}${(counts[r] ?? []).map(n => String(n).padStart(width)).join('')}\n`
  return `${header}${types.map(row).join('')}(words by type)\n`
}

function formatKinds({ errors }: Evaluation): string {
  const kinds = errors.flatMap(sentence => sentence.errors.map(({ kind }) => kind))
  const shown = ERROR_KINDS.map(kind => `${amount(kinds.filter(other => other === kind).length)} ${kind}`)
  return `errors: ${shown.join(', ')}; in ${many(errors.length, 'sentence')}\n`
}

function formatSpeed({ file, evaluation, timing }: Outcome): string {
  const share = (part: number): string => `${((100 * part) / timing.wall).toFixed(1)} %`
  const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`
  return (
    `${amount(file.words)} words in ${seconds(timing.wall)}: ${amount(perSecond(file.words, timing.wall))} words/s, ` +
    `${amount(perSecond(evaluation.run.tokens, timing.wall))} tokens/s (the model was loaded in ${seconds(timing.load)})\n` +
    `model ${share(timing.model)}, tokenizer ${share(timing.tokenizer)}, ` +
    `reading, aligning and scoring ${share(timing.harness)}\n`
  )
}
