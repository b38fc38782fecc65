/** `--predictions`: conlleval's report on a file of gold and guess columns, byte for byte. */
import { isUtf8 } from 'node:buffer'
import { runInNewContext } from 'node:vm'
import { OptionError } from '../../errors.ts'
import { formatConlleval } from '../../eval/conlleval.ts'
import { readPredictions, type PredictionOptions, type Predictions } from '../../eval/predictions.ts'
import { scoreTags } from '../../eval/evaluate.ts'
import { escapeControls, escapeJson, hasControls } from '../../escape.ts'
import { jsonPieces } from '../json.ts'
import { write, writeAll } from '../output.ts'
import type { EvalFlags } from './flags.ts'
import { checkExpectation } from './expectation.ts'
import { codeOf } from '../../values.ts'
import { readBytes } from '../input.ts'
import { LARGEST_FILE } from './files.ts'
import { predictionsJson } from './json.ts'

export async function scorePredictions(path: string, flags: EvalFlags): Promise<void> {
  const bytes = await readBytes(path, LARGEST_FILE)
  const text = textOfBytes(bytes)
  const options: PredictionOptions = {
    raw: flags.raw === true,
    ...(flags.outside === undefined ? {} : { outside: textOfBytes(Buffer.from(flags.outside)) }),
    ...(flags.delimiter === undefined ? {} : { split: splitter(flags.delimiter) }),
  }
  const read = () => readPredictions(text, path, options)
  const { counts, gold, guess, hasWindowsLineEnds } =
    flags.delimiter === undefined ? read() : inTime(read, bytes.length)
  if (hasWindowsLineEnds) process.stderr.write(`bert-ner: ${escapeControls(path)}: ${WINDOWS}\n`)
  if (flags.json === true) {
    const scores = scoreTags(gold, guess, { seed: flags.seed, resamples: flags.resamples, counts })
    const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
    const decode = (piece: string): string => escapeJson(bytesOfText(piece).toString(encoding))
    const pieces = Array.from(jsonPieces(predictionsJson(textOfBytes(Buffer.from(path)), scores)), decode)
    await writeAll([...pieces, '\n'])
  } else {
    await write(printable(bytesOfText(formatConlleval(counts))))
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

/**
 * The report as it is, unless a type in it holds what a terminal would obey. A `\r`, which a Windows file has at each end of a
 * line, is conlleval's own output: it stays, but for a terminal.
 */
function printable(report: Buffer): Buffer {
  const encoding = isUtf8(report) ? 'utf8' : 'latin1'
  const kept = process.stdout.isTTY ? /\n/ : /[\r\n]/
  const text = report.toString(encoding)
  const parts = text.split(kept)
  if (!parts.some(hasControls)) return report
  let at = 0
  const escaped = parts.map(part => {
    at += part.length + 1
    return escapeControls(part) + text.charAt(at - 1)
  })
  return Buffer.from(escaped.join(''), encoding)
}

const WINDOWS = "each line ends in \\r, which counts as a part of the guess. Take it off first: tr -d '\\r'."

/** A pattern may look back on itself without end: it is stopped after 3 s, and a second more for each megabyte. */
function inTime(read: () => Predictions, bytes: number): Predictions {
  const seconds = 3 + Math.ceil(bytes / 1e6)
  try {
    return runInNewContext('read()', { read }, { timeout: 1000 * seconds }) as Predictions
  } catch (cause) {
    if (codeOf(cause) !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause
    throw new OptionError({
      code: 'OPTION_DELIMITER',
      subject: '--delimiter',
      expected: `a pattern that reads the file in ${seconds} s`,
      found: 'one that does not end',
      nextStep: 'Write it without a repetition inside of a repetition, as in (a+)+.',
      cause,
    })
  }
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
