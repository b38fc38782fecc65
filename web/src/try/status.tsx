/** One line under the text: reading, how long it took, or what went wrong. It is read out only once things have settled. */
import { useEffect, useState } from 'preact/hooks'
import { reading, shown } from '../state.ts'
import { messageOf } from '../messages.ts'

export function Status() {
  const state = reading.value
  const count = shown.value.length
  const words =
    state.is === 'done'
      ? `${count} ${count === 1 ? 'name' : 'names'} found`
      : state.is === 'failed'
        ? messageOf(state.error)
        : undefined
  const [said, say] = useState('')
  useEffect(() => {
    const settled = words === undefined ? undefined : setTimeout(() => say(words), 1000)
    return () => clearTimeout(settled)
  }, [words, state])
  return (
    <>
      <p class={state.is === 'failed' ? 'status error' : 'status'} data-reading={state.is}>
        {state.is === 'reading' && (
          <>
            Reading … <progress max={1} value={state.share} aria-label="Share of the text that is read" />
          </>
        )}
        {state.is === 'done' && (
          <>
            <span>{state.milliseconds < 10 ? state.milliseconds.toFixed(1) : Math.round(state.milliseconds)} ms</span>
            {state.tokens > 0 && (
              <span>
                {' '}
                · {Math.round((1000 * state.tokens) / state.milliseconds).toLocaleString('en')} tokens/s (
                {state.tokens.toLocaleString('en')} tokens)
              </span>
            )}
          </>
        )}
        {state.is === 'failed' && messageOf(state.error)}
      </p>
      <p class="unseen" role="status">
        {said}
      </p>
    </>
  )
}
