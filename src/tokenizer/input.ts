/** Checks the arguments of the tokenizer's methods: a JavaScript caller can pass anything, whatever the types say. */
import { OptionError, TokenizerError } from '../errors.ts'
import { isIndex } from '../json/object.ts'
import { guarded, show } from '../values.ts'

export function checkIds(ids: ArrayLike<number> | Iterable<number>): number[] {
  const value: unknown = ids
  const read = () => {
    if (typeof value !== 'object' || value === null) throw wrongInput('the ids', 'a list of whole numbers', ids)
    return Array.from(ids, id => {
      if (!Number.isInteger(id)) throw wrongInput('the ids', 'whole numbers', id)
      return id
    })
  }
  return guarded(read, () => wrongInput('the ids', 'a list of whole numbers', ids))
}

export function checkWords(words: unknown): void {
  const check = () => {
    if (!Array.isArray(words)) throw wrongInput('the words', 'a list of strings', words)
    for (let i = 0; i < words.length; i++) checkText(words[i], `word ${i}`)
  }
  guarded(check, () => wrongInput('the words', 'a list of strings', words))
}

export function checkText(text: unknown, subject: string): void {
  if (typeof text !== 'string') throw wrongInput(subject, 'a string', text)
}

function wrongInput(subject: string, expected: string, found: unknown): TokenizerError {
  return new TokenizerError({
    code: 'TOKENIZER_INPUT',
    subject,
    expected,
    found: isIndex(found, Infinity) ? `the number ${found}` : show(found),
    nextStep: 'Convert it first; for a list of words, use encodeWords.',
  })
}

/** Checks an options object. `booleans`: the options that must be true or false, if given. */
export function checkOptions(options: unknown, ...booleans: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw wrongOption('options', 'an object', options)
  const check = () => {
    // Reads every option now, so no getter throws later.
    const given = { ...options } as Record<string, unknown>
    for (const name of booleans) {
      const value = given[name]
      if (value !== undefined && typeof value !== 'boolean') throw wrongOption(name, 'true or false', value)
    }
  }
  guarded(check, () => wrongOption('options', 'an object', options))
}

export function checkOption(option: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) throw wrongOption(option, known.map(name => `'${name}'`).join(' or '), value)
}

function wrongOption(option: string, expected: string, found: unknown): OptionError {
  return new OptionError({
    code: 'OPTION_VALUE',
    subject: option,
    expected,
    found: show(found),
    nextStep: 'Leave the option out for its default.',
  })
}
