/** The worker of own-worker.js. */
import { pipeline } from 'bert-ner'
import { defaultModel } from 'bert-ner/weights'
import { measure } from './measure.js'

measure(pipeline, defaultModel()).then(
  measured => postMessage(measured),
  error => postMessage({ error: `${error.code} ${error.message}` }),
)
