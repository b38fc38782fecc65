/**
 * The WordPiece decoder: pieces → text. A piece that continues a word is joined to what is before it, any other one gets a
 * space; then, where `cleanup` is set, spaces before punctuation and English contractions go.
 *
 * The text is not the one that was encoded: case, accents and white space that the normalizer took away do not come back.
 * To show what a piece stands for, use its offsets.
 */
export interface DecoderOptions {
  readonly prefix: string
  readonly cleanup: boolean
}

/** `undefined`: the model names no decoder, and its pieces are joined by spaces. */
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
 * In the order of the reference implementation.
 *
 * QUIRK: it cleans each piece by itself, so that what takes two pieces (` do not`, ` n't` after the apostrophe became a
 * word) is hardly ever found; and " ' " → "'" never, since no piece ends with a space.
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
