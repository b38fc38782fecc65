/** Marks the names of a text while it is written. The model computes in a worker, so typing never waits for it. */
import { defaultModel } from 'bert-ner/weights'
import { pipeline } from 'bert-ner/worker'

const [text, marked, progress] = ['text', 'marked', 'progress'].map(id => document.getElementById(id))

const ner = await pipeline('token-classification', defaultModel(), {
  aggregation_strategy: 'first',
  progress_callback: event => {
    if (event.status === 'progress') progress.value = event.progress
  },
})
progress.hidden = true

let latest
text.addEventListener('input', mark)
await mark()

/** Marks the text as it is now. A text that is no longer the latest is given up. */
async function mark() {
  latest?.abort()
  const { signal } = (latest = new AbortController())
  const { value } = text
  try {
    show(value, await ner(value, { signal }))
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function show(value, entities) {
  const parts = []
  let at = 0
  for (const { entity_group, start, end } of entities) {
    const mark = document.createElement('mark')
    mark.dataset.type = entity_group
    mark.textContent = value.slice(start, end)
    parts.push(value.slice(at, start), mark)
    at = end
  }
  marked.replaceChildren(...parts, value.slice(at))
}
