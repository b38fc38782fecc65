/** `--errors`: what the model got wrong, for eyes. */
import { phrasesOf, type Phrase } from '../../eval/schemes.ts'
import { ERROR_KINDS, type PhraseError } from '../../eval/phrase-errors.ts'
import { amount } from './figures.ts'
import type { Outcome } from './flags.ts'

/**
 * Each wrong sentence under each kind of error that it has, gold above guess:
 *
 *     wrong boundary (1)
 *       line 7: [ORG Bank] → [ORG Bank of Ulm]
 *         gold   the [ORG Bank] of Ulm
 *         guess  the [ORG Bank of Ulm]
 */
export function formatErrors({ file, evaluation }: Outcome): string {
  let text = ''
  for (const kind of ERROR_KINDS) {
    const wrong = evaluation.errors.flatMap(({ sentence, errors }) => {
      const ofKind = errors.filter(error => error.kind === kind)
      return ofKind.length === 0 ? [] : [{ sentence, ofKind }]
    })
    text += `\n${kind} (${amount(wrong.reduce((sum, { ofKind }) => sum + ofKind.length, 0))})\n`
    for (const { sentence, ofKind } of wrong) {
      const { words = [], line = 0 } = file.sentences[sentence] ?? {}
      text += `  line ${line}: ${ofKind.map(error => describe(words, error)).join(', ')}\n`
      text += `    gold   ${withPhrases(words, evaluation.gold[sentence] ?? [])}\n`
      text += `    guess  ${withPhrases(words, evaluation.guess[sentence] ?? [])}\n`
    }
  }
  return text
}

function describe(words: readonly string[], { gold, guess }: PhraseError): string {
  return [gold, guess].flatMap(phrase => (phrase === null ? [] : [bracket(words, phrase)])).join(' → ')
}

function bracket(words: readonly string[], { type, start, end }: Phrase): string {
  return `[${type} ${words.slice(start, end).join(' ')}]`
}

/** `[PER Ada Lovelace] coughed .` */
function withPhrases(words: readonly string[], tags: readonly string[]): string {
  const parts: string[] = []
  let at = 0
  for (const phrase of phrasesOf(tags)) {
    parts.push(...words.slice(at, phrase.start), bracket(words, phrase))
    at = phrase.end
  }
  return [...parts, ...words.slice(at)].join(' ')
}
