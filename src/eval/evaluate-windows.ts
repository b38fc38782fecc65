/**
 * A text that is longer than the model, in windows that overlap by about half. Every piece is answered by one window:
 * where two overlap, the cut lies in the middle, so that each piece has context on both sides.
 *
 *     pieces     0 ─────────────────────────────────────────────────────► n
 *     window 0   [CLS] ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░ [SEP]
 *     window 1              [CLS] ░░░░░░▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░ [SEP]          ▓ the pieces that it answers for
 *     window 2                              [CLS] ░░░░░░▓▓▓▓▓▓▓▓▓ [SEP]   ░ context
 *
 * Windows and cuts fall between words, but for a single word as long as a quarter of the model.
 */
import type { Encoding } from '../tokenizer/encoding.ts'
import { OptionError } from '../errors.ts'

/** Positions are those of the encoding, special tokens included. */
export interface Window {
  /** With the special tokens around them. */
  readonly ids: readonly number[]
  readonly typeIds: readonly number[]
  /** It answers for the positions `[from, to)` of the encoding… */
  readonly from: number
  readonly to: number
  /** …and the first of them is this row of its logits. */
  readonly row: number
}

type Pieces = Pick<Encoding, 'ids' | 'typeIds' | 'wordIds' | 'specialTokensMask'>

/**
 * The encoding itself where it fits; else several windows, each within the special tokens that are around the whole.
 * `maxLength` counts special tokens too.
 *
 * @throws OptionError `OPTION_MAX_LENGTH` where there is no room for a single piece
 */
export function cutWindows(encoding: Pieces, maxLength: number): Window[] {
  const { ids, typeIds, specialTokensMask } = encoding
  if (ids.length <= maxLength) return [{ ids, typeIds, from: 0, to: ids.length, row: 0 }]
  const first = specialTokensMask.indexOf(0)
  const last = specialTokensMask.lastIndexOf(0) + 1
  const capacity = maxLength - first - (ids.length - last)
  if (capacity < 1) throw noRoom(maxLength, first + ids.length - last)

  const spans = overlappingSpans(encoding, first, last, capacity)
  let from = first
  return spans.map(([start, end], w) => {
    const next = spans[w + 1]
    let to = end
    if (next !== undefined) {
      // The middle of the overlap, moved back to where a word begins if that is still inside of the next window.
      const middle = (next[0] + end) >> 1
      const begin = wordBegin(encoding, middle)
      to = begin > Math.max(from, next[0]) ? begin : middle
    }
    const window = {
      ids: [...ids.slice(0, first), ...ids.slice(start, end), ...ids.slice(last)],
      typeIds: [...typeIds.slice(0, first), ...typeIds.slice(start, end), ...typeIds.slice(last)],
      from,
      to,
      row: first + from - start,
    }
    from = to
    return window
  })
}

/** `[start, end)` of each window: evenly apart by at most half of the capacity, from the first piece to the last. */
function overlappingSpans(
  { wordIds }: Pieces,
  first: number,
  last: number,
  capacity: number,
): (readonly [number, number])[] {
  const beyond = last - first - capacity
  const count = 1 + Math.ceil(beyond / Math.max(1, capacity >> 1))
  const slack = capacity >> 2
  return Array.from({ length: count }, (_, w) => {
    const start = first + Math.round((w * beyond) / (count - 1))
    const end = start + capacity
    let wordStart = start
    while (wordIds[wordStart] === wordIds[wordStart - 1]) wordStart++
    const wordEnd = wordBegin({ wordIds }, end)
    return [wordStart - start < slack ? wordStart : start, end - wordEnd < slack ? wordEnd : end] as const
  })
}

/** The highest position up to `at` where a word begins. The special tokens around the text are words of their own. */
function wordBegin({ wordIds }: Pick<Pieces, 'wordIds'>, at: number): number {
  let i = at
  while (wordIds[i] === wordIds[i - 1]) i--
  return i
}

function noRoom(maxLength: number, special: number): OptionError {
  return new OptionError({
    code: 'OPTION_MAX_LENGTH',
    subject: 'longest sequence of the model',
    expected: `more than its ${special} special tokens`,
    found: String(maxLength),
    nextStep: 'Check max_position_embeddings in config.json, or what was given as the length.',
  })
}
