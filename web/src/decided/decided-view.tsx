/** The second view: one sentence on its way through the model, step by step, in fp32. */
import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../messages.ts'
import { AttentionStep } from './attention-step.tsx'
import { EntitiesStep, HeatStep, LensStep } from './label-steps.tsx'
import { Pieces } from './pieces.tsx'
import { SourceDialog } from './source-link.tsx'
import { TextStep } from './text-step.tsx'
import { VectorStep } from './vector-step.tsx'
import { text as typed } from '../state.ts'
import { follow, there, walk } from './walk.ts'

/** Sentences to begin with. In the second, words have many pieces, and strategies and decodings do not agree. */
const SENTENCES: readonly (readonly [name: string, text: string])[] = [
  ['as in the documentation', "Angela Merkel met Tim Cook at Apple's office in Berlin."],
  ['pieces that disagree', 'The Afro-American Museum of Philadelphia bought a Basquiat.'],
  ['one word, two names', 'The New York Times wrote about New York.'],
]

/** The first sentence of the text in the other view. */
function ownSentence(): string {
  const [first] = new Intl.Segmenter('en', { granularity: 'sentence' }).segment(typed.value.trim())
  return first?.segment.trim() ?? ''
}

export default function DecidedView() {
  const [text, setText] = useState(SENTENCES[0]![1])
  useEffect(() => {
    const soon = setTimeout(() => void follow(text), 150)
    return () => clearTimeout(soon)
  }, [text])
  const [state, shown] = [walk.value, there.value]
  return (
    <div class="decided">
      <section class="step" aria-labelledby="sentence-heading">
        <div class="tools">
          <h2 id="sentence-heading">One sentence on its way</h2>
          <label class="example">
            <span>Example</span>
            <select
              value=""
              onChange={event => {
                setText(event.currentTarget.value)
                event.currentTarget.value = ''
              }}
            >
              <option value="">choose …</option>
              {SENTENCES.map(([name, sentence]) => (
                <option key={name} value={sentence}>
                  {name}
                </option>
              ))}
              {ownSentence() !== '' && <option value={ownSentence()}>the first sentence of your text</option>}
            </select>
          </label>
        </div>
        <div class="sentence">
          <div class="tools">
            <label for="sentence">Sentence, read in fp32</label>
            <p class={state.is === 'failed' ? 'status error' : 'status quiet'} role="status" data-walk={state.is}>
              {state.is === 'loading' && 'Loading …'}
              {state.is === 'working' && 'Computing …'}
              {state.is === 'failed' && messageOf(state.error)}
            </p>
            {state.is === 'loading' && (
              <progress
                max={1}
                aria-label="Share of the model that is loaded"
                {...(state.progress === undefined ? {} : { value: state.progress })}
              />
            )}
          </div>
          <input
            id="sentence"
            type="text"
            dir="auto"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={event => setText(event.currentTarget.value)}
          />
        </div>
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
