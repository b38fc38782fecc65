/** `--expect-f1`: a figure that is further off than agreed ends the command with status 1. */
import { scores, type PhraseCounts } from '../../eval/conlleval.ts'
import type { EvalFlags } from './flags.ts'

/** Too good counts as well: it is as much a sign of a mistake (a wrong file, or one that was trained on). */
export function checkExpectation(counts: Readonly<PhraseCounts>, { expectF1, tolerance }: EvalFlags): void {
  if (expectF1 === undefined) return
  const { f1 } = scores(counts)
  // 91.8 − 91.3 is 0.5 and a little in binary: what a reader calls equal, is.
  if (Math.abs(f1 - expectF1) <= tolerance + 1e-9) return
  process.stderr.write(`bert-ner: F1 is ${f1.toFixed(2)}, expected ${expectF1} ± ${tolerance}\n`)
  process.exitCode = 1
}
