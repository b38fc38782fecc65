/**
 * A value as JSON with line breaks, piece by piece: a string of all of it could be longer than an engine allows. A list without
 * further lists or objects in it, such as a pair of offsets, stays on one line. A generator is a list as well, with one line for
 * each item, which is made only when its turn comes.
 */
import { escapeJson } from '../escape.ts'

export function* jsonPieces(value: unknown, lineBreak = '\n'): Generator<string> {
  if (typeof value !== 'object' || value === null || isFlat(value)) {
    yield escapeJson(JSON.stringify(value))
    return
  }
  if (isGenerator(value)) {
    let before = '['
    for (const item of value) {
      yield `${before}${lineBreak}  ${escapeJson(JSON.stringify(item))}`
      before = ','
    }
    yield before === '[' ? '[]' : `${lineBreak}]`
    return
  }
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  let before = open
  for (const [key, inner] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    if (inner === undefined) continue
    yield `${before}${lineBreak}  ${typeof key === 'number' ? '' : `${escapeJson(JSON.stringify(key))}: `}`
    yield* jsonPieces(inner, `${lineBreak}  `)
    before = ','
  }
  yield before === open ? `${open}${close}` : `${lineBreak}${close}`
}

function isGenerator(value: object): value is Iterable<unknown> {
  return Object.prototype.toString.call(value) === '[object Generator]'
}

function isFlat(value: object): boolean {
  return Array.isArray(value) && value.every(item => typeof item !== 'object' || item === null)
}
