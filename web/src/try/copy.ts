/**
 * The copy of the text that lies behind the text area and carries the marks (CSS Custom Highlight API). It has a block for each line: a
 * letter typed lays out one line anew, however long the text is, and no mark is an element.
 */
import { colourOf, type Found } from '../state.ts'

const COLOURS = 8

export class Copy {
  readonly #window: Element
  readonly #box: HTMLElement
  #names: readonly Found[] = []
  #isDue = false
  #text = ''
  /** Where each line starts in the text. */
  #starts: number[] = []

  /** `box` holds the copy, and scrolls in `window`. */
  constructor(window: Element, box: HTMLElement) {
    this.#window = window
    this.#box = box
    this.write('')
  }

  /** Takes the text, and changes the lines that are others. */
  write(text: string): void {
    if (text === this.#text && this.#starts.length > 0) return
    const [before, after] = [this.#box.childElementCount > 0 ? this.#text.split('\n') : [], text.split('\n')]
    const most = Math.min(before.length, after.length)
    let same = 0
    while (same < most && before[same] === after[same]) same++
    let end = 0
    while (end < most - same && before.at(-1 - end) === after.at(-1 - end)) end++
    const fresh = after.slice(same, after.length - end)
    const lines = [...this.#box.children].slice(same, before.length - end)
    fresh.forEach((line, k) => {
      const old = lines[k]?.firstChild
      if (old) old.nodeValue = line
    })
    for (const line of lines.slice(fresh.length)) line.remove()
    if (fresh.length > lines.length) {
      const place = this.#box.children[same + lines.length] ?? null
      const made = document.createDocumentFragment()
      for (const line of fresh.slice(lines.length)) {
        made.append(document.createElement('div'))
        made.lastElementChild!.append(document.createTextNode(line))
      }
      this.#box.insertBefore(made, place)
    }
    this.#text = text
    let start = 0
    this.#starts = after.map(line => (start += line.length + 1) - line.length - 1)
  }

  /** A stretch of the text, in the copy. */
  range(start: number, end: number): StaticRange {
    const [startContainer, startOffset] = this.#place(start)
    const [endContainer, endOffset] = this.#place(end)
    return new StaticRange({ startContainer, startOffset, endContainer, endOffset })
  }

  /** Marks names in the next frame. Browsers without highlights have the list of names alone. */
  mark(names: readonly Found[]): void {
    this.#names = names
    this.markSoon()
  }

  /** Marks anew, after a scroll. */
  markSoon(): void {
    if (this.#isDue || !('highlights' in CSS)) return
    this.#isDue = true
    requestAnimationFrame(() => {
      this.#isDue = false
      this.#mark()
    })
  }

  /** One highlight a colour. Only names near the window are marked: painting costs time for each. */
  #mark(): void {
    const { scrollTop, clientHeight } = this.#window
    const [from, to] = [this.#lineAt(scrollTop - clientHeight), this.#lineAt(scrollTop + 2 * clientHeight) + 1]
    const [first, last] = [this.#starts[from]!, this.#starts[to] ?? this.#text.length]
    const ranges: StaticRange[][] = Array.from({ length: COLOURS }, () => [])
    for (const { type, start, end } of this.#names) {
      if (end > first && start < last && end <= this.#text.length) ranges[colourOf(type)]!.push(this.range(start, end))
    }
    ranges.forEach((list, colour) => CSS.highlights.set(`type-${colour}`, new Highlight(...list)))
  }

  /** The last line that begins above `y`, a distance from the top in pixels. */
  #lineAt(y: number): number {
    const lines = this.#box.children
    return lastOf(lines.length, line => (lines[line] as HTMLElement).offsetTop <= y)
  }

  #place(at: number): readonly [Node, number] {
    const line = lastOf(this.#starts.length, k => this.#starts[k]! <= at)
    return [this.#box.children[line]!.firstChild!, at - this.#starts[line]!]
  }
}

/** The last of `count` for which `is` holds, as it does for all before; 0 if for none. */
function lastOf(count: number, is: (k: number) => boolean): number {
  let [low, high] = [0, count - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (is(middle)) low = middle
    else high = middle - 1
  }
  return low
}
