/** Names out of files can hold line breaks, terminal escapes and marks that turn text round: shown, never obeyed. */
export function escapeControls(text: string): string {
  return escape(text, isControl)
}

/** The same within JSON: it says what it said, since these can stand in its strings alone, but for its line breaks. */
export function escapeJson(json: string): string {
  return escape(json, unit => unit !== LINE_BREAK && isControl(unit))
}

const LINE_BREAK = 0x0a

function escape(text: string, isEscaped: (unit: number) => boolean): string {
  let escaped = ''
  let plain = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (!isEscaped(unit)) continue
    escaped += `${text.slice(plain, i)}\\u${unit.toString(16).padStart(4, '0')}`
    plain = i + 1
  }
  return plain === 0 ? text : escaped + text.slice(plain)
}

/** C0 and C1 controls, line and paragraph separators, and what sets the direction of text. */
function isControl(code: number): boolean {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true
  if (code === 0x061c || code === 0x200e || code === 0x200f) return true
  return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)
}
