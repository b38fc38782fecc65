/**
 * A text area whose names are marked as one types. The marks are painted on a copy of the text that lies behind it
 * (CSS Custom Highlight API): one text node, whatever the number of names, so that typing stays quick in a long text.
 */
import { effect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { openFiles, over } from '../files.ts'
import { setText } from '../session.ts'
import { colourOf, shown, text } from '../state.ts'
import { SAMPLES } from './samples.ts'

const COLOURS = 8

export function Editor() {
  const area = useRef<HTMLTextAreaElement>(null)
  const behind = useRef<HTMLDivElement>(null)
  const picker = useRef<HTMLInputElement>(null)

  useEffect(() => {
    const node = document.createTextNode('')
    behind.current!.append(node)
    return effect(() => {
      // A last line that is empty has no height without something in it.
      const copy = text.value.endsWith('\n') || text.value === '' ? `${text.value}\u200b` : text.value
      if (node.data !== copy) node.data = copy
      if (area.current && area.current.value !== text.value) area.current.value = text.value
      paint(node)
    })
  }, [])

  return (
    <div class={over.value ? 'editor over' : 'editor'}>
      <div class="tools">
        <button type="button" onClick={() => picker.current?.click()}>
          Open a file …
        </button>
        <label>
          <span>Example</span>
          <select
            value=""
            onChange={event => {
              const sample = SAMPLES.find(([name]) => name === event.currentTarget.value)
              if (sample) setText(sample[1])
              event.currentTarget.value = ''
            }}
          >
            <option value="">choose …</option>
            {SAMPLES.map(([name]) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button
          type="button"
          onClick={() => {
            setText('')
            area.current?.focus()
          }}
        >
          Clear
        </button>
        <input
          ref={picker}
          type="file"
          hidden
          accept=".txt,.md,.csv,text/plain,text/markdown,text/csv"
          onChange={event => {
            if (event.currentTarget.files) void openFiles(event.currentTarget.files)
            event.currentTarget.value = ''
          }}
        />
      </div>
      <div class="page" dir="auto">
        <div class="behind" aria-hidden="true" dir="auto" ref={behind} />
        <textarea
          ref={area}
          id="text"
          dir="auto"
          spellcheck={false}
          autocomplete="off"
          aria-label="Text to find names in"
          aria-describedby="text-help"
          placeholder="Type or paste a text …"
          onInput={event => setText(event.currentTarget.value)}
        />
      </div>
      <p id="text-help" class="quiet">
        Type, paste, or drop a text (.txt, .md, .csv). Drop the folder of a model to use that one.
      </p>
    </div>
  )
}

/** Paints the names that are shown, one highlight a colour. Browsers without highlights have the list alone. */
function paint(node: Text): void {
  if (!('highlights' in CSS)) return
  const ranges: StaticRange[][] = Array.from({ length: COLOURS }, () => [])
  for (const { type, start, end } of shown.value) {
    if (end > node.length) continue // A name of the text before the last key; the next answer is on its way.
    ranges[colourOf(type)]!.push(
      new StaticRange({ startContainer: node, startOffset: start, endContainer: node, endOffset: end }),
    )
  }
  ranges.forEach((list, colour) => {
    CSS.highlights.set(`type-${colour}`, new Highlight(...list))
  })
}

/** Selects a stretch of the text and shows it. */
export function selectInText(start: number, end: number): void {
  const area = document.querySelector<HTMLTextAreaElement>('#text')
  const [page, node] = [area?.parentElement, area?.previousElementSibling?.firstChild]
  if (!area || !page || !node) return
  area.focus({ preventScroll: true })
  area.setSelectionRange(start, end)
  page.scrollIntoView({ block: 'nearest' })
  const range = document.createRange()
  range.setStart(node, start)
  range.setEnd(node, end)
  page.scrollTop += range.getBoundingClientRect().top - page.getBoundingClientRect().top - page.clientHeight / 2
}
