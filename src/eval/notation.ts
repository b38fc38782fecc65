/**
 * How tags are spelled. A corpus or a model keeps to one notation, and every reader behind this one sees the first:
 *
 *     prefix    B-PER  I-PER       also B_PER
 *     suffix    PER-B  PER-I       also PER_B (seqeval: suffix=True)
 *     letters   B  I               phrases of one type, which has no name
 *     types     PER  PER           no letters: neighbours of one type are one phrase
 *
 * The letters are those of the schemes: B, I or M, E or L, S or U or W.
 */
export type Notation = 'prefix' | 'suffix' | 'letters' | 'types'

/** A tag in two parts. `O` has type `''`. */
export interface TagParts {
  readonly prefix: string
  readonly type: string
}

/** Splits at the first hyphen: `B-TV-SHOW` is `B` and `TV-SHOW`; without a hyphen all of it is prefix. */
export function splitTag(tag: string): TagParts {
  const hyphen = tag.indexOf('-')
  return hyphen === -1 ? { prefix: tag, type: '' } : { prefix: tag.slice(0, hyphen), type: tag.slice(hyphen + 1) }
}

/** The reverse: `B-PER`, or `B` of a type without a name. */
export function joinTag(prefix: string, type: string): string {
  return type === '' ? prefix : `${prefix}-${type}`
}

export interface Spelling {
  readonly notation: Notation
  /** Each tag in the first notation. A bare type is an I. */
  readonly meaning: ReadonlyMap<string, string>
  /** Tags that say nothing of entities, such as [PAD] and X: read as `O`. */
  readonly blank: readonly string[]
  /** Tags that the notation does not have. */
  readonly strange: readonly string[]
}

/** Reads the different tags of a file, or the labels of a model. */
export function readSpelling(tags: Iterable<string>): Spelling {
  const all = [...new Set(tags)].filter(tag => tag !== 'O')
  const blank = all.filter(isBlank)
  const said = all.filter(tag => !isBlank(tag))
  const [notation, read] = choose(said)
  const meaning = new Map([['O', 'O'], ...blank.map(tag => [tag, 'O'] as const)])
  const strange: string[] = []
  for (const tag of said) {
    const canonical = read(tag)
    if (canonical === undefined) strange.push(tag)
    else meaning.set(tag, canonical)
  }
  return { notation, meaning, blank, strange }
}

type Reader = (tag: string) => string | undefined

/** One prefix decides for prefixes, as most corpora have them; the other notations have to fit each tag. */
function choose(tags: readonly string[]): readonly [Notation, Reader] {
  if (tags.length === 0 || tags.some(isPrefixed)) return ['prefix', tag => (isPrefixed(tag) ? tag : undefined)]
  const fits = (reader: Reader): boolean => tags.every(tag => reader(tag) !== undefined)
  if (fits(underscored)) return ['prefix', underscored]
  if (fits(suffixed)) return ['suffix', suffixed]
  const letters: Reader = tag => (isLetter(tag) ? tag : undefined)
  if (fits(letters)) return ['letters', letters]
  return ['types', tag => (isType(tag) ? `I-${tag}` : undefined)]
}

/** A letter of a scheme, a hyphen and a type. */
export function isPrefixed(tag: string): boolean {
  return tag.length > 2 && tag.charAt(1) === '-' && isLetter(tag.charAt(0))
}

/** A letter of a scheme by itself. */
export function isLetter(text: string): boolean {
  return text.length === 1 && 'BIESLUMW'.includes(text)
}

function underscored(tag: string): string | undefined {
  return tag.length > 2 && tag.charAt(1) === '_' && isLetter(tag.charAt(0))
    ? joinTag(tag.charAt(0), tag.slice(2))
    : undefined
}

function suffixed(tag: string): string | undefined {
  const type = tag.slice(0, -2)
  const isSuffix = type !== '' && '-_'.includes(tag.charAt(tag.length - 2)) && isLetter(tag.slice(-1))
  return isSuffix ? joinTag(tag.slice(-1), type) : undefined
}

/** The name of a type by itself. `X-PER`, `B-` and a small `o` are slips in another notation, not names. */
function isType(tag: string): boolean {
  return tag !== '' && !/^[o0_-]$|^[-_]|[-_]$|^[A-Z]{1,2}-/.test(tag)
}

/** Labels for pieces and padding, of models and of the files that they were trained on. */
function isBlank(tag: string): boolean {
  const first = tag.charAt(0)
  if ((first === '[' && tag.endsWith(']')) || (first === '<' && tag.endsWith('>'))) return true
  return BLANKS.has(tag)
}

const BLANKS: ReadonlySet<string> = new Set(['X', 'PAD', 'CLS', 'SEP', 'UNK', 'MASK', 'START', 'STOP', 'BOS', 'EOS'])
