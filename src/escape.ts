/**
 * Shows characters that a terminal, a page or a reader of lines would obey. Labels, names and texts come from strangers; one
 * of them must not move the cursor, turn a line round, or forge a row of a table.
 *
 *     C0, DEL, C1           escape sequences, bells, carriage returns; tab and line feed too, outside of running text
 *     U+2028, U+2029        line and paragraph separators, which some readers take for line ends
 *     bidirectional marks   U+061C, U+200E, U+200F, U+202A … U+202E, U+2066 … U+206F
 *
 * Reference: Unicode Standard Annex 9, §2 (directional formatting characters); ECMA-48, §5 (control functions).
 */

/** Whether a UTF-16 unit is one of these. All lie below U+10000. */
export function isControl(unit: number): boolean {
  if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) return true
  if (unit === 0x061c || unit === 0x200e || unit === 0x200f) return true
  return (unit >= 0x2028 && unit <= 0x202e) || (unit >= 0x2066 && unit <= 0x206f)
}

export function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (isControl(text.charCodeAt(i))) return true
  return false
}

/** For names and messages: each such character as `\u001b`, tabs and line breaks too, so that one line stays one line. */
export function escapeControls(text: string): string {
  return replaceUnits(text, unit => (isControl(unit) ? escaped(unit) : undefined))
}

/**
 * For JSON text: the same outside of its own line breaks. Raw characters of this kind stand only inside JSON's strings, so
 * the value does not change.
 */
export function escapeJson(json: string): string {
  return replaceUnits(json, unit => (isControl(unit) && unit !== LINE_FEED ? escaped(unit) : undefined))
}

/** For running text on a terminal: tabs and line breaks stay; other C0 become symbols such as ␛, the rest `\u202e`. */
export function showControls(text: string): string {
  return replaceUnits(text.replaceAll('\r\n', '\n'), shown)
}

/**
 * For running text in HTML. Marks of right-to-left text become references and keep their effect; controls, which HTML does not
 * allow, become symbols as on a terminal. A name goes through {@link escapeControls} first.
 */
export function escapeHtml(text: string): string {
  // HTML reads each of the three line ends as a line feed.
  const lines = text.replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  return replaceUnits(lines, unit => {
    if (unit >= 0xa0 && isControl(unit)) return `&#${unit};`
    return MARKUP.get(unit) ?? shown(unit)
  })
}

const MARKUP: ReadonlyMap<number, string> = new Map([
  [0x26, '&amp;'],
  [0x3c, '&lt;'],
  [0x3e, '&gt;'],
  [0x22, '&quot;'],
  [0x27, '&#39;'],
])

const TAB = 0x09
const LINE_FEED = 0x0a
const DELETE = 0x7f
const CONTROL_PICTURES = 0x2400

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}

function shown(unit: number): string | undefined {
  if (!isControl(unit) || unit === TAB || unit === LINE_FEED) return undefined
  if (unit < 0x20) return String.fromCharCode(CONTROL_PICTURES + unit)
  return unit === DELETE ? '␡' : escaped(unit)
}

/** Replaces UTF-16 units; undefined: the unit stays. */
function replaceUnits(text: string, replacement: (unit: number) => string | undefined): string {
  let replaced = ''
  let plain = 0
  for (let i = 0; i < text.length; i++) {
    const other = replacement(text.charCodeAt(i))
    if (other === undefined) continue
    replaced += text.slice(plain, i) + other
    plain = i + 1
  }
  return plain === 0 ? text : replaced + text.slice(plain)
}
