/**
 * A tokenizer.json is a vocabulary of 30,000 entries and a page of settings. `JSON.parse` makes an object of 30,000 keys
 * out of it, which then has to be taken apart again: most of the time that loading takes. So the vocabulary is read here
 * straight into a list, and `JSON.parse` gets the rest.
 *
 * This is a short cut, not a second parser: wherever the text is not the plain thing that it expects, it gives up, and
 * `JSON.parse` reads all of it and says what is wrong.
 */

/** Stands for the vocabulary in what is left for `JSON.parse`. */
export const SCANNED = 'vocabulary read before'

export interface ScannedVocab {
  /** [token, id], in the order of the file. */
  readonly entries: readonly (readonly [string, number])[]
  /** The text with {@link SCANNED} in place of the vocabulary. */
  readonly rest: string
}

/** Undefined where there is no vocabulary that can be read this way. */
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
 * `"token": id`, and a comma or the end. Exactly what JSON allows, but for ids that no vocabulary has, and for more escapes
 * than a token has units: engines give up with a raw RangeError on an expression that goes round too often.
 */
const ENTRY =
  // eslint-disable-next-line no-control-regex -- JSON does not allow them in a string
  /[ \n\r\t]*"([^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\u0000-\u001f]*){0,1000})"[ \n\r\t]*:[ \n\r\t]*(0|[1-9]\d{0,8})[ \n\r\t]*([,}])/y

function unescape(token: string): string {
  return JSON.parse(`"${token}"`) as string
}
