/** One field of a JSON object set or added in its text, so that every other byte stays: numbers, spaces, repeated keys. */

/**
 * `json` is an object that `JSON.parse` took. `value` is JSON text. It takes the place of the field's value; a field that the
 * object repeats has it each time, for readers differ on which one counts. A new field comes last.
 */
export function withField(json: string, field: string, value: string): string {
  let result = ''
  let copied = 0
  for (const [start, end] of valuesOf(json, field)) {
    result += json.slice(copied, start) + value
    copied = end
  }
  if (copied > 0) return result + json.slice(copied)
  const end = json.lastIndexOf('}')
  const before = json.slice(0, end).trimEnd()
  return `${before}${before.endsWith('{') ? '' : ','}${JSON.stringify(field)}:${value}${json.slice(end).trimEnd()}`
}

/** `[start, end)` of each value of a key of the outermost object. Without recursion: a stranger chose the nesting. */
function* valuesOf(json: string, key: string): Generator<[start: number, end: number]> {
  for (let at = json.indexOf('{') + 1; ;) {
    const keyStart = skipSpace(json, at)
    if (json.charAt(keyStart) !== '"') return // an empty object
    const keyEnd = endOfString(json, keyStart)
    const start = skipSpace(json, json.indexOf(':', keyEnd) + 1)
    const end = endOfValue(json, start)
    if (JSON.parse(json.slice(keyStart, keyEnd)) === key) yield [start, end]
    at = skipSpace(json, end)
    if (json.charAt(at) !== ',') return
    at++
  }
}

function endOfValue(json: string, start: number): number {
  let depth = 0
  for (let at = start; at < json.length;) {
    const char = json.charAt(at)
    if (depth === 0 && at > start && ',}] \t\r\n'.includes(char)) return at
    if (char === '"') {
      at = endOfString(json, at)
      if (depth === 0) return at
      continue
    }
    at++
    if (char === '{' || char === '[') depth++
    else if ((char === '}' || char === ']') && --depth === 0) return at
  }
  return json.length
}

/** `start`: where its opening quotation mark stands. */
function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const char = json.charAt(at)
    if (char === '"') return at + 1
    if (char === '\\') at++
  }
  return json.length
}

function skipSpace(json: string, from: number): number {
  let at = from
  while (' \t\r\n'.includes(json.charAt(at)) && at < json.length) at++
  return at
}
