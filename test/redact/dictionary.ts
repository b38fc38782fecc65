/** A pipeline that finds what it is told to find, so that tests of redaction say which names there are. */
import type { EntityGroup } from '../../dist/ner/entity.js'
import type { EntitySource } from '../../dist/redact/options.js'

export type Names = Readonly<Record<string, string>>

/** `names`: surface → type. Finds every place, the longest first, also within words, as a model with small pieces may. */
export function dictionary(names: Names): EntitySource {
  const surfaces = Object.keys(names).sort((a, b) => b.length - a.length)
  const find = (text: string): EntityGroup[] => {
    const found: EntityGroup[] = []
    for (let at = 0; at < text.length;) {
      const surface = surfaces.find(name => text.startsWith(name, at))
      if (surface === undefined) at++
      else {
        const end = at + surface.length
        found.push({ entity_group: names[surface] ?? '', score: 0.9, word: surface.toLowerCase(), start: at, end })
        at = end
      }
    }
    return found
  }
  return Object.assign((text: string) => Promise.resolve(find(text)), {
    async *stream(texts: AsyncIterable<string>) {
      for await (const text of texts) yield find(text)
    },
  })
}

/** A pipeline that gives the same entities for every text. */
export function fixed(...entities: [label: string, start: number, end: number][]): EntitySource {
  const groups = entities.map(([entity_group, start, end]) => ({ entity_group, score: 0.9, word: '', start, end }))
  return Object.assign(() => Promise.resolve(groups), {
    async *stream(texts: AsyncIterable<string>) {
      for await (const text of texts) yield text === '' ? [] : groups
    },
  })
}
