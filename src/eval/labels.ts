/**
 * A model's labels → IOB2. Each label is read by its letters and by itself, so that a broken guess stays broken. A label that has a
 * type and no letter continues itself, as in transformers; one that has no type, such as [PAD] or X, is `O`.
 */
import { isLetter, joinTag, readSpelling, splitTag } from './notation.ts'
import { prefixToIob2, toIob2, typesOf, type Scheme } from './schemes.ts'

export class Labels {
  /** Sorted. */
  readonly types: readonly string[]
  /** Labels that say nothing of entities. */
  readonly blank: readonly string[]
  readonly #meaning: ReadonlyMap<string, string>
  /** Labels that are the bare name of a type. */
  readonly #bare: ReadonlySet<string>
  readonly #isIo: boolean

  constructor(labels: readonly string[]) {
    const { notation, meaning, blank, strange } = readSpelling(labels)
    const bare = strange.filter(label => !isLetter(label)) // a letter without a type names nothing
    this.#isIo = notation === 'types'
    this.#bare = new Set(this.#isIo ? labels : bare)
    this.#meaning = new Map([...meaning, ...bare.map(label => [label, joinTag('I', label)] as const)])
    this.blank = [...blank, ...strange.filter(isLetter)]
    this.types = typesOf(this.#meaning.values())
  }

  /** The tags of one sentence in IOB2. */
  toIob2(labels: readonly string[], scheme: Scheme): string[] {
    const tags = labels.map(label => this.#meaning.get(label) ?? 'O')
    if (scheme === 'IOB1' || scheme === 'IO') return toIob2(tags)
    return tags.map((tag, i) => {
      const begins = tag !== 'O' && this.#bare.has(labels[i] ?? '') && labels[i - 1] !== labels[i]
      return begins ? joinTag('B', splitTag(tag).type) : prefixToIob2(tag)
    })
  }

  /** The scheme that the letters say; of B and I alone, IOB1 if hardly a guessed phrase begins with B. */
  schemeOf(guess: readonly (readonly string[])[]): Scheme {
    if (this.#isIo) return 'IO'
    const letters = new Set(Array.from(this.#meaning.values(), tag => splitTag(tag).prefix))
    if (letters.has('M') || letters.has('W')) return 'BMES'
    if (letters.has('S') || letters.has('E')) return 'BIOES'
    if (letters.has('U') || letters.has('L')) return 'BILOU'
    let [all, inside] = [0, 0]
    for (const labels of guess) {
      const tags = labels.map(label => this.#meaning.get(label) ?? 'O')
      if (tags.every(tag => tag === 'O')) continue
      for (const [i, tag] of toIob2(tags).entries()) {
        if (!tag.startsWith('B') || this.#bare.has(labels[i] ?? '')) continue
        all++
        if (tags[i] !== tag) inside++
      }
    }
    return all >= 20 && inside > 0.9 * all ? 'IOB1' : 'IOB2'
  }
}
