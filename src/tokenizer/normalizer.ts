/**
 * BertNormalizer: text → the text that the vocabulary was made from. Four steps, each of which a model may leave out:
 *
 *     clean_text             drop control characters, make every white space a plain space
 *     handle_chinese_chars   put spaces around each ideograph, so that each becomes a word
 *     strip_accents          decompose (é → e + U+0301), then drop the marks
 *     lowercase              one character at a time
 *
 * After google-research/bert, `BasicTokenizer`, as Hugging Face's `tokenizers` runs it; quirks that are kept for equal
 * answers are marked QUIRK here and in the other files of the tokenizer.
 */
import { AlignedText, isPairAt } from './aligned-text.ts'
import {
  CAPITAL_I_WITH_DOT,
  DECOMPOSES,
  HANGUL_FIRST,
  HANGUL_LAST,
  IDEOGRAPH,
  loadDecompositions,
  loadFlags,
  loadLowerCase,
  LOWERS,
  MARK,
  REMOVED,
  SPACED,
} from './unicode.ts'

export interface BertNormalizerOptions {
  readonly cleanText: boolean
  readonly handleChineseChars: boolean
  readonly stripAccents: boolean
  readonly lowercase: boolean
}

/**
 * A lone surrogate is no character, and no encoding of Unicode can hold one. It is read as what a conversion to UTF-8
 * makes of it, so `encode(text)` gives the same ids as `encode(text.toWellFormed())`; it keeps its own offset, one unit.
 */
const LONE_SURROGATE_IS = 0xfffd

const COMBINING_DOT_ABOVE = 0x307

const SPACE = 0x20

export class BertNormalizer {
  readonly options: BertNormalizerOptions
  /** Written in turns, since making new arrays for each short text costs more than all else that is done with it. */
  readonly #scratch = [new AlignedText(), new AlignedText()] as const

  constructor(options: BertNormalizerOptions) {
    this.options = options
    if (options.stripAccents) loadDecompositions()
    if (options.lowercase) loadLowerCase()
  }

  /**
   * Normalizes `text.slice(start, end)`; sources count from the start of `text`. The result is good until the next call of
   * any method.
   */
  normalize(text: string, start = 0, end = text.length): AlignedText {
    const { handleChineseChars, stripAccents, lowercase } = this.options
    const { cleaned, seen } = this.clean(text, start, end)
    let aligned = cleaned
    const apply = (step: (from: AlignedText, to: AlignedText) => void): void => {
      const to = this.#scratch[aligned === this.#scratch[0] ? 1 : 0].reset(aligned.length + 16)
      step(aligned, to)
      aligned = to
    }
    // A step that has nothing to do is not taken: most texts have no ideograph, and many no accent.
    if (handleChineseChars && seen & IDEOGRAPH) apply(surroundIdeographs)
    if (stripAccents && seen & (MARK | DECOMPOSES)) apply(stripMarks)
    if (lowercase && seen & LOWERS) apply(toLower)
    return aligned
  }

  /** clean_text, if it is wanted. `seen` has the flags of every character that was there. */
  clean(text: string, start = 0, end = text.length): { cleaned: AlignedText; seen: number } {
    const flags = loadFlags()
    const cleaned = this.#scratch[0].reset(end - start)
    const { units, sources } = cleaned
    const { cleanText } = this.options
    let length = 0
    let seen = 0
    for (let i = start; i < end; i++) {
      let unit = text.charCodeAt(i)
      if ((unit & 0xf800) === 0xd800) {
        if (i + 1 < end && isPairAt(text, i)) {
          const low = text.charCodeAt(i + 1)
          const flag = flags[((unit & 0x3ff) << 10) + (low & 0x3ff) + 0x10000]!
          seen |= flag
          if (!cleanText || (flag & REMOVED) === 0) {
            units[length] = unit
            sources[length++] = i
            units[length] = low
            sources[length++] = i
          }
          i++
          continue
        }
        unit = LONE_SURROGATE_IS
      }
      const flag = flags[unit]!
      seen |= flag
      if (cleanText && flag & (REMOVED | SPACED)) {
        if (flag & REMOVED) continue
        unit = SPACE
      }
      units[length] = unit
      sources[length++] = i
    }
    cleaned.length = length
    return { cleaned, seen }
  }
}

/** handle_chinese_chars: 北京 → " 北  京 ". */
function surroundIdeographs(from: AlignedText, to: AlignedText): void {
  const flags = loadFlags()
  for (let i = 0; i < from.length; i++) {
    const c = from.codePointAt(i)
    const source = from.sources[i]!
    const isIdeograph = (flags[c]! & IDEOGRAPH) !== 0
    if (isIdeograph) to.push(SPACE, source)
    to.push(c, source)
    if (isIdeograph) to.push(SPACE, source)
    if (c > 0xffff) i++
  }
}

