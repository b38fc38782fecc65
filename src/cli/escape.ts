/** Names out of files can hold line breaks, terminal escapes and marks that turn text round: shown, never obeyed. */
export function escapeControls(text: string): string {
  let line = ''
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    line += isControl(code) ? `\\u${code.toString(16).padStart(4, '0')}` : char
  }
  return line
}

/** C0 and C1 controls, line and paragraph separators, and what sets the direction of text. */
function isControl(code: number): boolean {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true
  return code === 0x200e || code === 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)
}
