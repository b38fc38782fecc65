/** The action of `bert-ner convert`: find the model, write the other one, compare the two, say how it went. */
import { convertModel } from '../../convert/convert.ts'
import { sourceFromFolder } from '../../node/folder.ts'
import { writeFolder } from '../../node/new-folder.ts'
import { hubOptions } from '../hub/command.ts'
import { locate } from '../hub/locate.ts'
import { jsonPieces } from '../json.ts'
import { write, writeAll } from '../output.ts'
import { startProgress } from '../progress.ts'
import type { ConvertFlags } from './command.ts'
import { conversionJson, formatConversion } from './report.ts'

/** Points of F1 that a good file may lose: a reader of the figures would not see a difference. */
const LOSS = 0.5

export async function runConvert(from: string, to: string, flags: ConvertFlags): Promise<void> {
  const { evaluate, readInput } = await import('./evaluate.ts')
  // A slip in the name of the file is found before minutes are spent.
  const input = flags.eval === undefined ? undefined : await readInput(flags.eval)
  const { folder } = await locate(from, { ...hubOptions(flags), isPickleFine: true })
  const source = sourceFromFolder(folder)
  const conversion = await writeFolder(to, async target => {
    const progress = await startProgress({ unit: 'bytes', isInterleaved: false })
    try {
      return await convertModel(source, target, {
        store: flags.store,
        onBytes: (done, total) => progress.update(done, done, total),
      })
    } finally {
      progress.stop()
    }
  })
  const scores = input && { before: await evaluate(source, input), after: await evaluate(sourceFromFolder(to), input) }
  const outcome = { from, to, conversion, ...(scores ? { file: flags.eval ?? '', ...scores } : {}) }
  if (flags.json) await writeAll(jsonPieces(conversionJson(outcome)))
  else await writeAll(formatConversion(outcome))
  if (flags.json) await write('\n')
  if (scores && scores.before - scores.after > LOSS) process.exitCode = 1
}
