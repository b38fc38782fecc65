/**
 * Cuts long texts into overlapping windows, since a model sees only so many tokens at once. The limit is its
 * `max_position_embeddings`, or `model_max_length` of its tokenizer if that is less (192 for the model in weights/).
 *
 *   tokens     0 ············································ n
 *   window 0   [──────────────────────┊────)
 *   window 1                     [────┊───────────────────)       ┊ cut
 *
 * A token in an overlap is read twice. Its label comes from the window in which it is farther from the border and so has
 * more context. So the cut is in the middle of the overlap. If it would split a word, it moves back to the word's start,
 * so a word's tokens all come from one window. The same text is always cut the same way.
 */

/** The tokens `[from, to)` of a text, without special tokens. */
export type Window = readonly [from: number, to: number]

/**
 * Plans windows of at most `capacity` tokens, each starting `capacity − overlap` after the one before, as the reference does.
 * `overlap` < `capacity`. A text without tokens has no window.
 */
export function planWindows(n: number, capacity: number, overlap: number): Window[] {
  const windows: Window[] = []
  for (let from = 0, end = 0; end < n; from += capacity - overlap) {
    end = Math.min(from + capacity, n)
    windows.push([from, end])
  }
  return windows
}

/** The default overlap, smaller for models that see few tokens. */
export function defaultOverlap(capacity: number): number {
  return Math.min(64, Math.floor(capacity / 2))
}

/** Chooses the tokens to take from each window: `[from, to)` again, now without overlap or hole. */
export function handOver(windows: readonly Window[], wordIds: ArrayLike<number>): Window[] {
  const cuts = windows.slice(1).map(([from], i) => handOverAt(from, windows[i]?.[1] ?? from, wordIds))
  return windows.map(([from, to], i) => [cuts[i - 1] ?? from, cuts[i] ?? to])
}

/** Where to cut the overlap `[from, to)`. */
function handOverAt(from: number, to: number, wordIds: ArrayLike<number>): number {
  const middle = Math.floor((from + to) / 2)
  for (let at = middle; at > from; at--) {
    if (wordIds[at] !== wordIds[at - 1]) return at
  }
  return middle // a single word fills the overlap
}
