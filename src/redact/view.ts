/**
 * A text as the model is to see it: with the names that its placeholders stand for. A model reads "[PER_1] met [PER_2]"
 * badly, and would find other things the second time; with the names in their places it finds what it found the first time,
 * so that redacting twice changes nothing.
 */
import { claim, namesOf, type Find, type Range } from './claims.ts'

/** A placeholder in a text, and the name that it stands for. */
export interface Known extends Range {
  readonly name: string
}

export class View {
  readonly text: string
  /** The names' places in the view, and how far what is behind each has moved. */
  readonly #names: (Range & { readonly moved: number })[] = []

  /** `known`: by place, none overlapping. */
  constructor(text: string, known: readonly Known[]) {
    let seen = ''
    let at = 0
    for (const { start, end, name } of known) {
      seen += text.slice(at, start)
      this.#names.push({ start: seen.length, end: seen.length + name.length, moved: end - seen.length - name.length })
      seen += name
      at = end
    }
    this.text = seen + text.slice(at)
  }

  /** Finds in the view, by place → the same in the text, without those parts that placeholders stand for. */
  toText<T extends Find>(finds: readonly T[]): T[] {
    if (this.#names.length === 0) return [...finds]
    let i = 0
    return namesOf(this.text, claim(this.#names, finds)).map(find => {
      while (i < this.#names.length && this.#names[i]!.end <= find.start) i++
      const moved = this.#names[i - 1]?.moved ?? 0
      return { ...find, start: find.start + moved, end: find.end + moved }
    })
  }
}
