/** Several files and one model: a row for each file, so that corpora can be compared. */
import { escapeControls } from '../../escape.ts'
import { fixed2, scores, sortedTypes, type PhraseCounts } from '../../eval/conlleval.ts'
import { amount } from './figures.ts'
import type { Outcome } from './flags.ts'
import { describeFile, describeModel, notesOf } from './report.ts'

/**
 *     file       sentences  words  precision  recall     F1    LOC    PER
 *     a.conll          105  1,328      87.78   85.87  86.81  91.30  94.51     F1 by type; - if neither side has it
 */
export function formatTable(outcomes: readonly Outcome[]): string {
  const [first] = outcomes
  if (first === undefined) return ''
  const types = new Set(outcomes.flatMap(({ evaluation }) => [...evaluation.conlleval.types.keys()]))
  const names = sortedTypes(new Map(Array.from(types, type => [type, type]))).map(([type]) => type)
  const rows = [
    ['file', 'sentences', 'words', 'precision', 'recall', 'F1', ...names.map(name => name || '(no name)')],
    ...outcomes.map(({ path, file, evaluation: { conlleval } }) => [
      escapeControls(path),
      amount(file.sentences.length),
      amount(file.words),
      ...figures(conlleval.total),
      ...names.map(name => figures(conlleval.types.get(name))[2] ?? '-'),
    ]),
  ]
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  const table = rows.map(row =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
  const notes = outcomes.flatMap(outcome =>
    notesOf(outcome).map(note => `note   ${escapeControls(outcome.path)}: ${note}`),
  )
  return [...describeModel(first), ...outcomes.map(describeFile), ...notes, '', ...table, '(F1 by type)', ''].join('\n')
}

/** Precision, recall and F1 as they are printed; of a type that neither side has, nothing. */
function figures(counts: Readonly<PhraseCounts> | undefined): string[] {
  if (counts === undefined) return []
  const { precision, recall, f1 } = scores(counts)
  return [precision, recall, f1].map(value => fixed2(value).trim())
}
