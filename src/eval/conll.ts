/**
 * Reading CoNLL files: one word a line with its columns, an empty line after each sentence. The word is the first
 * column and its tag the last, so that the four columns of CoNLL-2003 and the two of most other corpora read the same.
 *
 *     -DOCSTART- -X- O O        a new document begins; never a word
 *                               an empty line ends a sentence
 *     Ada NNP I-NP I-PER        columns stand apart by tabs, or by spaces where a line has no tab
 *     coughed VBD I-VP O
 *
 * Reference: Tjong Kim Sang and De Meulder 2003, "Introduction to the CoNLL-2003 shared task", §2.
 */
import { ConllError } from '../errors.ts'
import { decodeUtf8 } from '../values.ts'

/** One sentence as the file has it. `words` and `tags` have the same length, at least 1. */
export interface ConllSentence {
  readonly words: readonly string[]
  /** Tags as they stand in the file, in the file's scheme. */
  readonly tags: readonly string[]
  /** Number of the line, from 1, on which its first word stands. */
  readonly line: number
  /** Index of its document, from 0. A file without `-DOCSTART-` is one document. */
  readonly document: number
}

export interface ConllFile {
  readonly sentences: readonly ConllSentence[]
  /** Columns of a word's line; 0 in a file without words. */
  readonly columns: number
  readonly words: number
  readonly documents: number
}

const DOCUMENT_START = '-DOCSTART-'

/** Decodes UTF-8 strictly: a byte that is no UTF-8 is reported with its line, for it would change words silently. */
export function decodeConll(bytes: Uint8Array, name: string): string {
  return decodeUtf8(bytes, (found, cause, isTooLong) => {
    if (isTooLong) {
      return new ConllError({
        code: 'CONLL_TOO_LARGE',
        subject: name,
        expected: 'a file that fits into memory',
        found,
        nextStep: 'Split it between two documents.',
        cause,
      })
    }
    return new ConllError({
      code: 'CONLL_NOT_UTF8',
      subject: `${name}, line ${lineOfFirstBadByte(bytes)}`,
      expected: 'text in UTF-8',
      found: 'a byte that is no part of it',
      nextStep: 'Convert the file first, e.g. iconv -f latin1 -t utf-8.',
      cause,
    })
  })
}

/** Reads a whole file. `name` is for messages. Throws {@link ConllError} with the number of the line that is malformed. */
export function readConll(text: string, name: string): ConllFile {
  const sentences: ConllSentence[] = []
  let words: string[] = []
  let tags: string[] = []
  let columns = 0
  let total = 0
  let document = 0
  let documents = 0
  let line = 0

  // One string for each tag, not one for each word.
  const known = new Map<string, string>()
  const remember = (tag: string): string => {
    known.set(tag, tag)
    return tag
  }

  const endSentence = (): void => {
    if (words.length === 0) return
    sentences.push({ words, tags, line: line - words.length, document })
    documents = document + 1
    total += words.length
    words = []
    tags = []
  }

  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    line++
    const content = text.slice(line === 1 && text.startsWith('\uFEFF') ? 1 : start, end)
    const { columns: found, word, tag } = splitLine(content)
    if (found === 0) {
      endSentence()
    } else if (word === DOCUMENT_START) {
      endSentence()
      document = documents
    } else {
      columns ||= found
      if (found < 2 || found !== columns) throw malformed(name, line, columns, `${found}: ${quote(content)}`)
      if (word === '' || tag === '') throw malformed(name, line, columns, `an empty one: ${quote(content)}`)
      words.push(word)
      tags.push(known.get(tag) ?? remember(tag))
    }
    start = end + 1
  }
  line++
  endSentence()
  return { sentences, columns, words: total, documents }
}

/**
 * The first and the last column of a line, and how many there are. Columns stand apart by single tabs where the line has
 * one (so a word may hold a space), else by runs of spaces. Spaces around a column, and the `\r` of a Windows line,
 * belong to none. A blank line has no columns.
 *
 * No list of columns is made: this runs for every word, and such lists would cost more than all of the scoring.
 */
function splitLine(line: string): { columns: number; word: string; tag: string } {
  const from = skipSpaces(line, 0)
  const to = skipSpacesBack(line, line.endsWith('\r') ? line.length - 1 : line.length)
  if (from >= to) return BLANK
  const separator = line.includes('\t') ? TAB : SPACE
  let columns = 1
  let wordEnd = to
  let tagStart = from
  let blank = true
  for (let i = from; i < to; i++) {
    const code = line.charCodeAt(i)
    blank &&= code === TAB || code === SPACE
    // Of a run of spaces, only the last one counts.
    if (code !== separator || (separator === SPACE && line.charCodeAt(i + 1) === SPACE)) continue
    if (columns === 1) wordEnd = i
    columns++
    tagStart = i + 1
  }
  if (blank) return BLANK
  const word = line.slice(from, skipSpacesBack(line, wordEnd))
  return { columns, word, tag: line.slice(skipSpaces(line, tagStart), to) }
}

const TAB = 0x09
const SPACE = 0x20
const BLANK = { columns: 0, word: '', tag: '' }

/** Spaces only. Not `trim`: a no-break space may well be a word of the corpus. */
function skipSpaces(line: string, from: number): number {
  let i = from
  while (line.charCodeAt(i) === SPACE) i++
  return i
}

function skipSpacesBack(line: string, to: number): number {
  let i = to
  while (line.charCodeAt(i - 1) === SPACE) i--
  return i
}

function malformed(name: string, line: number, columns: number, found: string): ConllError {
  const first = columns < 2
  return new ConllError({
    code: 'CONLL_LINE_MALFORMED',
    subject: `${name}, line ${line}`,
    expected: first ? 'at least two columns, a word and its tag' : `${columns} columns as in the lines before`,
    found,
    nextStep: 'Columns stand apart by tabs or by spaces, the same number on every line; the last is the tag.',
  })
}

const quote = (line: string): string => JSON.stringify(line.slice(0, 60))

/** A second pass, only on the way to an error: the first line that does not decode by itself. */
function lineOfFirstBadByte(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (let line = 1, start = 0; ; line++) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline === -1 ? bytes.length : newline
    try {
      decoder.decode(bytes.subarray(start, end))
    } catch {
      return line
    }
    if (newline === -1) return line
    start = end + 1
  }
}
