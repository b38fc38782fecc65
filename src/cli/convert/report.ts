/** What a conversion did: sizes and errors, weight by weight, and whether the model still gives the same answer. */
import type { ConvertedWeight, Conversion } from '../../convert/convert.ts'
import { TOLERANCE } from '../../convert/proof.ts'
import { escapeControls } from '../../escape.ts'

export interface Outcome {
  readonly from: string
  readonly to: string
  readonly conversion: Conversion
  /** The CoNLL file, and F1 in percent. */
  readonly file?: string
  readonly before?: number
  readonly after?: number
}

export function* formatConversion(outcome: Outcome): Generator<string> {
  const { conversion } = outcome
  const { weights, leftOut, bytesBefore, bytesAfter } = conversion
  yield* columns([['weight', 'from', 'to', 'MB', 'MB', 'largest error', 'of the largest'], ...weights.map(rowOf)])
  if (leftOut.length > 0) yield `Not used by the model, and left out: ${leftOut.map(escapeControls).join(', ')}\n`
  const share = ((100 * bytesAfter) / bytesBefore).toFixed(0)
  yield `\n${escapeControls(outcome.to)}: ${megabytes(bytesBefore)} → ${megabytes(bytesAfter)} MB of weights (${share} %)\n`
  yield `${describeProof(conversion)}\n`
  if (outcome.before !== undefined && outcome.after !== undefined) yield `${describeScores(outcome, outcome.before, outcome.after)}\n` // prettier-ignore
}

function rowOf({ name, from, to, bytesBefore, bytesAfter, largestError, largestValue }: ConvertedWeight): string[] {
  const share = largestValue === 0 ? 0 : (100 * largestError) / largestValue
  const error = largestError === 0 ? ['0', ''] : [largestError.toPrecision(3), `${share.toFixed(2)} %`]
  return [escapeControls(name), from, to, megabytes(bytesBefore), megabytes(bytesAfter), ...error]
}

/** Plainly, if the answer is another. */
function describeProof({ proof }: Conversion): string {
  const { sourceDifference, changedLabels, tokens, text, isGood } = proof
  const difference = `logits of one sentence (${text}) differ by ${number(sourceDifference)} at most`
  if (changedLabels === 0) return `${difference}; each token's label is the same.`
  const labels = `${changedLabels} of ${tokens} labels are others`
  if (isGood) return `${difference}; ${labels}, each near a tie (differences up to ${TOLERANCE}).`
  return `THE FILE GOT WORSE: ${difference}, and ${labels}. Compare both on text of your own (--eval FILE) before you use it.`
}

function describeScores({ file = '' }: Outcome, before: number, after: number): string {
  const change = after - before
  const figures = `F1 on ${escapeControls(file)}: ${before.toFixed(2)} before, ${after.toFixed(2)} after`
  if (change >= -0.005) return `${figures}: no worse.`
  const loss = `THE FILE GOT WORSE by ${(-change).toFixed(2)} points`
  return `${figures}. ${loss}${change < -0.5 ? ': do not use it. --store f16 keeps more.' : '.'}`
}

export function conversionJson({ from, to, conversion, file, before, after }: Outcome): unknown {
  const { weights, ...rest } = conversion
  const evaluation = file === undefined ? undefined : { file, before, after }
  return { from, to, ...rest, evaluation, weights: lines(weights) }
}

function* lines(weights: readonly ConvertedWeight[]): Generator {
  yield* weights
}

export function number(value: number): string {
  return value === 0 ? '0' : value.toPrecision(2)
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)
}

function* columns(rows: readonly (readonly string[])[]): Generator<string> {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.min(80, Math.max(...rows.map(row => row[column]?.length ?? 0))),
  )
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
    yield `${cells.join('  ').trimEnd()}\n`
  }
}
