/**
 * The model, in the extension's service worker, and the entry of the context menu. Of a page it gets only what is selected, and only
 * when asked. The policy in manifest.json lets it fetch nothing but the extension's own files.
 */
import { createRedactor, pipeline, sourceFromUrl } from './lib/bert-ner.js'

const ENTRY = { id: 'names', title: 'Names in this selection', contexts: ['selection'] }

chrome.runtime.onInstalled.addListener(() => chrome.contextMenus.create(ENTRY))
chrome.contextMenus.onClicked.addListener(({ selectionText }) => {
  const url = `names.html#${encodeURIComponent(selectionText)}`
  void chrome.windows.create({ url, type: 'popup', width: 520, height: 440 })
})

/** Chrome ends a worker that has nothing to do; the next question loads the model again, in a third of a second. */
let loading

async function answer(text) {
  loading ??= pipeline('token-classification', sourceFromUrl(chrome.runtime.getURL('lib/weights/')))
  const ner = await loading
  const entities = await ner(text, { aggregation_strategy: 'first' })
  const { text: redacted } = await createRedactor(ner).redact(text)
  return { entities, redacted }
}

chrome.runtime.onMessage.addListener(({ text }, sender, reply) => {
  answer(text).then(reply, error => {
    loading = undefined
    reply({ error: error.message })
  })
  return true // the reply comes later
})
