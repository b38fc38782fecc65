/**
 * Replacements that are read back to the letter: surrogates, and what a function said. A trie over UTF-16 units finds the
 * longest that begins at a place and is a word of its own; any white space stands for a space.
 */
import { isSpaceAt, isWordAt, isWordBefore } from './characters.ts'
import type { NameRecord } from './mapping.ts'
import { LONGEST, MORE, windowOf, type Place } from './placeholders.ts'

interface Node {
  readonly next: Map<number, Node>
  /** The name that a replacement stands for; null if it stands for several. */
  name?: NameRecord | null
}

const SPACE = 0x20

function spell(replacement: string): string {
  return replacement.split(/\s+/u).join(' ')
}

export class ExactForms {
  readonly #root: Node = { next: new Map() }

  add(name: NameRecord): void {
    const spelt = spell(name.replacement)
    if (spelt === '' || name.replacement.length >= LONGEST) return
    let node = this.#root
    for (let i = 0; i < spelt.length; i++) {
      const unit = spelt.charCodeAt(i)
      let next = node.next.get(unit)
      if (!next) node.next.set(unit, (next = { next: new Map() }))
      node = next
    }
    node.name = node.name === undefined || node.name?.name === name.name ? name : null
  }

  has(replacement: string): boolean {
    const spelt = spell(replacement)
    let node: Node | undefined = this.#root
    for (let i = 0; node && i < spelt.length; i++) node = node.next.get(spelt.charCodeAt(i))
    return node?.name !== undefined
  }

  read(place: Place): { end: number; name: NameRecord; suffix: string } | typeof MORE | undefined {
    const { text, at } = place
    let node = this.#root.next.get(text.charCodeAt(at))
    if (!node || (isWordAt(text, at) && isWordBefore(text, at))) return undefined
    const { limit, atLimit } = windowOf(place)
    let best: { end: number; name: NameRecord; suffix: string } | undefined
    for (let i = at + 1; ;) {
      if (i >= limit && atLimit === 'more') return MORE
      const isWhole = (i < limit || atLimit === 'end') && !(isWordBefore(text, i) && isWordAt(text, i))
      if (node.name && isWhole) best = { end: i, name: node.name, suffix: '' }
      if (i >= limit) return best
      const next: Node | undefined = isSpaceAt(text, i) ? node.next.get(SPACE) : node.next.get(text.charCodeAt(i))
      if (!next) return best
      i++
      if (isSpaceAt(text, i - 1)) while (i < limit && isSpaceAt(text, i)) i++
      node = next
    }
  }
}
