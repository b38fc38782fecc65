/** Files that the command reads and writes beside its report. */
import { createHash } from 'node:crypto'
import { access, constants, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { ModelSource } from '../../source/source.ts'
import type { ConllFile } from '../../eval/conll.ts'
import type { Evaluation } from '../../eval/evaluate.ts'

/** Bytes of a CoNLL file, at most: some 30 million words. */
export const LARGEST_FILE = 2 ** 28

/** Throws unless a file can be written there. */
export async function checkFolder(path: string): Promise<void> {
  await access(dirname(resolve(path)), constants.W_OK)
}

/** SHA-256 of a model's file in hexadecimal, read piece by piece; null if there is no such file. */
export async function hashFile(source: ModelSource, name: string): Promise<string | null> {
  const file = await source.open(name).catch(() => null)
  if (file === null) return null
  try {
    const hash = createHash('sha256')
    const step = 1 << 22
    for (let at = 0; at < file.size; at += step) hash.update(await file.read(at, Math.min(step, file.size - at)))
    return hash.digest('hex')
  } finally {
    await file.close?.()
  }
}

/**
 * Word, gold and guess, as `--predictions` and the original script read them, in IOB2. Without `-DOCSTART-`, which the
 * script would count as tokens. A space inside of a word, and a word without characters, become `_`; `-X-`, which marks a boundary
 * there, becomes `-X-_`.
 */
export async function writePredictions(path: string, file: ConllFile, evaluation: Evaluation): Promise<void> {
  let text = ''
  for (const [s, { words }] of file.sentences.entries()) {
    for (const [i, word] of words.entries()) {
      const first = word === '-X-' ? '-X-_' : word.replaceAll(' ', '_') || '_'
      text += `${first} ${evaluation.gold[s]?.[i] ?? 'O'} ${evaluation.guess[s]?.[i] ?? 'O'}\n`
    }
    text += '\n'
  }
  await writeFile(path, text).catch((error: unknown) => {
    throw Object.assign(error as NodeJS.ErrnoException, { path }) // a write that fails does not say where
  })
}
