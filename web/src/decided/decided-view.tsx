/** The second view: one sentence on its way through the model, step by step, in fp32. */
import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../messages.ts'
import { AttentionStep } from './attention-step.tsx'
import { EntitiesStep, HeatStep, LensStep } from './label-steps.tsx'
import { Pieces } from './pieces.tsx'
import { SourceDialog } from './source-link.tsx'
import { TextStep } from './text-step.tsx'
import { VectorStep } from './vector-step.tsx'
import { follow, there, walk } from './walk.ts'

const SENTENCE = "Angela Merkel met Tim Cook at Apple's office in Berlin."

export default function DecidedView() {
  const [text, setText] = useState(SENTENCE)
  useEffect(() => {
    const soon = setTimeout(() => void follow(text), 150)
    return () => clearTimeout(soon)
  }, [text])
  const [state, shown] = [walk.value, there.value]
  return (
    <div class="decided">
      <section class="step" aria-labelledby="sentence-heading">
        <h2 id="sentence-heading">One sentence on its way</h2>
        <label class="sentence">
          <span>Sentence, in fp32 with the default model</span>
          <input
            type="text"
            dir="auto"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={event => setText(event.currentTarget.value)}
          />
        </label>
        <p class={state.is === 'failed' ? 'status error' : 'status'} role="status" data-walk={state.is}>
          {state.is === 'loading' && 'Loading the model …'}
          {state.is === 'working' && 'Computing …'}
          {state.is === 'failed' && messageOf(state.error)}
        </p>
        {shown && (
          <>
            <p>Choose the piece that you want to follow:</p>
            <Pieces walk={shown} />
          </>
        )}
      </section>
      {shown && (
        <>
          <TextStep walk={shown} />
          <VectorStep walk={shown} />
          <AttentionStep walk={shown} />
          <LensStep walk={shown} />
          <HeatStep walk={shown} />
          <EntitiesStep walk={shown} />
        </>
      )}
      <SourceDialog />
    </div>
  )
}
