/** One field of a JSON object set or added in its text, so that every other byte stays: numbers, spaces, repeated keys. */

/**
 * `json` is an object that `JSON.parse` took. `value` is JSON text. It takes the place of the field's value; a field that the
 * object repeats has it each time, for readers differ on which one counts. A new field comes last, and takes the
 * place of spaces before the brace and behind it.
 */
export function withField(json: string, field: string, value: string): string {
  let result = ''
  let copied = 0
  for (const [start, end] of valuesOf(json, field)) {
    result += json.slice(copied, start) + value
    copied = end
  }
  if (copied > 0) return result + json.slice(copied)
  const before = json.slice(0, json.lastIndexOf('}')).trimEnd()
  const comma = before.endsWith('{') ? '' : ','
  return `${before}${comma}${JSON.stringify(field)}:${value}}`
}

/** The object without a field, wherever it stands. The other fields keep their bytes. */
export function withoutField(json: string, field: string): string {
  const kept = [...fieldsOf(json)].filter(({ key }) => key !== field)
  return `{${kept.map(({ from, end }) => json.slice(from, end)).join(',')}}`
}

/** Only the named fields, in the order in which they are named, values to the letter. Of a repeated key the last one counts. */
export function onlyFields(json: string, names: readonly string[]): string {
  const fields = new Map(Array.from(fieldsOf(json), ({ key, start, end }) => [key, json.slice(start, end)]))
  const kept = [...new Set(names)].filter(name => fields.has(name))
  return `{${kept.map(name => `${JSON.stringify(name)}:${fields.get(name) ?? ''}`).join(',')}}`
}

/** `[start, end)` of each value of a key of the outermost object. Without recursion: a stranger chose the nesting. */
function* valuesOf(json: string, key: string): Generator<[start: number, end: number]> {
  for (const field of fieldsOf(json)) if (field.key === key) yield [field.start, field.end]
}

/** Each field: its key begins at `from`, its value at `start`. */
function* fieldsOf(json: string): Generator<{ key: string; from: number; start: number; end: number }> {
  for (let at = json.indexOf('{') + 1; ;) {
    const keyStart = skipSpace(json, at)
    if (json.charAt(keyStart) !== '"') return // an empty object
    const keyEnd = endOfString(json, keyStart)
    const start = skipSpace(json, json.indexOf(':', keyEnd) + 1)
    const end = endOfValue(json, start)
    yield { key: JSON.parse(json.slice(keyStart, keyEnd)) as string, from: keyStart, start, end }
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
