/** The choices of an evaluation, in a file of their own: a command line lists them before it loads the rest. */

/** Which pieces decide on a word: the first, the mean of all, or the surest. */
export const WORD_TAGS = ['first', 'average', 'max'] as const
export type WordTag = (typeof WORD_TAGS)[number]

/** The words that a word can see: its sentence alone, or the sentences around it in its document. */
export const CONTEXTS = ['sentence', 'document'] as const
export type Context = (typeof CONTEXTS)[number]
