/**
 * Reading CoNLL files: one word a line with its columns, an empty line after each sentence. The word is the first
 * column (the second behind a count of words) and its tag the last, so that the four columns of CoNLL-2003 and the two of most
 * other corpora read the same.
 *
 *     -DOCSTART- -X- O O        a new document begins; never a word
 *                               an empty line ends a sentence
 *     Ada NNP I-NP I-PER        columns stand apart by tabs, or by spaces if a line has no tab
 *     coughed VBD I-VP O
 *
 * Reference: Tjong Kim Sang and De Meulder 2003, "Introduction to the CoNLL-2003 shared task", §2.
 */
import { ConllError } from '../errors.ts'
import { decodeUtf8, quote } from '../values.ts'
import { linesOf, splitLine } from './columns.ts'
import { DOCUMENT_START, findLayout, isRange } from './layout.ts'

/** One sentence as the file has it. `words` and `tags` have the same length, at least 1. */
export interface ConllSentence {
  readonly words: readonly string[]
  /** Tags as they stand in the file, in the file's scheme. */
  readonly tags: readonly string[]
  /** Number of the line, from 1, on which its first word stands. */
  readonly line: number
  /** The lines of all its words, if other lines stand between them. */
  readonly lines?: readonly number[]
  /** Index of its document, from 0. A file without `-DOCSTART-` is one document. */
  readonly document: number
}

export interface ConllFile {
  readonly sentences: readonly ConllSentence[]
  /** Columns of a word's line; 0 in a file without words. */
  readonly columns: number
  /** 2 if the first column counts the words of each sentence, as in CoNLL-U. */
  readonly wordColumn: 1 | 2
  readonly words: number
  readonly documents: number
  /** Lines that are no words: comments, and the ranges and empty nodes of CoNLL-U. */
  readonly comments: number
  readonly ranges: number
}

/** The line of the file, from 1, on which a word of a sentence stands. */
export function lineOf({ line, lines }: ConllSentence, word: number): number {
  return lines?.[word] ?? line + word
}

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
  const { hasIndex, isComment } = findLayout(text)
  const mayHoldReturns = text.includes('\n') && text.includes('\r')
  const sentences: ConllSentence[] = []
  let words: string[] = []
  let tags: string[] = []
  let lines: number[] = []
  let [columns, total, document, documents, line, comments, ranges] = [0, 0, 0, 0, 0, 0, 0]

  // One string for each tag, not one for each word.
  const known = new Map<string, string>()
  const remember = (tag: string): string => {
    known.set(tag, tag)
    return tag
  }

  const endSentence = (): void => {
    if (words.length === 0) return
    const first = lines[0] ?? line
    const isWhole = lines.at(-1) === first + words.length - 1
    sentences.push({ words, tags, line: first, ...(isWhole ? {} : { lines }), document })
    documents = document + 1
    total += words.length
    words = []
    tags = []
    lines = []
  }

  for (const content of linesOf(text)) {
    line++
    const row = splitLine(content)
    const word = hasIndex ? row.second : row.first
    if (row.columns === 0) {
      endSentence()
    } else if (row.first === DOCUMENT_START || word === DOCUMENT_START) {
      endSentence()
      document = documents
    } else if (words.length === 0 && isComment(content, row)) {
      comments++
    } else if (hasIndex && isRange(row.first)) {
      ranges++
    } else {
      if (mayHoldReturns && content.trimEnd().includes('\r')) throw returnInside(name, line, content)
      columns ||= row.columns
      if (row.columns < 2 || row.columns !== columns) throw malformed(name, line, columns, row.columns, content)
      words.push(word)
      lines.push(line)
      tags.push(known.get(row.tag) ?? remember(row.tag))
    }
  }
  endSentence()
  return { sentences, columns, wordColumn: hasIndex ? 2 : 1, words: total, documents, comments, ranges }
}

function malformed(name: string, line: number, columns: number, found: number, content: string): ConllError {
  return new ConllError({
    code: 'CONLL_LINE_MALFORMED',
    subject: `${name}, line ${line}`,
    expected: columns < 2 ? 'at least two columns, a word and its tag' : `${columns} columns as in the lines before`,
    found: `${found}: ${quote(content)}`,
    nextStep: 'Columns stand apart by tabs or by spaces, the same number on every line; the last is the tag.',
  })
}

function returnInside(name: string, line: number, content: string): ConllError {
  return new ConllError({
    code: 'CONLL_LINE_MALFORMED',
    subject: `${name}, line ${line}`,
    expected: 'line ends of one kind',
    found: `a carriage return inside of a line: ${quote(content)}`,
    nextStep: "Turn the line ends of old Macs into others: tr '\\r' '\\n'.",
  })
}

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
