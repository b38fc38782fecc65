/**
 * Reads the vocabulary of a tokenizer.json straight into a list, and leaves the rest to `JSON.parse`. Such a file has
 * 30,000 entries and a page of settings. `JSON.parse` would make an object of 30,000 keys, only to be taken apart again:
 * that is most of the loading time.
 *
 * This is a short cut, not a second parser. If the text is not in the plain form that it expects, it gives up. Then
 * `JSON.parse` reads the whole file and reports any fault.
 */

/** Replaces the vocabulary in the text that `JSON.parse` gets. */
export const SCANNED = 'vocabulary read before'

export interface ScannedVocab {
  /** [token, id], in the order of the file. */
  readonly entries: readonly (readonly [string, number])[]
  /** The text with {@link SCANNED} in place of the vocabulary. */
  readonly rest: string
}

/** Scans the text for its vocabulary; undefined if it cannot be read this way. */
export function scanVocab(text: string): ScannedVocab | undefined {
  const start = OPENING.exec(text)
  if (start === null || text.includes(SCANNED)) return undefined
  const open = start.index + start[0].length - 1
  const entry = new RegExp(ENTRY)
  entry.lastIndex = open + 1
  const entries: [string, number][] = []
  for (;;) {
    const found = entry.exec(text)
    const token = found?.[1]
    if (token === undefined) return undefined
    entries.push([token.includes('\\') ? unescape(token) : token, Number(found?.[2])])
    if (found?.[3] === '}') break
  }
  // Another "vocab" after this one could be the one that counts.
  if (OPENING.test(text.slice(entry.lastIndex))) return undefined
  return { entries, rest: `${text.slice(0, open)}"${SCANNED}"${text.slice(entry.lastIndex)}` }
}

const OPENING = /"vocab"[ \n\r\t]*:[ \n\r\t]*\{/

/**
 * Matches `"token": id`, and a comma or the end. It allows what JSON allows, except ids that no vocabulary has, and more
 * escapes than a token has units: on too many repetitions of a group, engines give up with a raw RangeError.
 */
const ENTRY =
  // eslint-disable-next-line no-control-regex -- JSON does not allow them in a string
  /[ \n\r\t]*"([^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\u0000-\u001f]*){0,1000})"[ \n\r\t]*:[ \n\r\t]*(0|[1-9]\d{0,8})[ \n\r\t]*([,}])/y

function unescape(token: string): string {
  return JSON.parse(`"${token}"`) as string
}
