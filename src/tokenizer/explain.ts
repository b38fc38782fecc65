/** Shows the result of each step of the tokenizer, with offsets, for study and debugging. */
import type { AddedTokenFinder } from './added-tokens.ts'
import { endOfCharacter, type AlignedText } from './aligned-text.ts'
import type { Encoding } from './encoding.ts'
import type { BertNormalizer } from './normalizer.ts'
import { preTokenize } from './pre-tokenizer.ts'
import type { WordPiece } from './word-piece.ts'

/** `[start, end)` in the text, in UTF-16 units unless `offsetUnit: 'codepoint'` was asked for. */
export type Offsets = readonly [start: number, end: number]

/** A text after a step, and the origin of each of its code points. */
export interface StepText {
  readonly text: string
  readonly offsets: readonly Offsets[]
}

export interface ExplainedPiece {
  readonly token: string
  readonly id: number
  readonly offsets: Offsets
}

export interface ExplainedWord {
  /** The word as WordPiece sees it: normalized. */
  readonly word: string
  /** The same characters as they are in the text. */
  readonly source: string
  readonly offsets: Offsets
  readonly pieces: readonly ExplainedPiece[]
}

/** A stretch of text between added tokens, or an added token. The latter has `added`, and one word with one piece. */
export interface ExplainedSegment {
  readonly source: string
  readonly offsets: Offsets
  readonly added?: { readonly token: string; readonly id: number }
  /** After clean_text: no control characters, plain spaces. */
  readonly cleaned: StepText
  /** After the whole normalizer: spaces around ideographs, accents stripped, lower-cased, as the model's settings say. */
  readonly normalized: StepText
  /** After the pre-tokenizer and WordPiece. */
  readonly words: readonly ExplainedWord[]
}

export interface Explanation {
  readonly text: string
  readonly segments: readonly ExplainedSegment[]
  /** The result of `encode`, with the template's special tokens. */
  readonly encoding: Encoding
}

export interface ExplainedSteps {
  readonly normalizer: BertNormalizer
  readonly wordPiece: WordPiece
  readonly inOriginal: AddedTokenFinder
  readonly inNormalized: AddedTokenFinder
}

export function explain(
  text: string,
  { literal, codePoints }: { readonly literal: boolean; readonly codePoints: boolean },
  steps: ExplainedSteps,
  encoding: Encoding,
): Explanation {
  const segments = explainSegments(text, literal, steps)
  return { text, segments: codePoints ? inCodePoints(text, segments) : segments, encoding }
}

function explainSegments(text: string, literal: boolean, steps: ExplainedSteps): ExplainedSegment[] {
  const { normalizer, wordPiece, inOriginal, inNormalized } = steps
  const segments: ExplainedSegment[] = []
  for (const { start, end, added } of inOriginal.split(text, literal)) {
    const offsets: Offsets = [start, end]
    const source = text.slice(start, end)
    if (added !== undefined) {
      const same: StepText = { text: source, offsets: Array.from(charactersOf(text, start, end)) }
      const { id, content: token } = added
      const words = [{ word: source, source, offsets, pieces: [{ token, id, offsets }] }]
      segments.push({ source, offsets, added: { token, id }, cleaned: same, normalized: same, words })
      continue
    }
    const cleaned = toStepText(text, normalizer.clean(text, start, end).cleaned)
    const aligned = normalizer.normalize(text, start, end)
    const words = inNormalized.split(aligned.toString(), literal).flatMap((part): ExplainedWord[] => {
      if (part.added === undefined) return explainWords(text, aligned, part.start, part.end, wordPiece)
      const { id, content: token } = part.added
      const word = { ...explainSpan(text, aligned, part.start, part.end) }
      return [{ ...word, pieces: [{ token, id, offsets: word.offsets }] }]
    })
    segments.push({ source, offsets, cleaned, normalized: toStepText(text, aligned), words })
  }
  return segments
}

function* charactersOf(text: string, start: number, end: number): Generator<Offsets> {
  for (let at = start; at < end;) yield [at, (at = endOfCharacter(text, at))]
}

function inCodePoints(text: string, segments: readonly ExplainedSegment[]): ExplainedSegment[] {
  const places = new Int32Array(text.length + 1)
  let count = 0
  for (const [start, end] of charactersOf(text, 0, text.length)) {
    places.fill(count, start, end)
    places[end] = ++count
  }
  const place = ([start, end]: Offsets): Offsets => [places[start]!, places[end]!]
  const moved = <T extends { readonly offsets: Offsets }>(from: T): T => ({ ...from, offsets: place(from.offsets) })
  const step = ({ text, offsets }: StepText): StepText => ({ text, offsets: offsets.map(place) })
  return segments.map(segment => ({
    ...moved(segment),
    cleaned: step(segment.cleaned),
    normalized: step(segment.normalized),
    words: segment.words.map(word => ({ ...moved(word), pieces: word.pieces.map(moved) })),
  }))
}

function explainWords(
  text: string,
  aligned: AlignedText,
  start: number,
  end: number,
  wordPiece: WordPiece,
): ExplainedWord[] {
  const bounds = preTokenize(aligned, start, end)
  const words: ExplainedWord[] = []
  for (let i = 0; i < bounds.length; i += 2) {
    const found = wordPiece.pieces
    const count = wordPiece.tokenize(aligned.units, bounds[i]!, bounds[i + 1]!)
    const pieces: ExplainedPiece[] = []
    for (let k = 0; k < 3 * count; k += 3) {
      const id = found[k]!
      const { offsets } = explainSpan(text, aligned, found[k + 1]!, found[k + 2]!)
      pieces.push({ token: wordPiece.vocabulary.token(id) ?? '', id, offsets })
    }
    words.push({ ...explainSpan(text, aligned, bounds[i]!, bounds[i + 1]!), pieces })
  }
  return words
}

function explainSpan(
  text: string,
  aligned: AlignedText,
  start: number,
  end: number,
): { word: string; source: string; offsets: Offsets } {
  const offsets: Offsets = [aligned.sources[start]!, endOfCharacter(text, aligned.sources[end - 1]!)]
  return { word: aligned.toString(start, end), source: text.slice(...offsets), offsets }
}

function toStepText(text: string, aligned: AlignedText): StepText {
  const offsets: Offsets[] = []
  for (let i = 0; i < aligned.length; i += aligned.codePointAt(i) > 0xffff ? 2 : 1) {
    const source = aligned.sources[i]!
    offsets.push([source, endOfCharacter(text, source)])
  }
  return { text: aligned.toString(), offsets }
}
