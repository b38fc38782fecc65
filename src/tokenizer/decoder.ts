/**
 * The WordPiece decoder: pieces → text. A piece that continues a word is joined to the one before; any other gets a
 * space. If `cleanup` is set, spaces before punctuation and English contractions are then removed.
 *
 * The result may differ from the original text: the normalizer's changes to case, accents and white space are not undone.
 * To show the text behind a piece, use its offsets.
 */
export interface DecoderOptions {
  readonly prefix: string
  readonly cleanup: boolean
}

/** Joins pieces into text. Without a `decoder` (the model names none), spaces join them. */
export function decodePieces(pieces: readonly string[], decoder: DecoderOptions | undefined): string {
  if (decoder === undefined) return pieces.join(' ')
  const { prefix, cleanup } = decoder
  return pieces
    .map((piece, i) => {
      const spaced = i === 0 ? piece : piece.startsWith(prefix) ? piece.slice(prefix.length) : ` ${piece}`
      return cleanup ? cleanUp(spaced) : spaced
    })
    .join('')
}

/**
 * Replacements, in the order of the reference implementation.
 *
 * QUIRK: the reference cleans each piece by itself. So it hardly ever finds a pattern that spans two pieces (` do not`,
 * or ` n't`, since the apostrophe is a word of its own). And it never finds " ' ", since no piece ends with a space.
 */
const CLEAN_UP = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
] as const

function cleanUp(piece: string): string {
  return CLEAN_UP.reduce((text, [dirty, clean]) => text.replaceAll(dirty, clean), piece)
}
