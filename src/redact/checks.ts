/** Checks the input of a session, and makes its errors. Messages show no text. */
import { RedactError } from '../errors.ts'
import { wrong } from '../ner/options.ts'
import { guarded, kindOf, show } from '../values.ts'

/** Texts as they are: what comes from a list is not waited for, since it may not be a text. */
export async function* later(texts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  if (Symbol.asyncIterator in texts) yield* texts
  else {
    for (const text of texts) {
      checkText(text)
      yield text
    }
  }
}

export function checkTexts(texts: unknown): void {
  const isIterable = () => {
    const { [Symbol.asyncIterator]: soon, [Symbol.iterator]: now } = texts as Partial<
      Iterable<unknown> & AsyncIterable<unknown>
    >
    return typeof texts === 'object' && typeof (soon ?? now) === 'function'
  }
  const notTexts = () =>
    wrong('texts', 'an iterable or async iterable of texts', kindOf(texts), 'For one text, call redact.')
  if (texts === null || texts === undefined || !guarded(isIterable, notTexts)) throw notTexts()
}

/** The message shows no text. */
export function checkText(text: unknown): void {
  if (typeof text === 'string') return
  const found = typeof text === 'object' && text !== null ? kindOf(text) : show(text)
  throw wrong('text', 'a string', found, 'Pass one text at a time.')
}

/** Lists and objects within each other, at most: JSON of a tool has few, and a circle has no end. */
export const DEEPEST = 500

export function tooDeep(): RedactError {
  return new RedactError({
    code: 'REDACT_DEPTH',
    subject: 'value',
    expected: `at most ${DEEPEST} lists and objects within each other`,
    found: 'more, or a circle',
    nextStep: 'Restore its strings one by one.',
  })
}

export function oneWay(style: string): RedactError {
  return new RedactError({
    code: 'REDACT_ONE_WAY',
    subject: `style ${show(style)}`,
    expected: 'a style that can be restored: label, surrogate or a function',
    found: 'one that cannot',
    nextStep: 'Nothing keeps these names: take another style before the text leaves.',
  })
}
