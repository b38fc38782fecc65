/** The extension's service worker: measures in itself, or has its offscreen document measure. */
import { pipeline, sourceFromUrl } from './bert-ner/dist/inline.js'
import { measure } from './measure.js'

globalThis.measureHere = () => measure(pipeline, sourceFromUrl(chrome.runtime.getURL('bert-ner/weights/')))
globalThis.measureOffscreen = async () => {
  const justification = 'computes on all cores'
  await chrome.offscreen.createDocument({ url: 'offscreen.html', reasons: ['WORKERS'], justification })
  return chrome.runtime.sendMessage('measure')
}
