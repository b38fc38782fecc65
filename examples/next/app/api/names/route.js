/** POST { "text": "…" } → the entities of the text. */
import { pipeline } from 'bert-ner'

let loading

export async function POST(request) {
  const { text } = await request.json()
  if (typeof text !== 'string') return Response.json({ error: 'expected { "text": "…" }' }, { status: 400 })
  // Once for all requests. A load that failed is tried again.
  loading ??= pipeline('token-classification').catch(error => {
    loading = undefined
    throw error
  })
  const ner = await loading
  return Response.json(await ner(text, { aggregation_strategy: 'first' }))
}
