/**
 * Scoring a file of predictions as conlleval reads it from its standard input: fields apart by single spaces, gold and
 * guess the last two of them, an empty line (or one whose first field is `-X-`) between sentences.
 *
 *     Ada NNP B-PER B-PER
 *     coughed VBD O O
 *
 * Nothing is forgiven here that the script does not forgive, `\r` at a line's end and `-DOCSTART-` included: it is one
 * more token. So that a report can be equal to the byte, the text is one character per byte, whatever its encoding.
 */
import { ConllError } from '../errors.ts'
import { Conlleval, type ConllevalCounts } from './conlleval.ts'

export interface PredictionOptions {
  /** `-r`: tags are bare types, each word a phrase by itself. */
  readonly raw?: boolean
  /** `-o`: with `raw`, the tag that stands for `O`. */
  readonly outside?: string
  /** `-d`: how a line falls into fields; by default at each single space. Empty fields at the end are dropped here. */
  readonly split?: (line: string) => string[]
}

export interface Predictions {
  readonly counts: ConllevalCounts
  /** The two columns by sentence, for other scorers. Empty sentences are left out. */
  readonly gold: readonly (readonly string[])[]
  readonly guess: readonly (readonly string[])[]
  /** Whether each guess ends in `\r`, as in a Windows file: it then counts as a part of the type. */
  readonly hasWindowsLineEnds: boolean
}

const BOUNDARY = '-X-'

/** Reads and counts. `name` is for messages. Throws {@link ConllError} with the line for a wrong number of fields. */
export function readPredictions(text: string, name: string, options: PredictionOptions = {}): Predictions {
  const split = options.split ?? ((line: string) => line.split(' '))
  const counter = new Conlleval()
  const gold: string[][] = []
  const guess: string[][] = []
  let insideSentence = false
  let returns = 0
  let words = 0
  let expected = 0
  for (let start = 0, line = 1; start < text.length; line++) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    const content = text.slice(start, end)
    const fields = split(content)
    start = end + 1
    while (fields.at(-1) === '') fields.pop()
    expected ||= fields.length
    if (fields.length > 0 && fields.length !== expected) throw wrongFields(name, line, expected, fields.length, content)
    if (fields.length === 0 || fields[0] === BOUNDARY) {
      counter.boundary()
      insideSentence = false
      continue
    }
    if (fields.length < 2) throw wrongFields(name, line, 2, fields.length, content)
    const goldTag = tagOf(fields.at(-2) ?? '', options)
    const guessTag = tagOf(fields.at(-1) ?? '', options)
    counter.add(goldTag, guessTag)
    words++
    if (content.endsWith('\r')) returns++
    if (!insideSentence) {
      gold.push([])
      guess.push([])
      insideSentence = true
    }
    gold.at(-1)?.push(goldTag)
    guess.at(-1)?.push(guessTag)
  }
  return { counts: counter.finish(), gold, guess, hasWindowsLineEnds: words > 0 && returns === words }
}

function tagOf(field: string, { raw, outside }: PredictionOptions): string {
  if (raw !== true) return field
  return field === (outside ?? 'O') || field === 'O' ? 'O' : `B-${field}`
}

function wrongFields(name: string, line: number, expected: number, found: number, content: string): ConllError {
  return new ConllError({
    code: 'CONLL_FIELDS_MISMATCH',
    subject: `${name}, line ${line}`,
    expected: expected === 2 ? 'at least 2 fields, gold and guess' : `${expected} fields, as in the first line`,
    found: String(found),
    nextStep: content.endsWith('\r')
      ? "Take the Windows line ends off first: tr -d '\\r' < FILE."
      : 'Fields stand apart by single spaces; another delimiter is given with -d.',
  })
}
