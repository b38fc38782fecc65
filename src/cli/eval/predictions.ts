/** `--predictions`: conlleval's report on a file of gold and guess columns, byte for byte. */
import { OptionError } from '../../errors.ts'
import { formatConlleval } from '../../eval/conlleval.ts'
import { readPredictions, type PredictionOptions } from '../../eval/predictions.ts'
import { scoreTags } from '../../eval/evaluate.ts'
import { write } from '../output.ts'
import type { EvalFlags } from './flags.ts'
import { checkExpectation } from './expectation.ts'
import { readInput } from './files.ts'
import { predictionsJson } from './json.ts'

export async function scorePredictions(path: string, flags: EvalFlags): Promise<void> {
  const text = textOfBytes(await readInput(path))
  const options: PredictionOptions = {
    raw: flags.raw === true,
    ...(flags.outside === undefined ? {} : { outside: textOfBytes(Buffer.from(flags.outside)) }),
    ...(flags.delimiter === undefined ? {} : { split: splitter(flags.delimiter) }),
  }
  const { counts, gold, guess } = readPredictions(text, path, options)
  if (flags.json === true) {
    const scores = scoreTags(gold, guess, { seed: flags.seed, resamples: flags.resamples, counts })
    await write(bytesOfText(`${JSON.stringify(predictionsJson(path, scores), null, 2)}\n`))
  } else {
    await write(bytesOfText(formatConlleval(counts)))
  }
  checkExpectation(counts.total, flags)
}

/**
 * One character per byte, whatever the encoding, so that types sort and are padded by bytes. Bytes from 0x80 on become
 * U+E080 … U+E0FF, private characters: as Latin-1, 0xA0 (a byte of "à" in UTF-8) would be a space for `\s` of -d.
 */
function textOfBytes(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[\x80-\xff]/g, byte => String.fromCharCode(0xe000 | byte.charCodeAt(0)))
}

function bytesOfText(text: string): Buffer {
  return Buffer.from(text, 'latin1') // takes the low byte of each character
}

/** Perl's and JavaScript's patterns are alike as far as delimiters go: classes, repetition, `|`, groups. */
function splitter(pattern: string): (line: string) => string[] {
  let delimiter: RegExp
  try {
    delimiter = new RegExp(textOfBytes(Buffer.from(pattern)))
  } catch (cause) {
    throw new OptionError({
      code: 'OPTION_DELIMITER',
      subject: '--delimiter',
      expected: 'a regular expression',
      found: JSON.stringify(pattern),
      nextStep: 'Put a backslash before a character that means itself, as in "\\\\(".',
      cause,
    })
  }
  // A group in the pattern that matched nothing is undefined in the result, and an empty field in Perl.
  return line => (line.split(delimiter) as (string | undefined)[]).map(field => field ?? '')
}
