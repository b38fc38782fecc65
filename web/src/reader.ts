/**
 * Reads a text as it is typed. It is cut into paragraphs at blank lines, and long ones at ends of sentences or lines. Each is read on
 * its own and remembered, so that a letter typed into a book costs one paragraph.
 */
import type { LoadedModel } from './model.ts'
import type { Found } from './state.ts'

interface Paragraph {
  readonly start: number
  readonly text: string
}

/** A paragraph's entities, with offsets in the paragraph. */
export type Names = readonly Found[]

/** UTF-16 units of paragraphs that are remembered. */
const REMEMBERED = 2_000_000

/** A paragraph goes on for so many UTF-16 units, then up to the next end of a sentence or line, and ends anywhere at the most. */
const [ENOUGH, MOST] = [1500, 4000]
const END = /\n|[\p{Ll}\p{N})\]"”’][.!?…]+["”’)\]]*\s+(?=\P{Ll})|[。！？]/gu

/** Texts of more UTF-16 units are not counted in tokens. */
const COUNTED = 200_000

export class Reader {
  readonly #model: LoadedModel
  readonly #known = new Map<string, Names>()
  #size = 0

  constructor(model: LoadedModel) {
    this.#model = model
  }

  /**
   * Finds the names of a text. `report` is told of what is known so far, at the latest every 100 ms.
   *
   * @throws `signal.reason`, or what the pipeline failed with
   */
  async read(
    text: string,
    signal: AbortSignal,
    report: (found: readonly Found[], share: number) => void,
  ): Promise<{ readonly found: readonly Found[]; readonly milliseconds: number; readonly tokens: number }> {
    const started = performance.now()
    const paragraphs = paragraphsOf(text)
    const fresh = [...new Set(paragraphs.map(p => p.text))].filter(t => !this.#known.has(t))
    const total = fresh.reduce((sum, t) => sum + t.length, 0)
    if (fresh.length < paragraphs.length) report(this.#gather(paragraphs), 0)
    let [at, units, last] = [0, 0, started]
    for await (const names of this.#model.read(fresh, signal)) {
      const paragraph = fresh[at++] ?? ''
      units += paragraph.length
      this.#remember(paragraph, names)
      if (performance.now() - last > 100) {
        report(this.#gather(paragraphs), units / total)
        last = performance.now()
      }
    }
    const [found, milliseconds] = [this.#gather(paragraphs), performance.now() - started]
    return { found, milliseconds, tokens: total > 0 && total < COUNTED ? await this.#model.count(fresh) : 0 }
  }

  #gather(paragraphs: readonly Paragraph[]): Found[] {
    return paragraphs.flatMap(({ start, text }) =>
      (this.#known.get(text) ?? []).map(name => ({ ...name, start: name.start + start, end: name.end + start })),
    )
  }

  #remember(text: string, names: Names): void {
    this.#known.set(text, names)
    this.#size += text.length
    for (const oldest of this.#known.keys()) {
      if (this.#size <= REMEMBERED || oldest === text) break
      this.#known.delete(oldest)
      this.#size -= oldest.length
    }
  }
}

/** The stretches between blank lines that have anything in them; long ones in parts. */
export function paragraphsOf(text: string): Paragraph[] {
  const paragraphs: Paragraph[] = []
  let start = 0
  const add = (end: number) => {
    while (start < end) {
      const stop = end - start <= MOST / 2 ? end : cut(text, start, end)
      const part = text.slice(start, stop)
      if (part.trim() !== '') paragraphs.push({ start, text: part })
      start = stop
    }
  }
  for (const { index, 0: blank } of text.matchAll(/\r?\n[^\S\n]*\n\s*/g)) {
    add(index)
    start = index + blank.length
  }
  add(text.length)
  return paragraphs
}

/** Where a long paragraph is cut. As cuts are at ends of sentences, those behind an edit stay where they were. */
function cut(text: string, start: number, end: number): number {
  const last = Math.min(end, start + MOST)
  END.lastIndex = ENOUGH
  const found = END.exec(text.slice(start, last))
  if (found) return start + found.index + found[0].length
  if (last === end) return end
  const space = text.lastIndexOf(' ', last)
  if (space > start) return space + 1
  return /[\uDC00-\uDFFF]/.test(text.charAt(last)) ? last - 1 : last
}

/**
 * Names of a text after an edit, until the text is read again: those before the edit stay, those behind it move along, and those that
 * it touches go.
 */
export function moved(names: readonly Found[], before: string, after: string): readonly Found[] {
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start++
  let rest = 0
  while (
    rest < most - start &&
    before.charCodeAt(before.length - 1 - rest) === after.charCodeAt(after.length - 1 - rest)
  ) {
    rest++
  }
  const [end, by] = [before.length - rest, after.length - before.length]
  return names.flatMap(name =>
    name.end <= start ? [name] : name.start >= end ? [{ ...name, start: name.start + by, end: name.end + by }] : [],
  )
}
