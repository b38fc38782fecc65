'use client'
/** The same question to both: the model in this page, and the model on the server. */
import { useState } from 'react'

let loading

/** Loads the model once, in a worker of this page. */
function load() {
  loading ??= Promise.all([import('bert-ner/worker'), import('bert-ner/weights')]).then(
    ([{ pipeline }, { defaultModel }]) => pipeline('token-classification', defaultModel()),
  )
  return loading
}

async function inPage(text) {
  const ner = await load()
  return ner(text, { aggregation_strategy: 'first' })
}

async function onServer(text) {
  const response = await fetch('/api/names', { method: 'POST', body: JSON.stringify({ text }) })
  return response.json()
}

export default function Page() {
  const [text, setText] = useState("Angela Merkel met Tim Cook at Apple's office in Berlin.")
  const [names, setNames] = useState([])
  const ask = answer => async () => {
    const entities = await answer(text)
    setNames(entities.map(({ entity_group, start, end }) => `${entity_group} ${text.slice(start, end)}`))
  }
  return (
    <main>
      <h1>Names in a text</h1>
      <textarea
        aria-label="Text"
        rows={4}
        style={{ width: '100%', font: 'inherit' }}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <p>
        <button onClick={ask(inPage)}>Find names in this page</button>{' '}
        <button onClick={ask(onServer)}>Ask the server</button>
      </p>
      <ul aria-live="polite">
        {names.map((name, i) => (
          <li key={i}>{name}</li>
        ))}
      </ul>
    </main>
  )
}
