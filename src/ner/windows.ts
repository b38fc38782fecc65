/**
 * Long texts: a model sees at most `max_position_embeddings` tokens at once, or `model_max_length` of its tokenizer if that is
 * less (192 for the model in weights/). A longer text is read through windows that overlap.
 *
 *   tokens     0 ············································ n
 *   window 0   [──────────────────────┊────)
 *   window 1                     [────┊───────────────────)       ┊ hand-over
 *
 * A token in an overlap is read twice; its label comes from the window in which it is farther from the border, where it
 * has more context. So the hand-over is the middle of the overlap, moved back to the beginning of the word that it would
 * cut: a word's tokens come from one window. The same text is always cut the same way.
 */

/** Tokens `[from, to)` of a text, without special tokens. */
export type Window = readonly [from: number, to: number]

/**
 * Windows of at most `capacity` tokens, each beginning `capacity − overlap` after the one before: where the reference cuts.
 * `overlap` < `capacity`. No tokens: no window.
 */
export function planWindows(n: number, capacity: number, overlap: number): Window[] {
  const windows: Window[] = []
  for (let from = 0, end = 0; end < n; from += capacity - overlap) {
    end = Math.min(from + capacity, n)
    windows.push([from, end])
  }
  return windows
}

/** The overlap that is used if none is asked for, smaller for models that see few tokens. */
export function defaultOverlap(capacity: number): number {
  return Math.min(64, Math.floor(capacity / 2))
}

/** Which tokens are taken from each window: `[from, to)` again, now without overlap and without a hole. */
export function handOver(windows: readonly Window[], wordIds: ArrayLike<number>): Window[] {
  const cuts = windows.slice(1).map(([from], i) => handOverAt(from, windows[i]?.[1] ?? from, wordIds))
  return windows.map(([from, to], i) => [cuts[i - 1] ?? from, cuts[i] ?? to])
}

/** The overlap is `[from, to)`. */
function handOverAt(from: number, to: number, wordIds: ArrayLike<number>): number {
  const middle = Math.floor((from + to) / 2)
  for (let at = middle; at > from; at--) {
    if (wordIds[at] !== wordIds[at - 1]) return at
  }
  return middle // one word fills the overlap
}
