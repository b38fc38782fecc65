/** The offscreen document: an isolated page, with the package's modules as they are, and its threads. */
import { pipeline } from './bert-ner/dist/index.js'
import { defaultModel } from './bert-ner/dist/weights.js'
import { measure } from './measure.js'

chrome.runtime.onMessage.addListener((message, sender, reply) => {
  measure(pipeline, defaultModel()).then(
    measured => reply({ ...measured, cores: navigator.hardwareConcurrency }),
    error => reply({ error: error.message }),
  )
  return true
})