/**
 * strip_accents: canonical decomposition (NFD) without its nonspacing marks.
 *
 * NFD also puts each run of combining characters in the order of their classes. Of most runs nothing is kept, so that no
 * order needs to be found; but the marks of musical notation and a few of newer scripts are kept.
 */
function stripMarks(from: AlignedText, to: AlignedText): void {
  const flags = loadFlags()
  const { classes } = loadDecompositions()
  const run = new CombiningRun(from, to)
  for (let i = 0; i < from.length; i++) {
    const c = from.codePointAt(i)
    const flag = flags[c]!
    if ((flag & (MARK | DECOMPOSES)) === 0) {
      run.flush()
      to.push(c, from.sources[i]!)
      run.skip(i)
    } else {
      const parts = flag & MARK ? [c] : decompose(c)
      parts.forEach((part, k) => {
        const combiningClass = classes.get(part) ?? 0
        if (combiningClass === 0) run.flush()
        run.add(part, combiningClass, k > 0, (flag & MARK) === 0)
        if (combiningClass === 0) run.flush()
      })
    }
    if (c > 0xffff) i++
  }
  run.flush()
}

/** Canonical decomposition of one character that has one, marks left out; of any other, itself. */
function decompose(c: number): readonly number[] {
  if (c < HANGUL_FIRST || c > HANGUL_LAST) return loadDecompositions().bases.get(c) ?? [c]
  // Unicode §3.12: 19 leading consonants × 21 vowels × (27 trailing consonants, or none)
  const syllable = c - HANGUL_FIRST
  const parts = [0x1100 + Math.floor(syllable / 588), 0x1161 + (Math.floor(syllable / 28) % 21)]
  if (syllable % 28 > 0) parts.push(0x11a7 + (syllable % 28))
  return parts
}

interface Combining {
  readonly c: number
  readonly combiningClass: number
  /** Not the first of its decomposition, so it takes up no character of the text before. */
  readonly isExtra: boolean
  readonly isKept: boolean
}

/**
 * A run of combining characters, on its way to be ordered.
 *
 * QUIRK: the reference implementation orders characters and then hands out their places in the text one after another, so
 * that in a run that changes order a character gets the place where it now stands, not the one that it came from.
 */
class CombiningRun {
  readonly #from: AlignedText
  readonly #to: AlignedText
  #run: Combining[] = []
  #hasKept = false
  #cursor = 0 // the next character of `from` whose place is handed out

  constructor(from: AlignedText, to: AlignedText) {
    this.#from = from
    this.#to = to
  }

  add(c: number, combiningClass: number, isExtra: boolean, isKept: boolean): void {
    this.#run.push({ c, combiningClass, isExtra, isKept })
    this.#hasKept ||= isKept
  }

  /** The character at `i` was written without a run. */
  skip(i: number): void {
    this.#cursor = i
    this.#advance()
  }

  flush(): void {
    if (this.#run.length === 0) return
    if (this.#hasKept && this.#run.length > 1) this.#run.sort((a, b) => a.combiningClass - b.combiningClass)
    for (const { c, isExtra, isKept } of this.#run) {
      const place = isExtra ? Math.max(this.#cursor - 1, 0) : this.#cursor
      if (isKept) this.#to.push(c, this.#from.sources[place]!)
      if (!isExtra) this.#advance()
    }
    this.#run = []
    this.#hasKept = false
  }

  #advance(): void {
    this.#cursor += (this.#from.units[this.#cursor]! & 0xfc00) === 0xd800 ? 2 : 1
  }
}

/**
 * lowercase. Only İ becomes two characters; both come from it.
 *
 * QUIRK: it sees one character at a time, so a final Σ becomes σ, not ς as `toLowerCase` has it.
 */
function toLower(from: AlignedText, to: AlignedText): void {
  const flags = loadFlags()
  const lower = loadLowerCase()
  for (let i = 0; i < from.length; i++) {
    const c = from.codePointAt(i)
    const source = from.sources[i]!
    if (c < 0x80) {
      to.push(c >= 0x41 && c <= 0x5a ? c + 32 : c, source)
    } else if ((flags[c]! & LOWERS) === 0) {
      to.push(c, source)
    } else if (c === CAPITAL_I_WITH_DOT) {
      to.push(0x69, source)
      to.push(COMBINING_DOT_ABOVE, source)
    } else {
      to.push(lower.get(c) ?? c, source)
    }
    if (c > 0xffff) i++
  }
}
