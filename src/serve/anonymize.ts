/**
 * `POST /anonymize`: Presidio's anonymizer. It takes the analyzer's results, settles which of them overlap, and replaces each.
 * Offsets count code points.
 *
 * Reference: presidio-anonymizer 2.2.366, anonymizer_engine.py and core/.
 */
import { codePoints } from '../ner/offsets.ts'
import { show } from '../values.ts'
import { operatorOf, type Operator } from './operators.ts'
import { refused } from './refused.ts'

type Fields = Readonly<Record<string, unknown>>

interface Result {
  start: number
  end: number
  readonly entity_type: string
  score: number
}

interface Item {
  start: number
  end: number
  readonly entity_type: string
  readonly text: string
  readonly operator: string
  readonly score: number
}

/** → the text, and what was replaced, last first */
export async function anonymizing(fields: Fields): Promise<{ text: string; items: Item[] }> {
  const { text = '' } = fields
  if (typeof text !== 'string') throw refused('text', 'a string', show(text))
  const operators = operatorsOf(fields.anonymizers)
  const places = placesOf(text)
  const last = places.length - 1
  const results = resultsOf(fields.analyzer_results, last).sort(byPlace)
  const settled = mergedOverSpaces(text, places, withoutContained(mergedByType(results)))
  return replaced(text, places, settled, operators)
}

/** Code point offset → UTF-16 offset, up to the end of the text. */
function placesOf(text: string): Uint32Array {
  const places = new Uint32Array(codePoints(text, 0, text.length) + 1)
  let [at, count] = [0, 0]
  for (const character of text) {
    places[count++] = at
    at += character.length
  }
  places[count] = at
  return places
}

const STANDARD: Operator = operatorOf({ type: 'replace' })

function operatorsOf(anonymizers: unknown): (type: string) => Operator {
  if (anonymizers === undefined || anonymizers === null) return () => STANDARD
  if (typeof anonymizers !== 'object' || Array.isArray(anonymizers)) {
    throw refused('anonymizers', 'an object', show(anonymizers))
  }
  const operators = new Map(Object.entries(anonymizers).map(([type, config]) => [type, operatorOf(config)]))
  return type => operators.get(type) ?? operators.get('DEFAULT') ?? STANDARD
}

function resultsOf(list: unknown, last: number): Result[] {
  if (!Array.isArray(list)) throw refused('analyzer_results', "a list of the analyzer's results", show(list))
  return list.map((one: unknown) => {
    const { start, end, entity_type, score } = (one ?? {}) as Partial<Record<string, unknown>>
    const isPlace = Number.isSafeInteger(start) && Number.isSafeInteger(end)
    const [from, to] = [start as number, end as number]
    if (!isPlace || from < 0 || to < from || to > last) {
      throw refused('analyzer_results', `0 ≤ start ≤ end ≤ ${last}`, `${show(start)}, ${show(end)}`)
    }
    if (typeof entity_type !== 'string' || entity_type === '') {
      throw refused('analyzer_results, entity_type', 'a string', show(entity_type))
    }
    if (typeof score !== 'number') throw refused('analyzer_results, score', 'a number', show(score))
    return { start: from, end: to, entity_type, score }
  })
}

function byPlace(a: Result, b: Result): number {
  return a.start - b.start || a.end - b.end
}

/** Results of one type that share a character become one, with the higher score. It stands where the last of them stood. */
function mergedByType(results: readonly Result[]): Result[] {
  const kept: { position: number; result: Result }[] = []
  const last = new Map<string, { position: number; result: Result }>()
  for (const [position, result] of results.entries()) {
    const before = last.get(result.entity_type)
    if (
      before &&
      Math.min(before.result.end, result.end) - Math.max(before.result.start, result.start) !== 0 &&
      before.result.end >= result.start
    ) {
      before.result.end = Math.max(before.result.end, result.end)
      before.result.score = Math.max(before.result.score, result.score)
      before.position = position
    } else {
      const next = { position, result }
      last.set(result.entity_type, next)
      kept.push(next)
    }
  }
  return kept.sort((a, b) => a.position - b.position).map(({ result }) => result)
}

/** Leaves out what lies within another; of those in one place, the best score stays, the last of equals. */
function withoutContained(results: readonly Result[]): Result[] {
  const order = Array.from(results, (result, i) => ({ result, i }))
  order.sort(
    (a, b) =>
      a.result.start - b.result.start || b.result.end - a.result.end || b.result.score - a.result.score || b.i - a.i,
  )
  const dropped = new Set<Result>()
  let largest = -1
  for (const { result } of order) {
    if (result.end <= largest) dropped.add(result)
    else largest = result.end
  }
  return results.filter(result => !dropped.has(result))
}

/** Neighbours of one type with nothing but spaces between them become one. */
function mergedOverSpaces(text: string, places: Uint32Array, results: readonly Result[]): Result[] {
  const merged: Result[] = []
  let before: Result | undefined
  for (const result of results) {
    if (
      before?.entity_type === result.entity_type &&
      /^ +$/.test(text.slice(places[before.end], places[result.start]))
    ) {
      merged.splice(merged.indexOf(before), 1)
      result.start = before.start
    }
    merged.push(result)
    before = result
  }
  return merged
}

/** Replaces from the end to the start. Where two overlap, the later one loses its first part to the one before it. */
async function replaced(
  text: string,
  places: Uint32Array,
  results: readonly Result[],
  operatorOf: (type: string) => Operator,
): Promise<{ text: string; items: Item[] }> {
  const parts: string[] = []
  const items: (Item & { readonly fromEnd: number })[] = []
  let [border, length] = [places.length - 1, 0]
  for (const { start, end, entity_type, score } of [...results].sort((a, b) => byPlace(b, a))) {
    const { name, operate } = operatorOf(entity_type)
    const made = await operate(text.slice(places[start], places[end]), entity_type)
    const kept = text.slice(places[Math.min(end, border)], places[border])
    parts.push(kept, made)
    length += codePoints(kept, 0, kept.length) + codePoints(made, 0, made.length)
    items.push({
      start: 0,
      end: codePoints(made, 0, made.length),
      entity_type,
      text: made,
      operator: name,
      score,
      fromEnd: length,
    })
    border = start
  }
  const total = length + border
  return {
    text: text.slice(0, places[border]) + parts.reverse().join(''),
    items: items.map(({ fromEnd, start, end, ...item }) => ({
      start: start + total - fromEnd,
      end: end + total - fromEnd,
      ...item,
    })),
  }
}
