/**
 * BertNormalizer: text → text in the form that the vocabulary was made from. A model may leave out any of the four steps:
 *
 *     clean_text             drop control characters, make every white space a plain space
 *     handle_chinese_chars   put spaces around each ideograph, so that each becomes a word
 *     strip_accents          decompose (é → e + U+0301), then drop the marks
 *     lowercase              one character at a time
 *
 * After google-research/bert, `BasicTokenizer`, as Hugging Face's `tokenizers` runs it. QUIRK marks an oddity of the
 * reference that we keep, here and in the other files of the tokenizer, so our answers equal its own.
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
 * Replaces a lone surrogate, which is not a character and which no encoding of Unicode can hold. A conversion to UTF-8
 * does the same, so `encode(text)` gives the same ids as `encode(text.toWellFormed())`. It keeps its own offset, one unit.
 */
const LONE_SURROGATE_IS = 0xfffd

const COMBINING_DOT_ABOVE = 0x307

const SPACE = 0x20

export class BertNormalizer {
  readonly options: BertNormalizerOptions
  /** Two buffers, used alternately. For a short text, new arrays would cost more than all the other work. */
  readonly #scratch = [new AlignedText(), new AlignedText()] as const

  constructor(options: BertNormalizerOptions) {
    this.options = options
    if (options.stripAccents) loadDecompositions()
    if (options.lowercase) loadLowerCase()
  }

  /**
   * Normalizes `text.slice(start, end)`; sources count from the start of `text`. The result is valid until the next call of
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
    // Skips a step that has nothing to do: most texts have no ideograph, and many no accent.
    if (handleChineseChars && seen & IDEOGRAPH) apply(surroundIdeographs)
    if (stripAccents && seen & (MARK | DECOMPOSES)) apply(stripMarks)
    if (lowercase && seen & LOWERS) apply(toLower)
    return aligned
  }

  /** Runs clean_text if the model uses it. `seen` has the flags of every character of the text. */
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
 * NFD also sorts each run of combining characters by class. Most runs are dropped entirely, so they need no sorting. But
 * the marks of musical notation are kept, and a few of newer scripts.
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

/** The canonical decomposition of a character without its marks, or the character itself if it has none. */
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
  /** Whether it comes after the first of its decomposition: it then uses up no character of the input text. */
  readonly isExtra: boolean
  readonly isKept: boolean
}

/**
 * Collects a run of combining characters and sorts it.
 *
 * QUIRK: the reference implementation sorts the characters first, and then assigns places in the text one after another.
 * So if sorting changes a run, a character gets the place of its new position, not the place that it came from.
 */
class CombiningRun {
  readonly #from: AlignedText
  readonly #to: AlignedText
  #run: Combining[] = []
  #hasKept = false
  #cursor = 0 // the next character of `from` whose place is assigned

  constructor(from: AlignedText, to: AlignedText) {
    this.#from = from
    this.#to = to
  }

  add(c: number, combiningClass: number, isExtra: boolean, isKept: boolean): void {
    this.#run.push({ c, combiningClass, isExtra, isKept })
    this.#hasKept ||= isKept
  }

  /** Moves on past the character at `i`, which was written outside of any run. */
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
