/** A text with its entities marked, for people to look at: in a page, or on a terminal. */
import type { Entity } from '../ner/entity.ts'
import { checkNames, OFFSET_UNIT, wrong, type Known, type OffsetUnit } from '../ner/options.ts'
import { escapeControls, escapeHtml, showControls } from '../escape.ts'
import { show } from '../values.ts'
import { stretches } from './spans.ts'

export const RENDER_FORMATS = ['html', 'ansi'] as const
export type RenderFormat = (typeof RENDER_FORMATS)[number]

export interface RenderOptions {
  /** The unit of the entities' offsets. Default `utf16`. */
  readonly offsetUnit?: OffsetUnit
}

const OPTIONS: Known<RenderOptions> = { offsetUnit: OFFSET_UNIT }

/**
 * `html`: one `<div class="entities">` with a `<mark class="entity" data-entity="PER">` for each entity, coloured by `style`
 * attributes, without scripts or style sheets, everything from outside escaped. `ansi`: colours for a terminal; what
 * would steer the terminal is shown as a symbol instead.
 *
 * @throws OptionError `OPTION_ENTITIES` for entities of another text, `OPTION_VALUE` or `OPTION_UNKNOWN` for a format or an
 *   option that does not exist
 */
export function render(
  text: string,
  entities: readonly Entity[],
  format: RenderFormat = 'html',
  options: RenderOptions = {},
): string {
  const { offsetUnit = 'utf16' } = checkNames(options, OPTIONS)
  if (!RENDER_FORMATS.includes(format)) {
    throw wrong('format', `one of ${RENDER_FORMATS.join(', ')}`, show(format), "Use 'html' or 'ansi'.")
  }
  const parts = stretches(text, entities, offsetUnit)
  if (format === 'html') {
    const marked = parts.map(part => (part.entity ? markHtml(part.text, part.label) : escapeHtml(part.text)))
    return `<div class="entities" dir="auto" style="line-height: 2.2; white-space: pre-wrap">${marked.join('')}</div>`
  }
  return parts.map(part => (part.entity ? markAnsi(part.text, part.label) : showControls(part.text))).join('')
}

/** Background colours, light enough for black text on each, and the nearest of the terminal's 256 colours. */
const PALETTE: readonly (readonly [html: string, ansi: number])[] = [
  ['#aed6ff', 153],
  ['#ffd59e', 223],
  ['#b5e8b0', 157],
  ['#e3c4f5', 183],
  ['#ffb8b8', 217],
  ['#a6e9e4', 159],
  ['#f3e58f', 229],
  ['#d6d3cd', 252],
]
/** The types that everyone has keep their colours; any other name has one of its own from its letters. */
const FIXED = new Map([
  ['PER', 0],
  ['ORG', 1],
  ['LOC', 2],
  ['MISC', 3],
])

function colourOf(label: string): readonly [html: string, ansi: number] {
  const type = label.startsWith('B-') || label.startsWith('I-') ? label.slice(2) : label
  let hash = 0
  for (const char of type) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 4093
  return PALETTE[FIXED.get(type) ?? 4 + (hash % (PALETTE.length - 4))] ?? ['#d6d3cd', 252]
}

/** Keeps a mark of right-to-left text inside its entity: it must not turn the label round, or what follows. */
const ISOLATED = 'unicode-bidi: isolate'

function markHtml(text: string, label: string): string {
  const [background] = colourOf(label)
  const box = `background: ${background}; color: #000; padding: 0.3em 0.45em; border-radius: 0.35em; ${ISOLATED}`
  const tag = `font-size: 0.7em; font-weight: bold; margin-left: 0.5em; vertical-align: middle; ${ISOLATED}`
  const name = escapeHtml(escapeControls(label))
  return `<mark class="entity" data-entity="${name}" style="${box}">${escapeHtml(text)}<span style="${tag}">${name}</span></mark>`
}

/** An entity on a terminal: its text, then its label in bold. Also one entry of a legend. */
export function markAnsi(text: string, label: string): string {
  const [, background] = colourOf(label)
  const colours = `\u001b[30;48;5;${background}m`
  return `${colours} ${showControls(text)} \u001b[1m${escapeControls(label)} \u001b[0m`
}
