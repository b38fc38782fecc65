/** A service worker that measures when it is asked to. Nothing can be imported later here, and `import` only of what is one file. */
import { pipeline, sourceFromUrl } from './bert-ner/dist/inline.js'
import { measure } from './measure.js'

globalThis.onmessage = ({ ports: [port] }) => {
  measure(pipeline, sourceFromUrl('./bert-ner/weights/')).then(
    measured => port.postMessage(measured),
    error => port.postMessage({ error: `${error.code} ${error.message}` }),
  )
}
globalThis.oninstall = () => globalThis.skipWaiting()
globalThis.onactivate = event => event.waitUntil(globalThis.clients.claim())
