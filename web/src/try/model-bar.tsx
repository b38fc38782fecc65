/** The model and its engine: progress while it loads, what runs, and switches for it. */
import { signal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { notice, openFiles } from '../files.ts'
import { messageOf } from '../messages.ts'
import { ENGINES, hasWebgl, type Choice } from '../model.ts'
import { choice, cut, useModel } from '../session.ts'
import { model } from '../state.ts'

/** Known once somebody looks at the switches. */
const webgl = signal(false)

export function ModelBar() {
  const folder = useRef<HTMLInputElement>(null)
  const state = model.value
  const change = (part: Partial<Choice>) => (choice.value = { ...choice.value, ...part })
  const simd = choice.value.engine === 'simd'
  return (
    <section class="model" aria-label="Model">
      <p class="model-state" data-model={state.is}>
        {state.is === 'loading' && (
          <label>
            Loading {state.name} …{' '}
            <progress max={1} {...(state.progress === undefined ? {} : { value: state.progress })} />
          </label>
        )}
        {state.is === 'ready' && (
          <>
            <strong>{state.model.name}</strong> on {state.model.summary}
          </>
        )}
        {state.is === 'failed' && <span class="error">{messageOf(state.error)}</span>}
      </p>
      <details onToggle={() => (webgl.value = hasWebgl())}>
        <summary>Engine and model</summary>
        <div class="switches">
          <label>
            <span>Backend</span>
            <select
              value={choice.value.engine}
              onChange={event => change({ engine: event.currentTarget.value as Choice['engine'], dtype: 'auto' })}
            >
              {ENGINES.map(({ name, label }) => (
                <option key={name} value={name} disabled={name === 'webgl' && !webgl.value}>
                  {label}
                  {name === 'webgl' && !webgl.value && ', not in this browser'}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>Arithmetic</span>
            <select
              value={choice.value.dtype}
              disabled={!simd}
              onChange={event => change({ dtype: event.currentTarget.value as Choice['dtype'] })}
            >
              {(['auto', 'fp32', 'w8a16', 'q8'] as const).map(name => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <label>
            <span>Threads</span>
            <select
              value={choice.value.threads}
              disabled={!simd || !crossOriginIsolated}
              title={crossOriginIsolated ? undefined : 'This page is not isolated, so one thread is all there is.'}
              onChange={event => change({ threads: Number(event.currentTarget.value) })}
            >
              <option value={0}>auto</option>
              {[1, 2, 4].map(n => (
                <option key={n} value={n}>
                  {n}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>Decoding</span>
            <select
              value={choice.value.decoding}
              onChange={event => change({ decoding: event.currentTarget.value as Choice['decoding'] })}
            >
              <option value="default">as the model says</option>
              <option value="constrained">constrained</option>
              <option value="argmax">argmax</option>
            </select>
          </label>
          <div class="tools">
            <button type="button" onClick={() => folder.current?.click()}>
              Open a model folder …
            </button>
            <button type="button" onClick={() => useModel(undefined)}>
              Default model
            </button>
          </div>
          <input
            type="file"
            hidden
            multiple
            ref={element => {
              folder.current = element
              element?.setAttribute('webkitdirectory', '')
            }}
            onChange={event => {
              if (event.currentTarget.files) void openFiles(event.currentTarget.files)
              event.currentTarget.value = ''
            }}
          />
        </div>
      </details>
      <p class="error" role="alert">
        {notice.value}
        {cut.value && 'The text was cut after a million characters.'}
      </p>
    </section>
  )
}
