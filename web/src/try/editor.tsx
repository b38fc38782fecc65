/** A text area whose names are marked as one types. The marks are painted on a copy of the text that lies behind it. */
import { effect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { openFiles, over } from '../files.ts'
import { setText } from '../session.ts'
import { shown, text } from '../state.ts'
import { Copy } from './copy.ts'
import { SAMPLES } from './samples.ts'

let copy: Copy | undefined

export function Editor() {
  const area = useRef<HTMLTextAreaElement>(null)
  const page = useRef<HTMLDivElement>(null)
  const behind = useRef<HTMLDivElement>(null)
  const picker = useRef<HTMLInputElement>(null)

  useEffect(() => {
    const mine = (copy = new Copy(page.current!, behind.current!))
    return effect(() => {
      mine.write(text.value)
      if (area.current && area.current.value !== text.value) area.current.value = text.value
      mine.mark(shown.value)
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
      <div class="page" ref={page} onScroll={() => copy?.markSoon()}>
        <div class="sheet">
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
      </div>
      <p id="text-help" class="quiet">
        Type, paste, or drop a text (.txt, .md, .csv). Drop the folder of a model to use that one.
      </p>
    </div>
  )
}

/** Selects a stretch of the text and shows it. */
export function selectInText(start: number, end: number): void {
  const area = document.querySelector<HTMLTextAreaElement>('#text')
  const page = area?.closest('.page')
  if (!area || !page || !copy) return
  area.focus({ preventScroll: true })
  area.setSelectionRange(start, end)
  page.scrollIntoView({ block: 'nearest' })
  const { startContainer, startOffset } = copy.range(start, end)
  const range = document.createRange()
  range.setStart(startContainer, startOffset)
  page.scrollTop += range.getBoundingClientRect().top - page.getBoundingClientRect().top - page.clientHeight / 2
}
