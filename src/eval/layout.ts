/**
 * How a CoNLL file is laid out beside its words: comments, and a first column that counts the words of each sentence.
 *
 *     # sent_id = 7           a comment, only before the first word of a sentence
 *     1    Ada     B-PER      the word is in the second column, if the first is 1, 2, 3, … or 0, 1, 2, … in every sentence
 *     2-3  del     _          CoNLL-U: a range of words, or an empty node such as 2.1; the words themselves have their own lines
 *
 * Reference: Universal Dependencies, CoNLL-U format.
 */
import { linesOf, splitLine, type Row } from './columns.ts'
import { isPrefixed } from './notation.ts'

export const DOCUMENT_START = '-DOCSTART-'

export interface Layout {
  /** Whether the first column counts the words. */
  readonly hasIndex: boolean
  /** Whether a line that stands before the first word of a sentence is no word. */
  readonly isComment: (line: string, row: Row) => boolean
}

export function findLayout(text: string): Layout {
  // Looked at only for a line that may be a comment: most files have none.
  let others: { columns: number; tags: Set<string> } | undefined
  const isComment = (line: string, row: Row): boolean => {
    if (!line.startsWith('#')) return false
    if (METADATA.test(line)) return true
    others ??= withoutHashes(text)
    if (others.columns > 0 && row.columns !== others.columns && /^#\s/.test(line)) return true
    return row.columns < 2 || !(row.tag === 'O' || isPrefixed(row.tag) || others.tags.has(row.tag))
  }
  return { hasIndex: hasIndex(text, isComment), isComment }
}

/** The comments of CoNLL-U, GermEval and MultiCoNER: `# sent_id = 7`, `# newdoc`, `# id 7`, `#\thttp://…`. */
const METADATA = /^#(\s*[\w.:-]+ ?= |\s+(id\s|newdoc|newpar|https?:))/

/** Columns and tags of the lines that cannot be comments. */
function withoutHashes(text: string): { columns: number; tags: Set<string> } {
  let columns = 0
  const tags = new Set<string>()
  for (const line of linesOf(text)) {
    if (line.startsWith('#') || line.startsWith(DOCUMENT_START)) continue
    const row = splitLine(line)
    if (row.columns < 2) continue
    columns ||= row.columns
    tags.add(row.tag)
  }
  return { columns, tags }
}

/**
 * Whether the first column counts up by one from 0 or 1 in each sentence, or through the whole file. Ends at the first line that
 * says no: in most files that is the first word.
 */
function hasIndex(text: string, isComment: Layout['isComment']): boolean {
  let words = 0
  let base = -1 // of the first sentence
  let last = -1
  let isHead = true
  for (const line of linesOf(text)) {
    const row = splitLine(line)
    if (row.columns === 0 || row.first === DOCUMENT_START) {
      isHead = true
      continue
    }
    if (isHead && isComment(line, row)) continue
    if (row.columns < 3) return false
    if (isRange(row.first)) continue
    const index = row.first.length < 10 && isDigits(row.first) ? Number(row.first) : -1
    if (words === 0) base = index
    const isNext = words > 0 && index === last + 1
    if (index < 0 || base > 1 || !(isNext || (isHead && index === base))) return false
    last = index
    isHead = false
    words++
  }
  // A file of one word proves nothing: it may be the word "1".
  return words > 1
}

/** `1-2` or `1.1` */
export function isRange(index: string): boolean {
  const at = index.search(/[-.]/)
  return at > 0 && isDigits(index.slice(0, at)) && isDigits(index.slice(at + 1))
}

function isDigits(text: string): boolean {
  return /^[0-9]+$/.test(text)
}
