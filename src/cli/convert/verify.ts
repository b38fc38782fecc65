/** `bert-ner inspect --verify`: the logits of one sentence, computed again and compared with those in the file's metadata. */
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TOLERANCE, verifyProof, type ProofResult } from '../../convert/proof.ts'
import { escapeControls } from '../../escape.ts'
import { loadConfig } from '../../layers/config.ts'
import { sourceFromFolder } from '../../node/folder.ts'
import type { OpenSafetensors } from '../../safetensors/reader.ts'
import { jsonPieces } from '../json.ts'
import { write, writeAll } from '../output.ts'
import { number } from './report.ts'

/** `path`: the file, beside config.json, or its folder. */
export async function runVerify(path: string, file: OpenSafetensors, isJson: boolean): Promise<void> {
  const folder = (await stat(path)).isDirectory() ? path : dirname(path)
  const result = await verifyProof(file, await loadConfig(sourceFromFolder(folder)))
  if (isJson) {
    await writeAll(jsonPieces({ file: path, ...result }))
    await write('\n')
  } else await write(`${escapeControls(path)}: ${describe(result)}\n`)
  if (result.isGood) return
  process.exitCode = 1
  const isOther = result.difference > TOLERANCE
  process.stderr.write(
    isOther
      ? `bert-ner: not the answer that this file gave when it was written: fetch or convert it again.\n`
      : `bert-ner: this file gives another answer than the model that it was made from: score both before you use it.\n`,
  )
}

function describe({ text, tokens, difference, sourceDifference, changedLabels }: ProofResult): string {
  return (
    `largest difference ${number(difference)} from the logits in the file (${tokens} tokens: ${escapeControls(text)}); ` +
    `${number(sourceDifference)} from those of the model that it was made from, ${changedLabels} labels changed`
  )
}
