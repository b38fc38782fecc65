/** The text without its names, and an answer with the names put back. The mapping stays in this tab, and goes with it. */
import { signal } from '@preact/signals'
import type { Redactor } from 'bert-ner'
import { useEffect } from 'preact/hooks'
import { messageOf } from '../messages.ts'
import { model, reading, text } from '../state.ts'
import { CopyButton } from './name-list.tsx'

type State =
  | { readonly is: 'idle' | 'working' }
  | { readonly is: 'done'; readonly text: string; readonly mapping: Readonly<Record<string, string>> }
  | { readonly is: 'failed'; readonly error: unknown }

const redacted = signal<State>({ is: 'idle' })
const answer = signal('')
const restored = signal('')
let redactor: Redactor | undefined

async function redactNow(): Promise<void> {
  if (model.value.is !== 'ready') return
  redacted.value = { is: 'working' }
  try {
    redactor ??= await model.value.model.redactor()
    const { text: without, mapping } = await redactor.redact(text.value)
    redacted.value = { is: 'done', text: without, mapping }
    answer.value = without
    restoreNow()
  } catch (error) {
    redacted.value = { is: 'failed', error }
  }
}

function restoreNow(): void {
  try {
    restored.value = redactor?.restore(answer.value) ?? ''
  } catch (error) {
    restored.value = messageOf(error)
  }
}

function forget(): void {
  redactor?.clear()
  redacted.value = { is: 'idle' }
  answer.value = restored.value = ''
}

export function RedactPanel() {
  const state = redacted.value
  const loaded = model.value
  useEffect(() => {
    redactor = undefined // of the model that was
  }, [loaded])
  return (
    <>
      <div class="tools">
        <button
          type="button"
          disabled={loaded.is !== 'ready' || reading.value.is === 'reading'}
          onClick={() => void redactNow()}
        >
          Redact
        </button>
        {state.is === 'done' && (
          <>
            <CopyButton label="Copy the redacted text" make={() => state.text} />
            <button type="button" onClick={forget}>
              Forget the names
            </button>
          </>
        )}
      </div>
      {state.is === 'working' && <p class="quiet">Working …</p>}
      {state.is === 'failed' && <p class="error">{messageOf(state.error)}</p>}
      {state.is === 'done' && (
        <div class="pair">
          <label>
            <span>Redacted. Change it, as a language model would</span>
            <textarea
              dir="auto"
              rows={8}
              spellcheck={false}
              value={answer.value}
              onInput={event => {
                answer.value = event.currentTarget.value
                restoreNow()
              }}
            />
          </label>
          <label>
            <span>With the names put back</span>
            <textarea dir="auto" rows={8} readOnly value={restored.value} />
          </label>
          <details>
            <summary>{Object.keys(state.mapping).length} placeholders</summary>
            <dl>
              {Object.entries(state.mapping).map(([placeholder, name]) => (
                <div key={placeholder}>
                  <dt>{placeholder}</dt>
                  <dd dir="auto">{name}</dd>
                </div>
              ))}
            </dl>
          </details>
        </div>
      )}
      <p class="quiet">
        The same name gets the same placeholder. It reduces what is given away, and is no guarantee: names that the
        model overlooks stay.
      </p>
    </>
  )
}
